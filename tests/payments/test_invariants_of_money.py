from dataclasses import replace

import pytest

from payments.cases import Case, CaseCode, CaseKey, Resolution
from payments.evidence import Hint, OrderEvidence, StrangerEvidence
from payments.refunds import RefundStatus
from payments.status import AttemptStatus as S
from tests.payments.refund_causes import rupiah
from tests.payments.samples import NOW, REQUEST, after, report_of
from tests.payments.test_invariants import paid, paid_twice
from tests.payments.witnessed import EVENTUALLY, Witnessed, said

PAID = paid().evidence()
BACK = paid().asks_back(100_000).gives_back().finishes().evidence()
TWICE = paid_twice().gives_back("trx-2").finishes().evidence()
CONTRADICTION = CaseKey(code=CaseCode.CONTRADICTION, transaction_id="trx-1")


def holding(evidence: OrderEvidence, transaction_id: str, **changed: object) -> OrderEvidence:
    """With one transaction otherwise."""
    attempts = tuple(
        attempt.with_changed(replace(held, **changed))  # type: ignore[arg-type]
        if (held := attempt.transaction(transaction_id))
        else attempt
        for attempt in evidence.payment.attempts
    )
    return replace(evidence, payment=replace(evidence.payment, attempts=attempts))


def telling(evidence: OrderEvidence, transaction_id: str, **changed: object) -> OrderEvidence:
    """With one transaction otherwise at the gateway."""
    assert evidence.gateway is not None
    gateway = tuple(
        replace(each, **changed) if each.transaction_id == transaction_id else each  # type: ignore[arg-type]
        for each in evidence.gateway
    )
    return replace(evidence, gateway=gateway)


def with_case(evidence: OrderEvidence, key: CaseKey, resolution: Resolution) -> OrderEvidence:
    case = Case(key=key, attempt=1, resolution=resolution)
    return replace(evidence, payment=replace(evidence.payment, cases=(case,)))


def refunding(evidence: OrderEvidence, **changed: object) -> OrderEvidence:
    """With its refund otherwise."""
    [refund] = evidence.payment.refunds
    refunds = (replace(refund, **changed),)  # type: ignore[arg-type]
    return replace(evidence, payment=replace(evidence.payment, refunds=refunds))


class TestPaidOnlyByExactlyItsMoney:
    def test_a_paid_order_names_what_paid_it(self) -> None:
        unpaid = replace(PAID, payment=replace(PAID.payment, paid_attempt=None))

        assert said("I1", unpaid) == ["is paid, and no transaction brought its money"]

    @pytest.mark.parametrize("status", [S.PENDING, S.EXPIRED, S.REVERSED])
    def test_what_paid_it_brought_money(self, status: S) -> None:
        found = said("I1", holding(PAID, "trx-1", status=status))

        assert found == ["is paid, and no transaction brought its money"]

    def test_it_brought_the_orders_amount(self) -> None:
        found = said("I1", holding(PAID, "trx-1", captured=rupiah(349_999)))

        assert found == ["trx-1 pays it, with another amount"]

    def test_what_was_stored_before_amounts_were_is_believed(self) -> None:
        assert said("I1", holding(PAID, "trx-1", captured=None)) == []

    def test_the_gateway_has_it(self) -> None:
        found = said("I1", replace(PAID, gateway=()))

        assert found == ["trx-1 pays it, and the gateway does not have it"]

    @pytest.mark.parametrize("status", [S.PENDING, S.EXPIRED, S.DENIED])
    def test_it_is_settled_at_the_gateway(self, status: S) -> None:
        found = said("I1", telling(PAID, "trx-1", status=status))

        assert found == [f"trx-1 pays it, and is {status} at the gateway"]

    def test_it_is_of_that_amount_at_the_gateway(self) -> None:
        found = said("I1", telling(PAID, "trx-1", amount=rupiah(350_001)))

        assert found == ["trx-1 pays it, with another amount at the gateway"]

    def test_of_what_happened_just_now_the_gateway_is_not_asked(self) -> None:
        lately = replace(PAID, gateway=(), due_before=PAID.payment.updated_at)

        assert said("I1", lately) == []

    def test_another_amount_that_a_human_accepted_will_do(self) -> None:
        other = telling(holding(PAID, "trx-1", captured=rupiah(1)), "trx-1", amount=rupiah(1))
        key = CaseKey(code=CaseCode.MISMATCH, transaction_id="trx-1", money_came=True)

        assert said("I1", with_case(other, key, Resolution.ACCEPTED)) == []
        assert len(said("I1", with_case(other, key, Resolution.REJECTED))) == 2


