"""The made-up keys of a local stack: made once per state directory, kept for the next start."""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from adapters.keysets import new_aead_keyset, new_mac_keyset
from local_stack.directories import private_directory

CLIENT = "local-checkout"
SCOPES = "start+read+refund"


@dataclass(frozen=True)
class Keys:
    """Keysets are paths; the rest are the values themselves."""

    keyset_temporal: Path
    keyset_database: Path
    keyset_lookup: Path
    server_key: str
    client_key: str
    merchant_id: str
    api_key: str
    codec_secret: str

    @property
    def api_keys(self) -> str:
        """The API's side of the API key: who it is, its hash, what it may do."""
        return f"{CLIENT}:{hashlib.sha256(self.api_key.encode()).hexdigest()}:{SCOPES}"


def local_keys(state_dir: Path) -> Keys:
    directory = private_directory(state_dir / "keys")

    def kept(name: str, make: Callable[[], str]) -> Path:
        path = directory / name
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(make())
        return path

    def text(name: str, make: Callable[[], str]) -> str:
        return kept(name, make).read_text()

    return Keys(
        keyset_temporal=kept("temporal.json", new_aead_keyset),
        keyset_database=kept("database.json", new_aead_keyset),
        keyset_lookup=kept("lookup.json", new_mac_keyset),
        server_key=text("server_key", lambda: f"SB-Mid-server-{secrets.token_urlsafe(18)}"),
        client_key=text("client_key", lambda: f"SB-Mid-client-{secrets.token_urlsafe(12)}"),
        merchant_id=text("merchant_id", lambda: f"G{secrets.randbelow(10**9):09d}"),
        api_key=text("api_key", lambda: secrets.token_urlsafe(32)),
        codec_secret=text("codec_secret", lambda: secrets.token_urlsafe(24)),
    )
