"""Giving money back from the command line: refunds, cases, two operators, bank details."""

import json
from datetime import UTC, datetime
from typing import Any, get_args

import httpx
import pytest
from sqlalchemy import select

from adapters.postgres.tables import audit_events
from payments.bank_details import BankDetails
from payments.cases import Resolution
from payments.commands import Answer
from payments.gateway import AttemptRef
from payments.methods import Integration
from payments.status import AttemptStatus
from starter.commands.cases import Decided
from tests.starter.conftest import Shop
from tests.starter.terminal import invoke
from tests.starter.test_decisions import actors, cases
from tests.starter.test_refunds import paid_order

pytestmark = [pytest.mark.postgres, pytest.mark.temporal]

REASON = ("--reason", "one wheel was missing")
DETAILS = BankDetails(bank="BCA", account_number="1234567890", account_holder="Sari [Dewi]")


def as_operator(environment: dict[str, str], name: str) -> dict[str, str]:
    return {**environment, "PAYMENTS_OPERATOR": name}


async def resolve(environment: dict[str, str], case: str, name: str, *options: str) -> str:
    """What the operator heard: a line of success, or of what is wrong."""
    result = await invoke(
        *("cases", "resolve", case, *options, *REASON), environment=as_operator(environment, name)
    )
    return result.stdout if result.exit_code == 0 else result.stderr


@pytest.fixture
async def manual(
    http: httpx.AsyncClient, shop: Shop, environment: dict[str, str], order_id: str
) -> str:
    """The case of a refund that somebody has to transfer."""
    await paid_order(http, shop, order_id, "bca_va")
    await invoke(
        *("refund", order_id, "--key", "K-1", *REASON), environment=as_operator(environment, "ani")
    )
    (case,) = await cases(environment, order_id)
    return str(case["case_id"])


async def events(shop: Shop, order_id: str) -> list[tuple[str, str]]:
    query = (
        select(audit_events.c.event, audit_events.c.actor)
        .where(audit_events.c.order_id == order_id)
        .order_by(audit_events.c.seq)
    )
    async with shop.engine.connect() as connection:
        return [(row.event, row.actor) for row in await connection.execute(query)]


async def give_details(shop: Shop, order_id: str) -> None:
    payment = await shop.store.payment(order_id)
    assert payment is not None
    token = payment.refunds[0].link_token
    assert token is not None
    assert await shop.bank_details.give(token, DETAILS, datetime.now(UTC))


def test_every_resolution_is_offered_but_the_service_s_own() -> None:
    assert set(get_args(Decided)) == set(Resolution) - {Resolution.MATCHED, Resolution.SUPERSEDED}


async def test_a_refund_is_asked_for_and_shown_with_the_order(
    http: httpx.AsyncClient, shop: Shop, environment: dict[str, str], order_id: str
) -> None:
    await paid_order(http, shop, order_id, "qris")
    wish = ("refund", order_id, "--amount", "50000", "--key", "wheel-1", *REASON)

    asked = await invoke(*wish, environment=as_operator(environment, "ani"))
    again = await invoke(*wish, "--json", environment=environment)
    status = await invoke("status", order_id, environment=environment)

    assert asked.exit_code == 0, asked.stderr
    assert asked.stdout.startswith("wheel-1: Rp50.000 ")
    assert json.loads(again.stdout)["refund_key"] == "wheel-1"
    assert json.loads(again.stdout)["amount"] == {"value": 50_000, "currency": "IDR"}
    assert "wheel-1: Rp50.000 " in status.stdout
    assert await actors(shop, order_id, "request_refund") == {"cli:ani"}


