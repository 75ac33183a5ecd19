"""`python -m simulator`: serve the look-alike until told to stop."""

import argparse
import socket
import sys
from collections.abc import Sequence

import uvicorn

from simulator.app import create_app
from simulator.clock import parse_moment
from simulator.fault_injection import CuttableProtocol
from simulator.merchants import DEFAULT_MERCHANT, Merchant
from simulator.world import Options

_GRACE_SECONDS = 1


class AnnouncingServer(uvicorn.Server):
    """Says where it listens, once it does; a port of 0 is known only then."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            scheme = "https" if self.config.is_ssl else "http"
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            sys.stdout.write(f"Midtrans simulator on {scheme}://{host}:{port}\n")
            sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> None:
    parsed = _parser().parse_args(arguments)
    options = Options(
        merchants=parsed.merchant or [DEFAULT_MERCHANT],
        notify_url=parsed.notify_url,
        recurring_notify_url=parsed.recurring_notify_url,
        account_notify_url=parsed.account_notify_url,
        latency_ms=parsed.latency_ms,
        clock=parsed.clock,
        time_scale=parsed.time_scale,
        seed=parsed.seed,
    )
    config = uvicorn.Config(
        create_app(options, parsed.notify_ca),
        host=parsed.host,
        port=parsed.port,
        ssl_certfile=parsed.tls_cert,
        ssl_keyfile=parsed.tls_key,
        http=CuttableProtocol,
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    AnnouncingServer(config).run()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m simulator",
        description="A Midtrans look-alike: Core API, Snap, customer pages, control API.",
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080, help="0 picks a free one")
    parser.add_argument("--tls-cert", help="PEM file; with it the simulator speaks https only")
    parser.add_argument("--tls-key", help="PEM file")
    parser.add_argument("--notify-url", default="", help="where notifications go")
    parser.add_argument(
        "--recurring-notify-url", default="", help="where notifications of subscriptions go"
    )
    parser.add_argument(
        "--account-notify-url", default="", help="where notifications of linked accounts go"
    )
    parser.add_argument("--notify-ca", help="PEM file of the CA to trust for notification URLs")
    parser.add_argument(
        "--merchant",
        type=Merchant.parse,
        action="append",
        metavar="SERVER_KEY:CLIENT_KEY:MERCHANT_ID",
        help="may be given several times; keys not listed get 401; default: "
        f"{DEFAULT_MERCHANT.server_key}:{DEFAULT_MERCHANT.client_key}:"
        f"{DEFAULT_MERCHANT.merchant_id}",
    )
    parser.add_argument("--latency-ms", type=float, default=0.0, help="before each answer")
    parser.add_argument("--clock", type=parse_moment, help="its time at the start, ISO 8601")
    parser.add_argument(
        "--time-scale", type=float, default=1.0, help="simulated seconds per real one"
    )
    parser.add_argument("--seed", type=int, help="makes ids and random waits repeatable")
    return parser


if __name__ == "__main__":
    main()
