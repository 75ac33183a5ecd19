"""Processes that others can reach refuse to start where what they are told could be overheard."""

import os
import subprocess
import sys

import pytest

from adapters.keysets import new_aead_keyset, new_mac_keyset
from tests.starter.terminal import invoke

ANYWHERE = "0.0.0.0"  # noqa: S104 - that is the point
KEYSETS = {
    "PAYMENTS_KEYSET_TEMPORAL": new_aead_keyset(),
    "PAYMENTS_KEYSET_DATABASE": new_aead_keyset(),
    "PAYMENTS_KEYSET_LOOKUP": new_mac_keyset(),
    "PAYMENTS_DATABASE_URL": "postgresql://payments:hunter2@127.0.0.1:9/payments",
    "PAYMENTS_MIDTRANS_SERVER_KEY": "made-up",
}
REFUSAL = (
    "plain http on 0.0.0.0 could be overheard: listen on 127.0.0.1, or let a proxy end TLS and set"
    " PAYMENTS_BEHIND_TLS_PROXY=true"
)


@pytest.mark.parametrize(
    ("command", "setting"), [("api", "PAYMENTS_API_HOST"), ("codec-server", "PAYMENTS_CODEC_HOST")]
)
async def test_api_and_codec_server_do_not_listen_for_everybody_in_plain_http(
    command: str, setting: str
) -> None:
    users = (
        "citra:$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$Sc3SFY3xGr6sCfwnZKdBQMdFPXNcLNnEq5oZdCRdhsk"
    )
    environment = {**KEYSETS, setting: ANYWHERE, "PAYMENTS_CODEC_USERS": users}

    result = await invoke(command, environment=environment)

    assert result.exit_code == 1
    assert REFUSAL in result.stderr


def test_the_bridge_does_not_listen_for_everybody_in_plain_http() -> None:
    environment = {"PATH": os.defpath, **KEYSETS, "PAYMENTS_BRIDGE_HOST": ANYWHERE}

    result = subprocess.run(
        [sys.executable, "-m", "webhook_bridge"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 1
    assert REFUSAL in result.stderr