class TestSettledMoneyPaysOrGoesBack:
    def test_money_that_pays_nothing_is_not_kept(self) -> None:
        kept = replace(TWICE, payment=replace(TWICE.payment, refunds=()))

        assert said("I2", kept) == ["trx-2 is kept, and pays nothing"]
        assert said("I2", replace(kept, due_before=NOW)) == []

    @pytest.mark.parametrize("status", [RefundStatus.MANUAL, RefundStatus.REQUESTED])
    def test_money_on_its_way_back_is_not_kept(self, status: RefundStatus) -> None:
        assert said("I2", refunding(TWICE, status=status)) == []

    def test_what_is_settled_at_the_gateway_is_known(self) -> None:
        more = report_of(REQUEST, S.PAID, "trx-9")
        found = said("I2", replace(PAID, gateway=(*(PAID.gateway or ()), more)))

        assert found == ["trx-9 is paid at the gateway, and not known here"]

    def test_what_is_settled_at_the_gateway_is_settled_here(self) -> None:
        found = said("I2", holding(PAID, "trx-1", status=S.EXPIRED))

        assert found == ["trx-1 is paid at the gateway, and not known here"]

    def test_what_a_human_looks_at_is_known(self) -> None:
        more = report_of(REQUEST, S.PAID, "trx-9")
        told = replace(PAID, gateway=(*(PAID.gateway or ()), more))
        key = CaseKey(code=CaseCode.UNMATCHED_MONEY, transaction_id="trx-9", money_came=True)

        assert said("I2", with_case(told, key, Resolution.NOTED)) == []

    def test_what_settled_just_now_need_not_be_known_yet(self) -> None:
        more = replace(report_of(REQUEST, S.PAID, "trx-9"), paid_at=after(days=31))

        assert said("I2", replace(PAID, gateway=(*(PAID.gateway or ()), more))) == []

    def test_a_settlement_without_a_time_is_known(self) -> None:
        more = replace(report_of(REQUEST, S.PAID, "trx-9"), paid_at=None)

        assert len(said("I2", replace(PAID, gateway=(*(PAID.gateway or ()), more)))) == 1

    def test_money_of_an_order_that_is_not_stored_is_a_case(self) -> None:
        stranger = StrangerEvidence(
            order_id="SKT-9",
            due_before=EVENTUALLY,
            hints=(
                Hint(
                    gateway_order_id="SKT-9~1",
                    transaction_id="trx-9",
                    status=S.PAID,
                    at=NOW,
                    is_matched=False,
                    was_asked=True,
                ),
            ),
        )

        found = said("I2", stranger)

        assert found == ["trx-9 is paid at the gateway, and nobody's case"]
        assert said("I2", replace(stranger, cases=frozenset({"trx-9"}))) == []


