"""The role of docs/audit.md can do the service's work, and cannot change what is only added to."""

import re
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.audit_verdict import verify
from adapters.postgres.engine import create_engine
from adapters.postgres.finance_store import FinanceStore
from adapters.postgres.invoice_store import InvoiceStore
from adapters.postgres.logs import OperatorLog
from adapters.postgres.mail_ledger import MailLedger
from adapters.postgres.payment_store import PaymentStore
from adapters.postgres.sealing import Sealer
from payments.commands import MailOrder
from payments.mails import Mail, MailKind
from payments.status import AttemptStatus
from tests.adapters.postgres.rows import transfer_back, wanted_of
from tests.payments.samples import (
    MERCHANT,
    NOW,
    REQUEST,
    TERMS,
    after,
    answer_of,
    opening_of,
    placement_of,
)

DOCUMENT = Path(__file__).parents[3] / "docs" / "audit.md"
PASSWORD = secrets.token_hex(16)


@pytest.fixture
async def service(fresh_engine: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    """The database as the role sees it that the document makes."""
    role = f"service_{secrets.token_hex(4)}"
    recipe = "".join(re.findall(r"```sql\n(.*?)```", DOCUMENT.read_text(), re.DOTALL))
    recipe = recipe.replace("payments_service", role).replace("from your secret store", PASSWORD)
    async with fresh_engine.begin() as connection:
        for statement in filter(str.strip, recipe.split(";")):
            await connection.execute(text(statement))
    url = fresh_engine.url.set(username=role, password=PASSWORD)
    engine = create_engine(url.render_as_string(hide_password=False), application_name="tests")
    yield engine
    await engine.dispose()


async def test_the_role_can_do_the_services_work(service: AsyncEngine, sealer: Sealer) -> None:
    store = PaymentStore(service, sealer, TERMS)

    await store.place(placement_of(REQUEST))
    await store.record_opened(opening_of(REQUEST))
    await store.record_answer(answer_of(REQUEST, AttemptStatus.PAID))
    await InvoiceStore(service, sealer, MERCHANT).issue(REQUEST.order_id, after(hours=1))
    mail = Mail(MailKind.RECEIPT, 1)
    await MailLedger(service, sealer, "skaters.example").record_sent(
        MailOrder(order_id=REQUEST.order_id, mail=mail, at=after(hours=1))
    )
    await store.request_refund(wanted_of(REQUEST, "r-1"))
    await transfer_back(store, REQUEST, "r-1")
    await FinanceStore(service, sealer).note_export("ani", NOW, NOW, 1, b"digest", NOW)
    await OperatorLog(service, sealer).note("ani", "audit.exported", {}, NOW)

    verdict = await verify(service, sealer)
    assert verdict.is_sound
    assert (verdict.orders, verdict.log_entries) == (1, 2)


@pytest.mark.parametrize("log", ["audit_events", "operator_events", "finance_exports"])
async def test_the_role_cannot_change_a_log_or_what_guards_it(
    service: AsyncEngine, log: str
) -> None:
    for statement in (
        f"UPDATE {log} SET actor = 'nobody'",  # noqa: S608 - no values in it
        f"DELETE FROM {log}",  # noqa: S608 - no values in it
        f"TRUNCATE {log}",
        f"ALTER TABLE {log} DISABLE TRIGGER USER",
        f"DROP TRIGGER no_row_changes ON {log}",
        "SET session_replication_role = replica",
        "DELETE FROM orders",
        "DELETE FROM log_ends",
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE sql AS ''",
    ):
        with pytest.raises(DBAPIError, match=r"permission denied|must be owner"):
            async with service.begin() as connection:
                await connection.execute(text(statement))
