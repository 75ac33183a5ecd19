"""What an order has left behind, wherever one may look: of this the invariants speak."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from payments.books import Books
from payments.cases import CaseCode, Resolution
from payments.gateway import GatewayTransaction, StatusReport
from payments.mails import Mail
from payments.money import Money
from payments.payment import MONEY_WAS_HERE, Payment
from payments.status import MONEY_CAME, AttemptStatus, PaymentStatus

HELD_HERE = MONEY_CAME - {AttemptStatus.REVERSED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """An entry of the order's audit log."""

    event: str
    actor: str
    at: datetime
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A change of status as the feed tells it."""

    status: PaymentStatus
    version: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """An invoice, or a credit note, which says what it takes back of which invoice."""

    number: str
    series: str
    serial: int
    issued_at: datetime
    amount: Money
    has_pdf: bool
    invoice_number: str | None = None
    refund_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail as the ledger has it."""

    mail: Mail
    message_id: str
    is_sent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """What the gateway told of one transaction; of its own accord, unless we had asked."""

    gateway_order_id: str
    transaction_id: str
    status: AttemptStatus
    at: datetime
    is_matched: bool = True
    was_asked: bool = False

    @property
    def says(self) -> tuple[str, str, AttemptStatus]:
        return self.gateway_order_id, self.transaction_id, self.status


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEvidence:
    """One order. What is older than `due_before` must have been followed by all that follows.

    `readable` is text that anybody may see who has no key, by where it was found. None where nobody
    looked: `gateway`, what Midtrans holds of the order; `mailbox`, the Message-IDs that arrived;
    `accepted`, the notifications that were answered with 200.
    """

    payment: Payment
    due_before: datetime
    audit: tuple[Audited, ...] = ()
    feed: tuple[Told, ...] = ()
    invoices: tuple[Document, ...] = ()
    credit_notes: tuple[Document, ...] = ()
    letters: tuple[Letter, ...] = ()
    hints: tuple[Hint, ...] = ()
    readable: Mapping[str, str] = field(default_factory=dict)
    gateway: tuple[StatusReport, ...] | None = None
    mailbox: tuple[str, ...] | None = None
    accepted: tuple[Hint, ...] | None = None

    @property
    def order_id(self) -> str:
        return self.payment.order_id

    @property
    def is_quiet(self) -> bool:
        """Whether nothing has happened lately, so that nothing may be left to be done."""
        return self.payment.updated_at < self.due_before

    @property
    def is_paid(self) -> bool:
        return self.payment.status in MONEY_WAS_HERE

    @property
    def held(self) -> tuple[GatewayTransaction, ...]:
        """The transactions that we know of, of every attempt."""
        return tuple(each for attempt in self.payment.attempts for each in attempt.transactions)

    @property
    def money(self) -> tuple[tuple[GatewayTransaction, Books], ...]:
        """Those whose money came and was not reversed, with where it is."""
        came = (each for each in self.held if each.status in HELD_HERE)
        return tuple((each, self.payment.books_of(each)) for each in came)

    @property
    def reports(self) -> tuple[StatusReport, ...]:
        """What the gateway holds, once it can be expected to be known here; nothing if not asked."""
        return (self.gateway or ()) if self.is_quiet else ()

    def transaction(self, transaction_id: str) -> GatewayTransaction | None:
        return next((each for each in self.held if each.transaction_id == transaction_id), None)

    def events(self, *names: str) -> tuple[Audited, ...]:
        return tuple(each for each in self.audit if each.event in names)

    def is_a_case(self, transaction_id: str) -> bool:
        """Whether the transaction waits for a human, or a human has decided about it."""
        return any(case.key.transaction_id == transaction_id for case in self.payment.cases)

    def is_contradicted(self, transaction_id: str) -> bool:
        """Whether a human knows that what is told of the transaction does not fit together."""
        return any(
            case.code is CaseCode.CONTRADICTION and case.key.transaction_id == transaction_id
            for case in self.payment.cases
        )

    def is_accepted(self, transaction_id: str) -> bool:
        """Whether a human has said that it counts though it differs."""
        return any(
            case.code is CaseCode.MISMATCH
            and case.key.transaction_id == transaction_id
            and case.resolution is Resolution.ACCEPTED
            for case in self.payment.cases
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StrangerEvidence:
    """What the gateway told of an order that is not stored here; `cases` are of transactions."""

    order_id: str
    due_before: datetime
    hints: tuple[Hint, ...] = ()
    cases: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The numbers of one series of documents.

    `last` is what the counter says, `highest` the greatest number given, `missing` the first one
    up to `last` that no document has.
    """

    name: str
    last: int
    highest: int
    missing: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeEvidence:
    """What concerns no single order; `broken` is the audit log's first row that is wrong.

    `unreadable` are the orders whose rows were changed, or which no key opens.
    """

    series: tuple[Series, ...] = ()
    broken: tuple[str, str] | None = None
    unreadable: tuple[str, ...] = ()


Evidence = OrderEvidence | StrangerEvidence | WholeEvidence