async def test_a_refund_without_a_key_is_given_one_that_is_told_before_it_is_sent(
    http: httpx.AsyncClient, shop: Shop, environment: dict[str, str], order_id: str
) -> None:
    await paid_order(http, shop, order_id, "qris")

    result = await invoke(
        *("refund", order_id, "--amount", "1000", "--json", *REASON), environment=environment
    )

    assert result.exit_code == 0, result.stderr
    made = json.loads(result.stdout)["refund_key"]
    assert f"refund key: {made}\n" in result.stderr
    assert len(made) == 36


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (("--key", "a b"), "refund_key: 1 to 40 of A-Z a-z 0-9 - _"),
        (("--key", ""), "refund_key: 1 to 40 of A-Z a-z 0-9 - _"),
        (("--amount", "0"), "amount.value: 1 to 350000: what is left of the payment"),
        (("--amount", "-5"), "amount.value: 1 to 350000: what is left of the payment"),
        (("--reason", " "), "reason: 1 to 500 printable characters"),
    ],
)
async def test_a_wrong_refund_is_one_line_that_names_the_rule(
    http: httpx.AsyncClient,
    shop: Shop,
    environment: dict[str, str],
    order_id: str,
    options: tuple[str, ...],
    error: str,
) -> None:
    await paid_order(http, shop, order_id, "qris")

    result = await invoke(
        *("refund", order_id, "--key", "K-1", *REASON, *options), environment=environment
    )

    assert result.exit_code == 1
    assert result.stderr.endswith(f"error: {error}\n")


async def test_an_operator_s_name_is_one_word(environment: dict[str, str]) -> None:
    result = await invoke("cases", "list", environment=as_operator(environment, "ani; root"))

    assert result.exit_code == 1
    assert "PAYMENTS_OPERATOR" in result.stderr


async def test_what_could_go_back_by_itself_may_be_transferred_all_the_same(
    http: httpx.AsyncClient, shop: Shop, environment: dict[str, str], order_id: str
) -> None:
    await paid_order(http, shop, order_id, "qris")

    result = await invoke(
        *("refund", order_id, "--by-transfer", "--json", *REASON), environment=environment
    )

    assert json.loads(result.stdout)["status"] == "manual"
    assert shop.gateway.given_back == {
        name: given for name, given in shop.gateway.given_back.items() if order_id not in name
    }


async def test_a_manual_refund_takes_two_operators(
    shop: Shop, environment: dict[str, str], manual: str, order_id: str
) -> None:
    approve = ("--resolution", "approved")
    transfer = ("--resolution", "transferred", "--reference", "TRX-9")

    too_early = await resolve(environment, manual, "budi", *transfer)
    by_who_asked = await resolve(environment, manual, "ani", *approve)
    approved = await resolve(environment, manual, "budi", *approve)
    by_who_approved = await resolve(environment, manual, "budi", *transfer)
    no_reference = await resolve(environment, manual, "citra", "--resolution", "transferred")
    transferred = await resolve(environment, manual, "citra", *transfer)

    assert too_early.endswith("error: resolution: must be approved first\n")
    assert by_who_asked.endswith("error: actor: must be somebody else than cli:ani\n")
    assert approved == f"case {manual} of order {order_id} is approved\n"
    assert by_who_approved.endswith("error: actor: must be somebody else than cli:budi\n")
    assert no_reference.endswith("error: reference: is needed: that of the transfer\n")
    assert transferred == f"case {manual} of order {order_id} is transferred\n"
    payment = await shop.store.payment(order_id)
    assert payment is not None
    assert payment.status == "refunded"
    assert payment.refunds[0].reference == "TRX-9"
    assert ("refund.approved", "cli:budi") in await events(shop, order_id)
    assert ("refund.confirmed", "cli:citra") in await events(shop, order_id)
    assert await cases(environment, order_id) == []


async def test_a_case_shows_what_an_operator_needs_and_looking_at_an_account_is_audited(
    shop: Shop, environment: dict[str, str], manual: str, order_id: str
) -> None:
    show = ("cases", "show", manual)
    before = await invoke(*show, environment=as_operator(environment, "budi"))
    seen_before = await events(shop, order_id)
    await give_details(shop, order_id)

    after = await invoke(*show, environment=as_operator(environment, "budi"))
    document = await invoke(*show, "--json", environment=as_operator(environment, "citra"))

    assert before.exit_code == 0, before.stderr
    assert "not given yet" in before.stdout
    for expected in (order_id, "Rp350.000", "K-1: manual", "cli:ani", "one wheel was missing"):
        assert expected in before.stdout
    assert "cases resolve CASE_ID --resolution approved" in before.stdout
    assert not [event for event, _ in seen_before if event == "bank_details.read"]
    assert "1234567890" in after.stdout
    assert "Sari [Dewi]" in after.stdout
    told: dict[str, Any] = json.loads(document.stdout)
    assert told["bank_details"] == {
        "bank": "BCA",
        "account_number": "1234567890",
        "account_holder": "Sari [Dewi]",
    }
    assert told["amount"] == {"value": 350_000, "currency": "IDR"}
    assert told["refund"]["refund_key"] == "K-1"
    assert told["order_status"] == "paid"
    readers = [actor for event, actor in await events(shop, order_id) if event.endswith(".read")]
    assert readers == ["cli:budi", "cli:citra"]


