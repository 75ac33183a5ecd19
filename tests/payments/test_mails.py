from payments.mails import MAILS, MailKind
from payments.status import PaymentStatus


def test_every_status_says_whether_a_mail_is_due() -> None:
    assert set(MAILS) == set(PaymentStatus)


def test_every_kind_of_mail_belongs_to_one_status() -> None:
    kinds = [kind for kind in MAILS.values() if kind is not None]

    assert sorted(kinds) == sorted(MailKind)


def test_nobody_is_mailed_before_anything_is_decided() -> None:
    undecided = {
        PaymentStatus.PREPARING,
        PaymentStatus.AWAITING_PAYMENT,
        PaymentStatus.IN_REVIEW,
        PaymentStatus.CHECKING,
    }

    assert {MAILS[status] for status in undecided} == {None}
