import json
import sysconfig
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from adapters.keysets import AeadKeyset, load_aead, new_aead_keyset
from adapters.temporal.client import connect, ensure_search_attributes
from workflows.names import SEARCH_ATTRIBUTES

TEMPORAL = Path(sysconfig.get_path("scripts")) / "temporal"


@dataclass(frozen=True)
class Rotation:
    """One keyset over time: the first key alone, the second added, the second promoted."""

    before: AeadKeyset
    added: AeadKeyset
    promoted: AeadKeyset


@pytest.fixture(scope="session")
def keyset() -> AeadKeyset:
    return load_aead(new_aead_keyset())


@pytest.fixture(scope="session")
def other_keyset() -> AeadKeyset:
    return load_aead(new_aead_keyset())


@pytest.fixture(scope="session")
def rotation() -> Rotation:
    old, new = (json.loads(new_aead_keyset()) for _ in range(2))
    both = [*old["key"], *new["key"]]
    return Rotation(
        before=load_aead(json.dumps(old)),
        added=load_aead(json.dumps({**old, "key": both})),
        promoted=load_aead(json.dumps({**new, "key": both})),
    )


@dataclass(frozen=True)
class Server:
    """A Temporal server whose store is a file that a test can search."""

    address: str
    plain: Client
    store: Path

    def stored_bytes(self) -> bytes:
        """All that the server has written, its write-ahead log included."""
        return b"".join(path.read_bytes() for path in self.store.parent.glob("store.db*"))

    async def client(self, keyset: AeadKeyset) -> Client:
        return await connect(keyset, environment={"TEMPORAL_ADDRESS": self.address})


@pytest.fixture(scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    store = tmp_path_factory.mktemp("temporal") / "store.db"
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=str(TEMPORAL),
        dev_server_log_level="error",
        dev_server_database_filename=str(store),
    ) as environment:
        await ensure_search_attributes(environment.client, SEARCH_ATTRIBUTES)
        yield Server(
            environment.client.service_client.config.target_host, environment.client, store
        )
