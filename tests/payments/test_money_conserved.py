"""Whatever happens to an order, in whatever order it is told, no rupiah is lost or given twice."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from payments.believing import answered
from payments.cases import CaseCode, Resolution
from payments.charging import another_attempt, closing_begun
from payments.gateway import ClosingCause
from payments.methods import Integration, PaymentMethod
from payments.payment import MONEY_WAS_HERE
from payments.progress import NO_REFUND
from payments.refund_moves import credit_noted, details_forgotten, refund_stuck
from payments.refunding import RefundWish, refund_requested
from payments.refunds import (
    GIVEN_BACK,
    WAITING,
    RefundStatus,
)
from payments.status import OPEN
from tests.payments.model_gateway import METHODS, REVERSIBLE, State, Transaction, rupiah
from tests.payments.model_order import OPERATORS, OrderAtGateway
from tests.payments.samples import (
    next_attempt_of,
)

PICK = st.integers(0, 7)
METHOD = st.sampled_from(METHODS)


class Order(OrderAtGateway):
    """One order, the gateway that it is paid at, and whoever has to do with it."""

    # What customers, banks, card schemes and people at the dashboard do.

    @rule(pick=PICK, method=METHOD, is_told=st.booleans())
    def customer_pays(self, pick: int, method: PaymentMethod, *, is_told: bool) -> None:
        transaction = self.chosen(pick, method)
        if transaction is None:
            return
        transaction.pay(self.now)
        self.happened(transaction, is_told=is_told)

    @rule(method=METHOD)
    def customer_chooses(self, method: PaymentMethod) -> None:
        for number in sorted(self.sessions):
            self.happened(self.begun(number, method), is_told=True)

    @precondition(lambda self: self.transactions)
    @rule(
        pick=PICK,
        happens=st.sampled_from([Transaction.settle, Transaction.void, Transaction.expire]),
        is_told=st.booleans(),
    )
    def gateway_moves(
        self, pick: int, happens: Callable[[Transaction], None], *, is_told: bool
    ) -> None:
        transaction = self.transaction(pick)
        happens(transaction)
        self.happened(transaction, is_told=is_told)

    @precondition(lambda self: self.which(lambda each: each.method in REVERSIBLE))
    @rule(pick=PICK, is_told=st.booleans())
    def bank_takes_back(self, pick: int, *, is_told: bool) -> None:
        found = self.which(lambda each: each.method in REVERSIBLE)
        transaction = found[pick % len(found)]
        transaction.reverse()
        self.happened(transaction, is_told=is_told)

    @precondition(lambda self: self.which(lambda each: each.method is PaymentMethod.CREDIT_CARD))
    @rule(pick=PICK, extent=st.sampled_from(["partial", "full"]), is_told=st.booleans())
    def card_is_charged_back(self, pick: int, extent: str, *, is_told: bool) -> None:
        found = self.which(lambda each: each.method is PaymentMethod.CREDIT_CARD)
        transaction = found[pick % len(found)]
        transaction.settle()
        transaction.charge_back(extent)
        self.happened(transaction, is_told=is_told)

    @precondition(lambda self: self.which(lambda each: each.is_refundable))
    @rule(pick=PICK, amount=st.sampled_from([50_000, 200_000, 350_000, 352_450]))
    def dashboard_refunds(self, pick: int, amount: int) -> None:
        found = self.which(lambda each: each.is_refundable)
        transaction = found[pick % len(found)]
        transaction.refund(f"dashboard-{len(transaction.refunds)}", amount)
        self.happened(transaction, is_told=False)

    @precondition(lambda self: self.transactions)
    @rule(pick=PICK)
    def bank_confirms(self, pick: int) -> None:
        transaction = self.transaction(pick)
        transaction.confirm_all(self.now)
        self.happened(transaction, is_told=True)

    @rule(hours=st.sampled_from([1, 5, 30, 8 * 24]))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    # What the service hears, late, twice, and in any order.

    @precondition(lambda self: self.told)
    @rule(pick=st.integers(0, 60))
    def old_report_arrives(self, pick: int) -> None:
        number, report = self.told[pick % len(self.told)]
        self.take(lambda payment: answered(payment, number, report, self.terms, self.now))

    @precondition(lambda self: self.transactions)
    @rule(pick=PICK)
    def gateway_is_asked(self, pick: int) -> None:
        self.ask(self.transaction(pick))

    @rule(cause=st.sampled_from([*ClosingCause, ClosingCause.DEADLINE]), is_final=st.booleans())
    def attempt_is_closed(self, cause: ClosingCause, *, is_final: bool) -> None:
        number = self.payment.latest_attempt.number
        self.take(lambda payment: closing_begun(payment, number, cause, self.terms, self.now))
        if is_final and self.payment.latest_attempt.closing is not None:
            self.close()

    @rule(method=METHOD)
    def another_method_is_tried(self, method: PaymentMethod) -> None:
        number = len(self.payment.attempts) + 1
        new = replace(
            next_attempt_of(self.payment.request, number, method, self.now),
            integration=Integration.SNAP,
        )
        if self.is_taken(lambda payment: another_attempt(payment, new)):
            self.opened()

    @rule(
        key=st.sampled_from(["r-1", "r-2", "r-3"]),
        amount=st.sampled_from([None, 1, 100_000, 250_000, 350_000, 350_001]),
        actor=st.sampled_from(OPERATORS),
        by_transfer=st.sampled_from([False, False, True]),
    )
    def refund_is_asked_for(
        self, key: str, amount: int | None, actor: str, *, by_transfer: bool
    ) -> None:
        wish = RefundWish(
            refund_key=key,
            amount=None if amount is None else rupiah(amount),
            reason="too small",
            actor=actor,
            by_transfer=by_transfer,
        )
        self.is_taken(lambda payment: refund_requested(payment, wish, self.terms, self.now))

    @precondition(lambda self: self.to_be_sent())
    @rule(pick=PICK, fate=st.sampled_from(["answered", "lost", "answer lost", "no funds"]))
    def refund_is_sent(self, pick: int, fate: str) -> None:
        refunds = self.to_be_sent()
        self.send(refunds[pick % len(refunds)], fate)

    @precondition(lambda self: self.payment.refunds)
    @rule(pick=PICK)
    def refund_is_stuck(self, pick: int) -> None:
        refund = self.payment.refunds[pick % len(self.payment.refunds)]
        if refund.sent_at is not None:
            self.take(lambda payment: refund_stuck(payment, refund.refund_key))

    @precondition(lambda self: self.payment.open_cases)
    @rule(
        pick=PICK,
        resolution=st.one_of(st.none(), st.sampled_from(Resolution)),
        actor=st.sampled_from(OPERATORS),
        amount=st.sampled_from([None, 50_000]),
    )
    def operator_decides(
        self, pick: int, resolution: Resolution | None, actor: str, amount: int | None
    ) -> None:
        cases = self.open_cases()
        case = cases[pick % len(cases)]
        usual = self.last_words(case)
        if resolution is None or case.code is CaseCode.REFUND_STUCK:
            resolution, actor = usual[pick % len(usual)]
        self.decide(case, resolution, actor, amount)

    @rule()
    def documents_are_made(self) -> None:
        progress = self.progress()
        if progress.invoice_due:
            self.invoices += 1
            self.payment = replace(self.payment, invoice_number=f"INV-{self.invoices}")
        for key in progress.credit_notes_due:
            if key == NO_REFUND:
                self.payment = replace(self.payment, cancelled_invoice=None)
            else:
                self.take(partial(credit_noted, refund_key=key, number=f"CN-{key}"))
        self.sent.update(progress.mails_due)

    @invariant()
    def nothing_is_below_zero(self) -> None:
        for transaction in self.known():
            books = self.payment.books_of(transaction)
            assert min(books.captured.value, books.refunded.value, books.waiting.value) >= 0
            is_under_way = any(
                each.status is RefundStatus.REQUESTED and each.sent_at is not None
                for each in self.refunds_of(transaction.transaction_id)
            )
            if books.kept.value < 0 and not is_under_way:
                assert self.is_contradicted(transaction.transaction_id)

    @invariant()
    def the_gateway_never_gives_back_more_than_it_took(self) -> None:
        for transaction in self.transactions:
            assert transaction.given_back <= transaction.gross

    def teardown(self) -> None:
        if not hasattr(self, "payment"):
            return
        for _ in range(12):
            self._everybody_does_what_is_left()
        progress = self.progress()
        assert not progress.open_cases
        assert not progress.refunds
        assert not progress.has_documents_due
        assert not any(refund.status in WAITING for refund in self.payment.refunds)
        for transaction in self.transactions:
            self._check_books(transaction)
        self._check_audit()
        self._check_documents()

    def _everybody_does_what_is_left(self) -> None:
        self._gateway_does()
        if self.payment.latest_attempt.status in OPEN:
            self.attempt_is_closed(ClosingCause.DEADLINE, is_final=True)
        for case in self.open_cases():
            for resolution, actor in self.last_words(case):
                self.decide(case, resolution, actor, None)
        self.documents_are_made()
        for refund in self.payment.refunds:
            self.take(partial(details_forgotten, refund_key=refund.refund_key))

    def _gateway_does(self) -> None:
        for transaction in self.transactions:
            transaction.settle()
        for refund in self.to_be_sent():
            self.send(refund, "answered")
        for refund in self.to_be_sent():
            self.take(partial(refund_stuck, refund_key=refund.refund_key))
        for transaction in self.transactions:
            transaction.confirm_all(self.now)
            self.ask(transaction)

    def _check_books(self, transaction: Transaction) -> None:
        held = next(
            each for each in self.known() if each.transaction_id == transaction.transaction_id
        )
        books = self.payment.books_of(held)
        assert books.waiting.value == 0
        is_contradicted = self.is_contradicted(transaction.transaction_id)
        if not transaction.has_money:
            assert books.charged_back.value == 0
        if transaction.state is not State.REVERSAL and not is_contradicted:
            given = min(transaction.given_back, transaction.amount) + transaction.by_hand
            assert books.refunded.value == min(given, books.captured.value)
            assert transaction.given_back + transaction.by_hand <= transaction.gross
        assert books.kept.value >= 0 or is_contradicted
        if self.payment.paying != held:
            assert books.kept.value <= 0

    def _check_audit(self) -> None:
        told = {(entry.event, entry.details.get("transaction_id")) for entry in self.audit}
        refunds = {(entry.event, entry.details.get("refund")) for entry in self.audit}
        for transaction in self.transactions:
            was_heard = ("transaction.paid", transaction.transaction_id) in told
            assert was_heard or not transaction.has_money
            if was_heard and transaction.state is State.REVERSAL:
                assert ("transaction.reversed", transaction.transaction_id) in told
            if transaction.disputed and transaction.given_back < transaction.amount:
                assert ("case.chargeback", transaction.transaction_id) in told
        for refund in self.payment.refunds:
            if refund.status is RefundStatus.CONFIRMED:
                assert ("refund.confirmed", refund.refund_key) in refunds

    def _check_documents(self) -> None:
        payment = self.payment
        assert (payment.invoice_number is not None) is (payment.status in MONEY_WAS_HERE)
        paying = payment.paying
        for refund in payment.refunds if paying else ():
            if paying and refund.transaction_id == paying.transaction_id:
                is_given = refund.status in GIVEN_BACK
                assert (refund.credit_note_number is not None) is is_given


TestMoneyIsConserved = Order.TestCase
TestMoneyIsConserved.settings = settings(
    max_examples=600, stateful_step_count=30, deadline=None, derandomize=True
)
