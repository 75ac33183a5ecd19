"""An order, and all that it leaves behind, kept as the stores keep it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Self

from payments.believing import answered, closed
from payments.cases import CaseCode, Resolution
from payments.changes import Change
from payments.charging import another_attempt, charge_opened, closing_begun, placed
from payments.credit_note import credit_note_number, credit_note_series
from payments.deciding import Decision, case_decided
from payments.evidence import Audited, Document, Evidence, Hint, Letter, OrderEvidence, Told
from payments.gateway import ChargeOpened, ClosingCause, Instructions, StatusReport
from payments.invariants import violations
from payments.invoice import invoice_number, invoice_series
from payments.methods import Integration, PaymentMethod
from payments.payment import Payment
from payments.progress import NO_REFUND, progress_of
from payments.refund_moves import credit_noted, refund_sent
from payments.refund_reports import refund_answered
from payments.refunding import refund_requested
from payments.refunds import RefundAnswer, RefundOutcome, ReportedRefund
from payments.request import PaymentRequest
from payments.status import AttemptStatus
from tests.payments.refund_causes import rupiah, wish_of
from tests.payments.samples import (
    NOW,
    SNAP_PAGE,
    SNAP_REQUEST,
    TERMS,
    after,
    attempt_of,
    next_attempt_of,
    report_of,
)

EVENTUALLY = after(days=30)
GATEWAY, SERVICE = "gateway", "service"


class Witnessed:
    """Each step takes a minute; what it leaves is read off by `evidence`."""

    def __init__(self, request: PaymentRequest = SNAP_REQUEST) -> None:
        self.now = NOW
        self.audit: list[Audited] = []
        self.feed: list[Told] = []
        self.documents: list[Document] = []
        self.letters: list[Letter] = []
        self.hints: list[Hint] = []
        self.gateway: dict[str, StatusReport] = {}
        first = placed(request, attempt_of(request))
        self.payment = first.payment
        self._keep(first, "checkout")
        self._tell()
        self.opens()

    def evidence(self, due_before: datetime = EVENTUALLY) -> OrderEvidence:
        """As those see it who look everywhere."""
        invoices = tuple(each for each in self.documents if each.invoice_number is None)
        return OrderEvidence(
            payment=self.payment,
            due_before=due_before,
            audit=tuple(self.audit),
            feed=tuple(self.feed),
            invoices=invoices,
            credit_notes=tuple(each for each in self.documents if each not in invoices),
            letters=tuple(self.letters),
            hints=tuple(self.hints),
            readable={"orders": f"{self.payment.order_id} {self.payment.status}"},
            gateway=tuple(self.gateway.values()),
            mailbox=tuple(each.message_id for each in self.letters),
            accepted=tuple(self.hints),
        )

    def does(self, decide: Callable[[Payment], Change], actor: str = GATEWAY) -> Self:
        self.now += timedelta(minutes=1)
        change = decide(self.payment)
        assert change.payment != self.payment, "each step of a story is one"
        self._write(change, actor)
        return self

    def opens(self) -> Self:
        attempt = self.payment.latest_attempt
        shown: Instructions = replace(SNAP_PAGE, token=f"token-{attempt.number}")
        opened = ChargeOpened(instructions=shown, report=None)
        return self.does(
            lambda payment: charge_opened(payment, attempt.number, opened, TERMS, self.now)
        )

    def hears(
        self, status: AttemptStatus, transaction_id: str = "trx-1", number: int = 1, **members: Any
    ) -> Self:
        """The gateway tells this, and says the same when it is asked."""
        own = report_of(self.payment.request, status, transaction_id)
        name = f"{self.payment.order_id}~{number}"
        report = replace(own, **{"gateway_order_id": name, "method": PaymentMethod.QRIS, **members})
        self.gateway[transaction_id] = report
        self.hints.append(
            Hint(gateway_order_id=name, transaction_id=transaction_id, status=status, at=self.now)
        )
        return self.does(lambda payment: answered(payment, number, report, TERMS, self.now))

    def closes(self, cause: ClosingCause) -> Self:
        """It is closed at the gateway, with what was still pending there."""
        attempt = self.payment.latest_attempt
        number = attempt.number
        self.does(lambda payment: closing_begun(payment, number, cause, TERMS, self.now), SERVICE)
        for transaction in attempt.transactions:
            if transaction.status is AttemptStatus.PENDING:
                self.hears(AttemptStatus.EXPIRED, transaction.transaction_id, number)
        return self.does(lambda payment: closed(payment, number, TERMS, self.now))

    def cancels(self) -> Self:
        """What has ended already needs no closing."""
        number, cause = self.payment.latest_attempt.number, ClosingCause.CANCEL
        return self.does(
            lambda payment: closing_begun(payment, number, cause, TERMS, self.now), "checkout"
        )

    def tries_again(self) -> Self:
        number = len(self.payment.attempts) + 1
        new = replace(
            next_attempt_of(self.payment.request, number, at=self.now), integration=Integration.SNAP
        )
        return self.does(lambda payment: another_attempt(payment, new), "customer").opens()

    def asks_back(self, amount: int | None = None, *, by_transfer: bool = False) -> Self:
        wish = wish_of(amount, by_transfer=by_transfer)
        return self.does(lambda payment: refund_requested(payment, wish, TERMS, self.now), "ani")

    def gives_back(self, transaction_id: str = "trx-1") -> Self:
        """The gateway makes the newest refund."""
        refund = self.payment.refunds[-1]
        key, at = refund.refund_key, self.now
        self.does(lambda payment: refund_sent(payment, key, at), SERVICE)
        taken = RefundAnswer(outcome=RefundOutcome.ACCEPTED)
        self.does(lambda payment: refund_answered(payment, key, taken, at))
        before = self.gateway[transaction_id]
        made = ReportedRefund(key=refund.gateway_key, amount=refund.amount)
        held = next(
            each
            for attempt in self.payment.attempts
            for each in attempt.transactions
            if each.transaction_id == transaction_id
        )
        refunds = (*before.refunds, made)
        back = rupiah(sum(each.amount.value for each in refunds))
        self.gateway[transaction_id] = replace(
            before, status=held.status, refunds=refunds, refunded=back
        )
        return self

    def is_decided(
        self, code: CaseCode, resolution: Resolution, actor: str = "budi", **decision: Any
    ) -> Self:
        case = next(each for each in self.payment.cases if each.code is code and each.is_open)
        made = Decision(resolution=resolution, actor=actor, at=self.now, **decision)
        return self.does(lambda payment: case_decided(payment, case.key, made, TERMS), actor)

    def finishes(self) -> Self:
        """Every document is made, and every mail sent that is due."""
        if self._progress().credit_notes_due[:1] == (NO_REFUND,):
            self._credit(NO_REFUND)
        if self._progress().invoice_due:
            self._invoice()
        for refund_key in self._progress().credit_notes_due:
            self._credit(refund_key)
        for mail in self._progress().mails_due:
            name = f"<{len(self.letters)}@skaters.example>"
            self.letters.append(Letter(mail=mail, message_id=name, is_sent=True))
        return self

    def _progress(self) -> Any:
        return progress_of(self.payment, {each.mail for each in self.letters})

    def _invoice(self) -> None:
        series = invoice_series(self.now)
        serial = 1 + sum(each.series == series for each in self.documents)
        number = invoice_number(series, serial)
        self._document(number, series, serial, self.payment.request.amount.value)
        self.does(lambda payment: Change(replace(payment, invoice_number=number)), SERVICE)
        self._note("invoice.issued", invoice_number=number)

    def _credit(self, refund_key: str) -> None:
        series = credit_note_series(invoice_series(self.now))
        serial = 1 + sum(each.series == series for each in self.documents)
        number = credit_note_number(series, serial)
        payment, refund = self.payment, self.payment.refund(refund_key)
        invoice = payment.invoice_number or payment.cancelled_invoice
        amount = refund.amount if refund else payment.request.amount
        self._document(number, series, serial, amount.value, invoice, refund_key)
        if refund is None:
            self.does(lambda now: Change(replace(now, cancelled_invoice=None)), SERVICE)
            self._note("invoice.cancelled", invoice_number=str(invoice))
        else:
            self.does(lambda now: credit_noted(now, refund_key, number), SERVICE)

    def _document(
        self,
        number: str,
        series: str,
        serial: int,
        amount: int,
        invoice: str | None = None,
        refund_key: str | None = None,
    ) -> None:
        self.documents.append(
            Document(
                number=number,
                series=series,
                serial=serial,
                issued_at=self.now,
                amount=rupiah(amount),
                has_pdf=True,
                invoice_number=invoice,
                refund_key=refund_key,
            )
        )

    def _note(self, event: str, **details: str) -> None:
        self.audit.append(Audited(event=event, actor=SERVICE, at=self.now, details=details))

    def _write(self, change: Change, actor: str) -> None:
        before = self.payment
        self.payment = replace(change.payment, version=before.version + 1, updated_at=self.now)
        self._keep(change, actor)
        if self.payment.status is not before.status:
            self._tell()

    def _keep(self, change: Change, actor: str) -> None:
        self.audit += [
            Audited(event=entry.event, actor=actor, at=self.now, details=entry.details)
            for entry in change.audit
        ]

    def _tell(self) -> None:
        status, version = self.payment.status, self.payment.version
        self.feed.append(Told(status=status, version=version, at=self.now))


def said(invariant: str, evidence: Evidence) -> list[str]:
    """What contradicts this one; others may be contradicted as well."""
    return [each.what for each in violations(evidence) if each.invariant == invariant]
