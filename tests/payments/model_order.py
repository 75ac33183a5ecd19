"""One order, what becomes of it at a model of the gateway, and how the service hears of it."""

from collections.abc import Callable
from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize

from payments.believing import answered, closed
from payments.cases import Case, CaseCode, Resolution
from payments.changes import AuditEntry, Change, Terms
from payments.charging import charge_opened, placed
from payments.deciding import Decision, case_decided
from payments.errors import (
    InvalidRequestError,
    NoOtherMethodError,
    NotRefundableError,
    RefundConflictError,
)
from payments.gateway import ChargeOpened, GatewayTransaction, StatusReport
from payments.mails import Mail
from payments.methods import Integration, PaymentMethod
from payments.payment import Payment
from payments.progress import Progress, progress_of
from payments.refund_moves import refund_sent
from payments.refund_reports import refund_answered
from payments.refunding import refund_order
from payments.refunds import (
    Refund,
    RefundAnswer,
    RefundOutcome,
)
from payments.status import ENDED_WITHOUT_MONEY
from tests.payments.model_gateway import FEE, METHODS, WITH_FEE, State, Transaction, rupiah
from tests.payments.samples import (
    NOW,
    REQUEST,
    SNAP_PAGE,
    SNAP_REQUEST,
    TERMS,
    attempt_of,
)

LIMITED = replace(TERMS, approval_above=200_000)
OPERATORS = ("ani", "budi", "citra")
REFUSALS = (InvalidRequestError, NoOtherMethodError, NotRefundableError, RefundConflictError)

Decide = Callable[[Payment], Change]


