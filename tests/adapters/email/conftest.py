"""A real mail server for the mailer to talk to."""

import email
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from adapters.email.options import SmtpOptions
from local_stack.ports import LOOPBACK, Ports

SENDER = "pembayaran@skaters.example"
PASSWORD = "made up"


@dataclass
class Post:
    """What the server answers and what it took."""

    answer: str = "250 2.0.0 Taken"
    recipient_answer: str = "250 2.1.5 Known"
    hangs_up: bool = False
    taken: list[Envelope] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    users: list[str | None] = field(default_factory=list)

    @property
    def mails(self) -> list[EmailMessage]:
        return [_read(envelope) for envelope in self.taken]

    async def handle_RCPT(  # noqa: N802
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        if self.recipient_answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.recipient_answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.answer.startswith("250"):
            self.taken.append(envelope)
            self.encrypted.append(session.ssl is not None)
            self.users.append(session.auth_data)
        if self.hangs_up and server.transport is not None:
            server.transport.close()
        return self.answer


def _read(envelope: Envelope) -> EmailMessage:
    assert isinstance(envelope.content, bytes)
    mail = email.message_from_bytes(envelope.content, policy=SMTP_POLICY)
    assert isinstance(mail, EmailMessage)
    return mail


def _let_in(
    _server: SMTP, _session: Session, _envelope: Envelope, _how: str, who: Any
) -> AuthResult:
    if who.password != PASSWORD.encode():
        return AuthResult(success=False, handled=False)
    return AuthResult(success=True, auth_data=who.login.decode())


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture(scope="session")
def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", LOOPBACK).configure_cert(context)
    return context


@pytest.fixture
def serve() -> Iterator[Callable[..., int]]:
    """Start a mail server in a thread; its port."""
    with ExitStack() as running:

        def start(post: Post, **options: Any) -> int:
            port = Ports().choose()
            server = Controller(post, LOOPBACK, port, authenticator=_let_in, **options)
            server.start()
            running.callback(server.stop)
            return port

        yield start


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def options(
    serve: Callable[..., int], post: Post, server_tls: ssl.SSLContext, ca_file: Path
) -> SmtpOptions:
    """How to reach a server that insists on STARTTLS."""
    port = serve(post, tls_context=server_tls, require_starttls=True)
    return SmtpOptions(host=LOOPBACK, port=port, sender=SENDER, ca_file=ca_file)
