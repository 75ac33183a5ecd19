"""What the service relies on, held against the simulator and, with keys, against the sandbox.

Never run against the real sandbox so far: where it disagrees, the simulator and the fact sheet are
to be put right.
"""

import re
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import pytest

from adapters.midtrans.gateway import MidtransGateway
from adapters.midtrans.options import MidtransOptions
from payments.gateway import AttemptRef
from payments.invoice import WIB
from payments.methods import Integration
from payments.status import AttemptStatus
from tests.contract.account import PRICE, Account, Answer, charge_body, new_order_id

CLOCKS_DIFFER_MAX = timedelta(minutes=5)
WIB_TIME = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}")


@pytest.fixture
def order_id() -> str:
    return new_order_id()


@pytest.fixture
def charged(account: Account, order_id: str) -> Answer:
    """A pending virtual account of BCA."""
    return account.charge_bca(order_id)


def test_a_virtual_account_is_opened(account: Account, order_id: str, charged: Answer) -> None:
    assert (charged.code, charged["transaction_status"]) == (201, "pending")
    assert charged["payment_type"] == "bank_transfer"
    [number] = charged["va_numbers"]
    assert number["bank"] == "bca"
    assert re.fullmatch(r"\d{6,20}", number["va_number"])
    assert (charged["order_id"], charged["merchant_id"]) == (order_id, account.merchant_id)


@pytest.mark.parametrize("named_by", ["order_id", "transaction_id"])
def test_a_transaction_is_found_by_either_id(
    account: Account, charged: Answer, named_by: str
) -> None:
    found = account.status(charged[named_by])

    assert (found.code, found["transaction_status"]) == (201, "pending")
    for name in ("order_id", "transaction_id", "merchant_id", "gross_amount", "transaction_time"):
        assert found[name] == charged[name]


def test_amounts_are_strings_and_times_are_wib(account: Account, charged: Answer) -> None:
    for answer in (charged, account.status(charged["order_id"])):
        assert isinstance(answer["status_code"], str)
        assert isinstance(answer["transaction_id"], str)
        assert answer["gross_amount"] == f"{PRICE}.00"
        assert answer["currency"] == "IDR"
        assert WIB_TIME.fullmatch(answer["transaction_time"])
        began = datetime.fromisoformat(answer["transaction_time"]).replace(tzinfo=WIB)
        assert abs(datetime.now(UTC) - began) < CLOCKS_DIFFER_MAX


def test_an_expired_transaction_says_407_and_succeeds(account: Account, charged: Answer) -> None:
    expired = account.act(charged["order_id"], "expire")
    found = account.status(charged["order_id"])

    for answer in (expired, found):
        assert (answer.code, answer["transaction_status"]) == (407, "expire")


def test_what_expired_cannot_be_cancelled(account: Account, charged: Answer) -> None:
    account.act(charged["order_id"], "expire")

    assert account.act(charged["order_id"], "cancel").code == HTTPStatus.PRECONDITION_FAILED


def test_a_pending_transaction_can_be_cancelled(account: Account, charged: Answer) -> None:
    cancelled = account.act(charged["order_id"], "cancel")

    assert (cancelled.code, cancelled["transaction_status"]) == (200, "cancel")


def test_an_order_id_in_use_is_refused(account: Account, order_id: str, charged: Answer) -> None:
    assert account.charge_bca(order_id).code == HTTPStatus.NOT_ACCEPTABLE

    assert account.status(order_id)["transaction_id"] == charged["transaction_id"]


@pytest.mark.parametrize("operation", ["cancel", "expire"])
def test_what_does_not_exist_is_not_found(account: Account, order_id: str, operation: str) -> None:
    assert account.status(order_id).code == HTTPStatus.NOT_FOUND
    assert account.act(order_id, operation).code == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize("key", ["unknown", "client key"])
def test_another_key_opens_nothing(account: Account, order_id: str, key: str) -> None:
    wrong = account.client_key if key == "client key" else f"{account.server_key}-unknown"
    body = charge_body(order_id)

    core = account.call("POST", f"{account.core_url}/v2/charge", body, wrong)
    snap = account.call("POST", f"{account.snap_url}/transactions", body, wrong)

    assert (core.code, snap.http_code) == (401, 401)
    assert snap["error_messages"]


def test_a_snap_session_has_no_transaction_before_a_method_is_chosen(
    account: Account, order_id: str
) -> None:
    opened = account.open_session(order_id)
    assert opened.http_code == HTTPStatus.CREATED
    assert opened["token"] in opened["redirect_url"]
    assert account.status(order_id).code == HTTPStatus.NOT_FOUND

    cancelled = account.cancel_session(opened["token"])

    assert cancelled.http_code == HTTPStatus.OK
    assert datetime.fromisoformat(cancelled["canceled_at"]).tzinfo is not None
    assert account.status(order_id).code == HTTPStatus.NOT_FOUND


def test_a_cancelled_snap_session_stays_cancelled(account: Account, order_id: str) -> None:
    token = account.open_session(order_id)["token"]
    account.cancel_session(token)

    again = account.cancel_session(token)

    assert again.http_code >= HTTPStatus.BAD_REQUEST
    assert again["error_messages"]


def test_qris_shows_a_code(account: Account, order_id: str) -> None:
    opened = account.charge(order_id, payment_type="qris", qris={"acquirer": "gopay"})

    assert (opened.code, opened["transaction_status"]) == (201, "pending")
    assert opened["payment_type"] == "qris"
    assert any(each["name"].startswith("generate-qr-code") for each in opened["actions"])


async def test_the_adapter_asks_and_closes(account: Account) -> None:
    attempt = AttemptRef(order_id=new_order_id(), number=1, integration=Integration.CORE)
    charged = account.charge_bca(attempt.gateway_order_id)
    options = MidtransOptions(
        server_key=account.server_key,
        merchant_id=account.merchant_id,
        core_url=account.core_url,
        snap_url=account.snap_url,
        ca_file=account.ca_file,
    )
    gateway = MidtransGateway(options)

    pending = await gateway.ask(attempt)
    is_closed = await gateway.close(attempt, None)
    expired = await gateway.ask(attempt)
    gateway.shut_down()

    assert pending is not None
    assert expired is not None
    assert (pending.transaction_id, pending.amount.value) == (charged["transaction_id"], PRICE)
    assert (pending.status, is_closed, expired.status) == (
        AttemptStatus.PENDING,
        True,
        AttemptStatus.EXPIRED,
    )