class TestMoneyIsConserved:
    def test_not_more_is_gone_than_came(self) -> None:
        twice = replace(BACK.payment.refunds[0], refund_key="r-2", amount=rupiah(300_000))
        payment = replace(BACK.payment, refunds=(*BACK.payment.refunds, twice))
        gone = replace(BACK, payment=payment, gateway=None)

        assert said("I3", gone) == ["more of trx-1 is gone than came"]
        assert said("I3", with_case(gone, CONTRADICTION, Resolution.NOTED)) == []

    def test_a_refund_under_way_may_be_counted_twice(self) -> None:
        sent = replace(
            BACK.payment.refunds[0],
            refund_key="r-2",
            amount=rupiah(300_000),
            status=RefundStatus.REQUESTED,
        )
        payment = replace(BACK.payment, refunds=(*BACK.payment.refunds, sent))

        assert said("I3", replace(BACK, payment=payment, gateway=None)) == []

    def test_the_gateway_captured_the_same(self) -> None:
        found = said("I3", telling(PAID, "trx-1", amount=rupiah(1)))

        assert found == ["trx-1 brought another amount than the books say"]

    @pytest.mark.parametrize("amount", [99_999, 100_001])
    def test_the_gateway_gave_back_the_same(self, amount: int) -> None:
        found = said("I3", telling(BACK, "trx-1", refunded=rupiah(amount)))

        assert found == ["of trx-1 another amount was refunded at the gateway than the books say"]

    def test_what_the_gateway_only_lists_counts(self) -> None:
        assert said("I3", telling(BACK, "trx-1", refunded=None)) == []

    def test_what_the_gateway_does_not_say_is_not_missed(self) -> None:
        assert said("I3", telling(BACK, "trx-1", refunded=None, refunds=())) == []

    def test_a_refund_that_the_gateway_has_not_is_missed(self) -> None:
        found = said("I3", telling(BACK, "trx-1", status=S.PAID, refunded=None, refunds=()))

        assert found == ["of trx-1 another amount was refunded at the gateway than the books say"]

    def test_a_human_may_have_said_that_a_refund_was_made(self) -> None:
        unsaid = telling(BACK, "trx-1", status=S.PAID, refunded=None, refunds=())
        key = CaseKey(code=CaseCode.REFUND_STUCK, transaction_id="trx-1", about="r-1")

        assert said("I3", with_case(unsaid, key, Resolution.ACCEPTED)) == []
        assert len(said("I3", with_case(unsaid, key, Resolution.REJECTED))) == 1

    @pytest.mark.parametrize(
        ("held", "told"), [(S.PAID, S.DENIED), (S.REVERSED, S.PAID), (S.REFUNDED, S.EXPIRED)]
    )
    def test_what_is_money_here_is_money_there(self, held: S, told: S) -> None:
        found = said("I3", telling(holding(PAID, "trx-1", status=held), "trx-1", status=told))

        assert found == [f"trx-1 is {held} in the books, and {told} at the gateway"]

    def test_what_is_charged_back_there_is_so_here(self) -> None:
        found = said("I3", telling(PAID, "trx-1", status=S.CHARGED_BACK))

        assert found == ["trx-1 is charged back at the gateway, and not in the books"]

    def test_of_what_brought_no_money_nothing_is_compared(self) -> None:
        pending = Witnessed().hears(S.PENDING).evidence(after(hours=1))

        assert said("I3", pending) == []


class TestNoMoreGoesBackThanCame:
    def test_a_refund_is_of_money_that_came(self) -> None:
        found = said("I4", refunding(BACK, transaction_id="trx-9"))

        assert found == ["refund r-1 is of trx-9, which brought none"]

    def test_not_more_is_refunded_than_captured(self) -> None:
        more = refunding(BACK, amount=rupiah(350_001))

        assert said("I4", more) == ["more of trx-1 was refunded than came"]
        assert said("I4", with_case(more, CONTRADICTION, Resolution.NOTED)) == []

    def test_nor_does_the_gateway_give_more_back_than_it_took(self) -> None:
        found = said("I4", telling(BACK, "trx-1", refunded=rupiah(350_001)))

        assert found == ["the gateway gave more of trx-1 back than it took"]

    def test_a_refund_may_be_of_money_that_was_reversed_since(self) -> None:
        reversed_since = holding(replace(BACK, gateway=None), "trx-1", status=S.REVERSED)

        assert said("I4", reversed_since) == []