class OrderAtGateway(RuleBasedStateMachine):
    """Changes are taken as the store takes them; the gateway is asked as the workflow asks it."""

    terms: Terms = LIMITED

    @initialize(is_snap=st.booleans(), paid=st.lists(st.sampled_from(METHODS), max_size=3))
    def placed(self, paid: list[PaymentMethod], *, is_snap: bool) -> None:
        request = SNAP_REQUEST if is_snap else replace(REQUEST, method=PaymentMethod.QRIS)
        self.now = NOW
        self.payment = placed(request, attempt_of(request)).payment
        self.audit: list[AuditEntry] = []
        self.sent: set[Mail] = set()
        self.invoices = 0
        self.transactions: list[Transaction] = []
        self.told: list[tuple[int, StatusReport]] = []
        self.sessions: set[int] = set()
        self.opened()
        for method in paid:
            transaction = self.begun(1, method) if is_snap else self.transactions[0]
            transaction.pay(self.now)
            self.happened(transaction, is_told=True)

    def take(self, decide: Decide) -> None:
        """As the store does: what equals the payment changes nothing; a repeat neither."""
        change = decide(self.payment)
        if change.payment == self.payment:
            return
        assert change.audit
        self.audit += change.audit
        self.payment = change.payment
        assert decide(self.payment).payment == self.payment

    def is_taken(self, decide: Decide) -> bool:
        before = self.payment
        try:
            self.take(decide)
        except REFUSALS:
            return False
        return self.payment != before

    def opened(self) -> None:
        attempt = self.payment.latest_attempt
        is_snap = attempt.integration is Integration.SNAP
        if is_snap:
            self.sessions.add(attempt.number)
            opened = ChargeOpened(instructions=SNAP_PAGE, report=None)
        else:
            begun = self.begun(attempt.number, attempt.method)
            opened = ChargeOpened(instructions=SNAP_PAGE, report=begun.report())
        number = attempt.number
        self.take(lambda payment: charge_opened(payment, number, opened, self.terms, self.now))

    def begun(self, number: int, method: PaymentMethod) -> Transaction:
        transaction = Transaction(
            transaction_id=f"trx-{len(self.transactions) + 1}",
            gateway_order_id=f"{self.payment.order_id}~{number}",
            attempt=number,
            method=method,
            nonce=self.payment.attempts[number - 1].nonce,
            amount=self.payment.request.amount.value,
            fee=FEE if method in WITH_FEE else 0,
        )
        self.transactions.append(transaction)
        return transaction

    def chosen(self, pick: int, method: PaymentMethod) -> Transaction | None:
        """One that is there, or a new one on an open page."""
        choices: list[Transaction | int] = [*self.transactions, *sorted(self.sessions)]
        if not choices:
            return None
        choice = choices[pick % len(choices)]
        return choice if isinstance(choice, Transaction) else self.begun(choice, method)

    def which(self, is_meant: Callable[[Transaction], bool]) -> list[Transaction]:
        """Those that hold money."""
        return [each for each in self.transactions if each.has_money and is_meant(each)]

    def transaction(self, pick: int) -> Transaction:
        return self.transactions[pick % len(self.transactions)]

    def happened(self, transaction: Transaction, *, is_told: bool) -> None:
        self.told.append((transaction.attempt, transaction.report()))
        if is_told:
            self.ask(transaction)

    def ask(self, transaction: Transaction) -> None:
        number, report = transaction.attempt, transaction.report()
        self.take(lambda payment: answered(payment, number, report, self.terms, self.now))

    def close(self) -> None:
        number = self.payment.latest_attempt.number
        self.sessions.discard(number)
        of_it = [each for each in self.transactions if each.attempt == number]
        for transaction in of_it:
            transaction.end(State.EXPIRE)
            self.happened(transaction, is_told=True)
        if not of_it or of_it[-1].report().status in ENDED_WITHOUT_MONEY:
            self.take(lambda payment: closed(payment, number, self.terms, self.now))

    def to_be_sent(self) -> list[Refund]:
        return [refund for refund in self.payment.refunds if refund.is_to_be_sent]

    def send(self, refund: Refund, fate: str) -> None:
        key = refund.refund_key
        self.take(lambda payment: refund_sent(payment, key, self.now))
        answer = self.answer(refund, fate)
        if answer is not None:
            self.take(lambda payment: refund_answered(payment, key, answer, self.now))

    def answer(self, refund: Refund, fate: str) -> RefundAnswer | None:
        if fate == "lost":
            return None
        if fate == "no funds":
            return RefundAnswer(outcome=RefundOutcome.NO_FUNDS, gateway_code="414")
        stored = self.payment.refund(refund.refund_key)
        assert stored is not None
        order = refund_order(self.payment, stored)
        transaction = self.model_of(refund.transaction_id)
        if order.may_be_repeated(self.now):
            answer = transaction.give_back(order)
        else:
            answer = transaction.find(order)
        self.told.append((transaction.attempt, transaction.report()))
        return None if fate == "answer lost" else answer

    def decide(self, case: Case, resolution: Resolution, actor: str, amount: int | None) -> None:
        decision = Decision(
            resolution=resolution,
            actor=actor,
            at=self.now,
            reference="TRF-1",
            amount=None if amount is None else rupiah(amount),
        )
        is_taken = self.is_taken(
            lambda payment: case_decided(payment, case.key, decision, self.terms)
        )
        if is_taken and resolution is Resolution.TRANSFERRED:
            assert case.amount is not None
            self.model_of(case.key.transaction_id).by_hand += case.amount.value

    def last_words(self, case: Case) -> tuple[tuple[Resolution, str], ...]:
        match case.code:
            case CaseCode.MANUAL_REFUND:
                approvals = tuple((Resolution.APPROVED, actor) for actor in OPERATORS)
                return (*approvals, *((Resolution.TRANSFERRED, actor) for actor in OPERATORS))
            case CaseCode.REFUND_APPROVAL:
                return tuple((Resolution.APPROVED, actor) for actor in OPERATORS)
            case CaseCode.REFUND_STUCK:
                return ((self.found_out(case), "ani"),)
            case CaseCode.CHARGEBACK:
                return ((Resolution.LOST, "ani"),)
            case _:
                return ((Resolution.NOTED, "ani"),)

    def found_out(self, case: Case) -> Resolution:
        """What the gateway's support says of a stuck refund."""
        refund = self.payment.refund(case.key.about)
        assert refund is not None
        transaction = self.model_of(refund.transaction_id)
        is_there = any(each.key == refund.gateway_key for each in transaction.refunds)
        is_void = transaction.state is State.VOID
        return Resolution.ACCEPTED if is_there or is_void else Resolution.REJECTED

    def is_contradicted(self, transaction_id: str) -> bool:
        return any(
            case.code is CaseCode.CONTRADICTION
            and case.key.transaction_id == transaction_id
            and case.key.about
            for case in self.payment.cases
        )

    def refunds_of(self, transaction_id: str) -> list[Refund]:
        return [each for each in self.payment.refunds if each.transaction_id == transaction_id]

    def known(self) -> list[GatewayTransaction]:
        return [each for attempt in self.payment.attempts for each in attempt.transactions]

    def open_cases(self) -> list[Case]:
        return [case for case in self.payment.cases if case.is_open]

    def model_of(self, transaction_id: str) -> Transaction:
        return next(each for each in self.transactions if each.transaction_id == transaction_id)

    def progress(self) -> Progress:
        return progress_of(self.payment, self.sent)
