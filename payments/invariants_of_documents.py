"""What is true of what leaves us: invoices, credit notes, mails, and what nobody may read."""

from collections.abc import Iterable, Iterator

from payments.credit_note import credit_note_number, credit_note_series
from payments.evidence import OrderEvidence, WholeEvidence
from payments.invoice import invoice_number, invoice_series
from payments.mails import Mail, MailKind
from payments.money import total
from payments.payment import Payment
from payments.progress import Progress, progress_of
from payments.reconciling import is_overdue

_PAID = ("order.paid", "order.paid_otherwise")
# What is shorter may be part of anything.
_TELLING_LENGTH = 8


def one_invoice_per_paid_order(evidence: OrderEvidence) -> Iterator[str]:
    """A paid order has exactly one invoice that stands, and each refund of it its credit note."""
    payment = evidence.payment
    cancelled = {
        each.details.get("invoice_number") for each in evidence.events("invoice.cancelled")
    }
    standing = {each.number for each in evidence.invoices} - cancelled
    named = {each for each in (payment.invoice_number, payment.cancelled_invoice) if each}
    if standing != named:
        yield f"it names {_listed(named)}, and {_listed(standing)} stands"
    if payment.invoice_number is not None and not evidence.is_paid:
        yield f"is {payment.status}, and has invoice {payment.invoice_number}"
    for document in evidence.invoices:
        if document.amount != payment.request.amount:
            yield f"{document.number} is not of the order's amount"
        if document.number != invoice_number(invoice_series(document.issued_at), document.serial):
            yield f"{document.number} is not the number of its year and serial"
    yield from _wrong_credit_notes(evidence)
    yield from _documents_not_made(evidence)


def numbers_have_no_gaps(evidence: WholeEvidence) -> Iterator[tuple[str, str]]:
    """The numbers of each series of invoices and credit notes go up by one."""
    for series in evidence.series:
        if series.missing is not None:
            yield "", f"{series.name} has no number {series.missing}"
        if series.highest > series.last:
            yield "", f"{series.name} counted to {series.last}, and has number {series.highest}"


def one_receipt_per_paid_order(evidence: OrderEvidence) -> Iterator[str]:
    """One receipt each time an order is paid, none without that; each mail arrives, once."""
    sent = [each for each in evidence.letters if each.is_sent]
    receipts = [each for each in sent if each.mail.kind is MailKind.RECEIPT]
    times = len(evidence.events(*_PAID))
    if len(receipts) > times:
        yield f"was paid {times} times, and {len(receipts)} receipts were sent"
    if any(mail.kind is MailKind.RECEIPT for mail in _due(evidence)):
        yield "is paid, and no receipt was sent"
    if evidence.mailbox is None:
        return
    arrived = set(evidence.mailbox)
    for letter in sent:
        if letter.message_id not in arrived:
            yield f"its mail {letter.mail.kind} was sent, and did not arrive"
    for _ in arrived - {each.message_id for each in evidence.letters}:
        yield "a mail arrived that is not in the ledger"


def nothing_private_is_readable(evidence: OrderEvidence) -> Iterator[str]:
    """No personal datum and no token is readable where there is no key."""
    secrets = _secrets(evidence.payment)
    for place, text in evidence.readable.items():
        for name, secret in secrets.items():
            if secret in text:
                yield f"its {name} is readable in {place}"


def whoever_waits_is_told(evidence: OrderEvidence) -> Iterator[str]:
    """However a payment ends, its customer is told; none is left open in silence."""
    for mail in _due(evidence):
        if mail.kind is not MailKind.RECEIPT:
            yield f"the mail {mail.kind} was not sent"
    latest = evidence.payment.latest_attempt
    if is_overdue(evidence.payment, latest, evidence.due_before):
        yield f"attempt {latest.number} is still {latest.status}, long after its time"


def _wrong_credit_notes(evidence: OrderEvidence) -> Iterator[str]:
    notes = {note.number: note for note in evidence.credit_notes}
    for invoice in evidence.invoices:
        own = [each.amount for each in notes.values() if each.invoice_number == invoice.number]
        if total(own, invoice.amount.currency).value > invoice.amount.value:
            yield f"more of {invoice.number} was credited than invoiced"
    for note in notes.values():
        series = credit_note_series(invoice_series(note.issued_at))
        if note.number != credit_note_number(series, note.serial):
            yield f"{note.number} is not the number of its year and serial"
        if note.invoice_number not in {each.number for each in evidence.invoices}:
            yield f"{note.number} is of no invoice of this order"
    for refund in evidence.payment.refunds:
        named = refund.credit_note_number
        # Empty: none was needed, for more was paid than invoiced.
        if named and (named not in notes or notes[named].refund_key != refund.refund_key):
            yield f"refund {refund.refund_key} names {named}, which is not its credit note"


def _documents_not_made(evidence: OrderEvidence) -> Iterator[str]:
    if not evidence.is_quiet:
        return
    progress = _progress(evidence)
    if progress.invoice_due:
        yield "is paid, and has no invoice"
    for refund_key in progress.credit_notes_due:
        about = f"refund {refund_key}" if refund_key else "its cancelled invoice"
        yield f"{about} has no credit note"
    for document in (*evidence.invoices, *evidence.credit_notes):
        if not document.has_pdf:
            yield f"{document.number} has no PDF"


def _due(evidence: OrderEvidence) -> tuple[Mail, ...]:
    return _progress(evidence).mails_due if evidence.is_quiet else ()


def _progress(evidence: OrderEvidence) -> Progress:
    return progress_of(evidence.payment, {each.mail for each in evidence.letters if each.is_sent})


def _secrets(payment: Payment) -> dict[str, str]:
    customer = payment.request.customer
    found = {"customer's name": customer.name, "e-mail": customer.email}
    found["phone number"] = customer.phone or ""
    for attempt in payment.attempts:
        found[f"nonce of attempt {attempt.number}"] = attempt.nonce
        found[f"link of attempt {attempt.number}"] = attempt.link_token or ""
        shown = attempt.instructions
        for name in _SHOWN if shown else ():
            found[f"{name} of attempt {attempt.number}"] = getattr(shown, name) or ""
    for refund in payment.refunds:
        found[f"link of refund {refund.refund_key}"] = refund.link_token or ""
    return {name: text for name, text in found.items() if len(text) >= _TELLING_LENGTH}


_SHOWN = ("token", "va_number", "bill_key", "payment_code", "qr_string")


def _listed(numbers: Iterable[str]) -> str:
    return ", ".join(sorted(numbers)) or "none"