async def test_the_list_of_cases_tells_amounts_but_no_account(
    shop: Shop, environment: dict[str, str], manual: str, order_id: str
) -> None:
    await give_details(shop, order_id)

    table = await invoke("cases", "list", environment=environment)

    row = next(line for line in table.stdout.splitlines() if order_id in line)
    assert row.split()[:4] == [manual, order_id, "manual_refund", "Rp350.000"]
    assert "1234567890" not in table.stdout


async def test_a_large_refund_goes_out_once_a_second_person_has_approved_it(
    http: httpx.AsyncClient, shop: Shop, environment: dict[str, str], order_id: str
) -> None:
    await paid_order(http, shop, order_id, "qris")
    asked = await invoke("refund", order_id, *REASON, environment=as_operator(environment, "ani"))
    (case,) = await cases(environment, order_id)
    case_id = str(case["case_id"])
    approve = ("--resolution", "approved")

    by_who_asked = await resolve(environment, case_id, "ani", *approve)
    approved = await resolve(environment, case_id, "budi", *approve)

    assert "it waits for a second person" in asked.stdout
    assert by_who_asked.endswith("error: actor: must be somebody else than cli:ani\n")
    assert approved == f"case {case_id} of order {order_id} is approved\n"
    assert await cases(environment, order_id) == []


@pytest.mark.parametrize("resolution", ["matched", "superseded", "nonsense"])
async def test_what_is_the_service_s_own_to_decide_is_not_offered(
    environment: dict[str, str], resolution: str
) -> None:
    result = await invoke(
        *("cases", "resolve", "1", "--resolution", resolution, *REASON), environment=environment
    )

    assert result.exit_code == 2
    assert "Invalid value for '--resolution'" in result.stderr


async def test_a_chargeback_shows_its_due_date_and_is_lost_in_part(
    http: httpx.AsyncClient, shop: Shop, environment: dict[str, str], order_id: str
) -> None:
    await paid_order(http, shop, order_id, "qris")
    shop.gateway.charge_back(f"{order_id}~1")
    ref = AttemptRef(order_id=order_id, number=1, integration=Integration.CORE)
    report = await shop.gateway.ask(ref)
    now = datetime.now(UTC)
    await shop.store.record_answer(
        Answer(order_id=order_id, number=1, report=report, is_closed=False, at=now)
    )
    (case,) = await cases(environment, order_id)
    case_id = str(case["case_id"])

    shown = await invoke("cases", "show", case_id, environment=environment)
    lost = ("--resolution", "lost")
    too_much = await resolve(environment, case_id, "ani", *lost, "--amount", "350001")
    done = await resolve(environment, case_id, "ani", *lost, "--amount", "100000")

    assert report is not None
    assert report.status is AttemptStatus.CHARGED_BACK
    due = next(line for line in shown.stdout.splitlines() if line.strip().startswith("evidence"))
    assert due.rstrip().endswith("WIB")
    assert "amount.value" in too_much
    assert done == f"case {case_id} of order {order_id} is lost\n"
    status = await invoke("status", order_id, "--json", environment=environment)
    assert json.loads(status.stdout)["status"] == "charged_back"


async def test_a_case_that_is_not_there_cannot_be_shown(environment: dict[str, str]) -> None:
    result = await invoke("cases", "show", "999999999", environment=environment)

    assert result.exit_code == 1
    assert result.stderr == "error: no case 999999999 is stored (see: cases list)\n"
