from collections.abc import Iterator

import midtransclient
import pytest

from tests.simulator.gateway import CLIENT_KEY, SERVER_KEY, Gateway
from tests.simulator.receiver import Receiver


@pytest.fixture(scope="session")
def running_receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture(scope="session")
def running_gateway() -> Iterator[Gateway]:
    gateway = Gateway()
    yield gateway
    gateway.close()


@pytest.fixture
def gateway(running_gateway: Gateway, running_receiver: Receiver) -> Gateway:
    """The simulator, as if just started."""
    running_gateway.http.post("/_simulator/reset")
    running_gateway.browser.cookies.clear()
    running_receiver.begin()
    running_gateway.behave(notify_url=running_receiver.url)
    return running_gateway


@pytest.fixture
def receiver(gateway: Gateway, running_receiver: Receiver) -> Receiver:
    """Where the simulator sends its notifications."""
    return running_receiver


@pytest.fixture
def core(gateway: Gateway) -> midtransclient.CoreApi:
    client = midtransclient.CoreApi(server_key=SERVER_KEY, client_key=CLIENT_KEY)
    client.api_config.CORE_SANDBOX_BASE_URL = gateway.url
    return client


@pytest.fixture
def linked(gateway: Gateway) -> str:
    """A GoPay account that its owner has just allowed to be linked."""
    linked: str = gateway.link_account()["account_id"]
    gateway.http.post(f"/_simulator/accounts/{linked}/link").raise_for_status()
    return linked


@pytest.fixture
def snap(gateway: Gateway) -> midtransclient.Snap:
    client = midtransclient.Snap(server_key=SERVER_KEY, client_key=CLIENT_KEY)
    client.api_config.SNAP_SANDBOX_BASE_URL = f"{gateway.url}/snap/v1"
    client.api_config.CORE_SANDBOX_BASE_URL = gateway.url
    return client
