"""Two gateways to hold to one contract: the simulator always, Midtrans' sandbox when asked for.

The sandbox's tests carry the marker `contract` and run with `-m contract` alone; the keys of a
sandbox account must then be in the environment. They were not yet run against the real sandbox:
what they assert comes from the fact sheet.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from adapters.midtrans.options import ADDRESSES
from tests.adapters.midtrans.simulator_process import MERCHANT_ID, SERVER_KEY, SimulatorProcess
from tests.contract.account import Account

SANDBOX = "sandbox"
SIMULATOR_CLIENT_KEY = "SB-Mid-client-tests"


@pytest.fixture(
    scope="session",
    params=[
        "simulator",
        pytest.param(SANDBOX, marks=[pytest.mark.contract, pytest.mark.enable_socket]),
    ],
)
def account(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Account]:
    """A merchant account that the contract is checked with."""
    if request.param == SANDBOX:
        core_url, snap_url = ADDRESSES[SANDBOX]
        yield Account(
            server_key=_given("SERVER_KEY"),
            client_key=_given("CLIENT_KEY"),
            merchant_id=_given("MERCHANT_ID"),
            core_url=core_url,
            snap_url=snap_url,
        )
        return
    certificate, ca_file = _certificate(tmp_path_factory.mktemp("contract"))
    simulator = SimulatorProcess(certificate, ca_file)
    yield Account(
        server_key=SERVER_KEY,
        client_key=SIMULATOR_CLIENT_KEY,
        merchant_id=MERCHANT_ID,
        core_url=simulator.url,
        snap_url=f"{simulator.url}/snap/v1",
        ca_file=ca_file,
    )
    simulator.stop()


def _given(name: str) -> str:
    variable = f"MIDTRANS_SANDBOX_{name}"
    value = os.environ.get(variable)
    if not value:
        # Skipping would look like passing to whoever asked for the sandbox.
        pytest.fail(f"not set: {variable}", pytrace=False)
    return value


def _certificate(directory: Path) -> tuple[Path, Path]:
    authority = trustme.CA()
    certificate, ca_file = directory / "server.pem", directory / "ca.pem"
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(str(certificate))
    authority.cert_pem.write_to_path(str(ca_file))
    return certificate, ca_file
