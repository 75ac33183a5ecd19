"""The SMTP URL: what it says of host, credentials and encryption."""

import pytest

from adapters.email.options import Security, smtp_options


@pytest.mark.parametrize(
    ("url", "security", "port"),
    [
        ("smtp+starttls://mail.skaters.example", Security.STARTTLS, 587),
        ("smtps://mail.skaters.example", Security.TLS, 465),
        ("smtps://mail.skaters.example:4650", Security.TLS, 4650),
        ("smtp://127.0.0.1", Security.NONE, 25),
    ],
)
def test_the_scheme_decides_encryption_and_the_usual_port(
    url: str, security: Security, port: int
) -> None:
    options = smtp_options(url, "pay@skaters.example", None)

    assert (options.security, options.port) == (security, port)


def test_credentials_are_percent_decoded() -> None:
    options = smtp_options("smtps://us%40er:p%3Ass@mail.example", "pay@skaters.example", None)

    assert (options.username, options.password) == ("us@er", "p:ss")


@pytest.mark.parametrize("url", ["mail.example:secret", "http://user:secret@mail.example"])
def test_a_wrong_url_is_refused_without_being_quoted(url: str) -> None:
    with pytest.raises(ValueError, match="SMTP URL") as refusal:
        smtp_options(url, "pay@skaters.example", None)

    assert "secret" not in str(refusal.value)


def test_mail_beyond_this_machine_must_be_encrypted() -> None:
    with pytest.raises(ValueError, match="set starttls or tls"):
        smtp_options("smtp://mail.skaters.example", "pay@skaters.example", None)
