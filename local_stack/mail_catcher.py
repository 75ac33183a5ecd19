"""A mail server that keeps what it is sent: `python -m local_stack.mail_catcher`.

It offers STARTTLS and insists on it, takes any user and password, and writes each mail as one
`.eml` file whose name sorts by arrival, with the envelope in `Return-Path` and `Delivered-To`.

To make it misbehave, write one line into the file `misbehave` beside its directory; to make it
behave again, remove the file:

    451 4.3.0 Try again later    this answer, or any other, instead of taking the mail
    hang up                      takes the mail, then breaks the line without an answer
"""

import argparse
import itertools
import signal
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from local_stack.certificates import Certificates
from local_stack.directories import private_directory
from local_stack.ports import LOOPBACK
from local_stack.processes import Child, python_module, running

DEFAULT_PORT = 1025
START_WAIT = timedelta(seconds=30)
MISBEHAVE = "misbehave"
HANG_UP = "hang up"
TAKEN = "250 2.0.0 Taken"
LISTENING = "mail catcher listening on port"


@dataclass(frozen=True)
class MailCatcher:
    port: int
    directory: Path
    child: Child

    @property
    def misbehave(self) -> Path:
        """The file that says how to treat the next mails."""
        return self.directory.with_name(MISBEHAVE)

    def mails(self) -> list[Path]:
        return sorted(self.directory.glob("*.eml"))


@asynccontextmanager
async def run_mail_catcher(
    state_dir: Path, *, port: int, certificates: Certificates
) -> AsyncIterator[MailCatcher]:
    directory = private_directory(state_dir / "mail" / "inbox")
    program = python_module(
        "mail-catcher",
        "local_stack.mail_catcher",
        f"--port={port}",
        f"--tls-cert={certificates.certificate}",
        f"--tls-key={certificates.key}",
        f"--dir={directory}",
    )
    async with running(program, state_dir / "logs") as child:
        await child.wait_until(lambda: _listens(child), START_WAIT)
        yield MailCatcher(port, directory, child)


async def _listens(child: Child) -> bool:
    return LISTENING in child.said()


class Inbox:
    """Where aiosmtpd delivers to."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._misbehave = directory.with_name(MISBEHAVE)
        self._numbers = itertools.count(1)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        del session
        answer = self._answer()
        if answer in {TAKEN, HANG_UP}:
            self._keep(envelope)
        if answer == HANG_UP and server.transport is not None:
            server.transport.close()
        return answer

    def _answer(self) -> str:
        try:
            return self._misbehave.read_text().strip()
        except FileNotFoundError:
            return TAKEN

    def _keep(self, envelope: Envelope) -> None:
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{next(self._numbers):06}.eml"
        unfinished = self._directory / f".{name}.unfinished"
        unfinished.write_bytes(_headers(envelope) + _content(envelope))
        unfinished.rename(self._directory / name)


def _headers(envelope: Envelope) -> bytes:
    recipients = "".join(f"Delivered-To: {address}\r\n" for address in envelope.rcpt_tos)
    return f"Return-Path: <{envelope.mail_from}>\r\n{recipients}".encode()


def _content(envelope: Envelope) -> bytes:
    content = envelope.content
    return content.encode() if isinstance(content, str) else content or b""


def _accept_anybody(*_: object) -> AuthResult:
    return AuthResult(success=True)


def serve(port: int, certificate: Path, key: Path, directory: Path) -> None:
    """Serve until SIGTERM or SIGINT."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    # Blocked before the server's thread starts, which inherits that: this thread waits for them.
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    controller = Controller(
        Inbox(private_directory(directory)),
        hostname=LOOPBACK,
        port=port,
        server_hostname="localhost",
        tls_context=tls,
        require_starttls=True,
        authenticator=_accept_anybody,
    )
    controller.start()
    print(f"{LISTENING} {port}", flush=True)  # noqa: T201
    signal.sigwait(ends)
    controller.stop()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local_stack.mail_catcher")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT)
    parser.add_argument("--tls-cert", type=Path, required=True)
    parser.add_argument("--tls-key", type=Path, required=True)
    parser.add_argument("--dir", type=Path, required=True)
    options = parser.parse_args()
    serve(options.port, options.tls_cert, options.tls_key, options.dir)


if __name__ == "__main__":
    main()
