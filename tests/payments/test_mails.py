from payments.mails import MAILS, MailKind
from payments.payment import MONEY_WAS_HERE
from payments.status import PaymentStatus


def test_every_status_says_whether_a_mail_is_due() -> None:
    assert set(MAILS) == set(PaymentStatus)


def test_every_other_kind_of_mail_is_about_a_refund() -> None:
    kinds = {kind for kind in MAILS.values() if kind is not None}

    assert kinds == set(MailKind) - {MailKind.REFUND, MailKind.BANK_DETAILS}


def test_whoever_paid_gets_the_receipt() -> None:
    assert {status for status, kind in MAILS.items() if kind is MailKind.RECEIPT} == MONEY_WAS_HERE


def test_nobody_is_mailed_before_anything_is_decided() -> None:
    undecided = {
        PaymentStatus.PREPARING,
        PaymentStatus.AWAITING_PAYMENT,
        PaymentStatus.IN_REVIEW,
        PaymentStatus.CHECKING,
    }

    assert {MAILS[status] for status in undecided} == {None}
