"""The codec server as it is set up: what it refuses to be, and what it leaves in the audit."""

import asyncio
import json
import logging
import os
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from google.protobuf import json_format
from sqlalchemy import select
from temporalio.api.common.v1 import Payload, Payloads

from adapters.keysets import load_aead, new_aead_keyset, new_mac_keyset
from adapters.postgres.decodings import Decodings
from adapters.postgres.engine import create_engine
from adapters.postgres.sealing import Sealer
from adapters.postgres.tables import audit_events, orders
from adapters.temporal.codec import EncryptingCodec
from adapters.temporal.codec_server import CodecUse, UnrecordedError
from adapters.temporal.codec_users import CodecUsers, user_entry
from local_stack.ports import LOOPBACK, Ports
from local_stack.processes import python_module, running
from settings import Settings, SettingsError
from starter.codec import codec_parts
from starter.codec_record import ONCE_IN, AuditedUses
from tests.starter.conftest import Shop
from tests.starter.orders import NOW, order
from tests.starter.terminal import invoke
from workflows.names import workflow_id

PASSWORD = "made-up passphrase"
USERS = user_entry("citra", PASSWORD)
UI = "https://temporal.skaters.example"
ALONE = {"keyset_temporal": new_aead_keyset()}
WITH_DATABASE = {
    **ALONE,
    "database_url": "postgresql://payments:hunter2@127.0.0.1:9/payments",
    "keyset_database": new_aead_keyset(),
    "keyset_lookup": new_mac_keyset(),
}
JWT = {"codec_jwt_issuer": "https://login.example", "codec_jwt_audience": "operators"}
NOWHERE = "/nowhere/at/all"
ANYWHERE = "0.0.0.0"  # noqa: S104 - that is the point


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "not set: PAYMENTS_KEYSET_TEMPORAL"),
        (ALONE, "one of PAYMENTS_CODEC_USERS, PAYMENTS_CODEC_JWT_ISSUER, PAYMENTS_CODEC_SECRET"),
        ({**ALONE, "codec_secret": "two/parts"}, "PAYMENTS_CODEC_SECRET: must be one path segment"),
        (
            {**ALONE, "codec_secret": "secret", "codec_host": ANYWHERE},
            "PAYMENTS_CODEC_SECRET: only for a codec server that this machine alone can reach",
        ),
        (
            {**ALONE, "codec_secret": "secret", "behind_tls_proxy": True},
            "PAYMENTS_CODEC_SECRET: only for a codec server that this machine alone can reach",
        ),
        ({**ALONE, "codec_users": USERS}, "not set: PAYMENTS_DATABASE_URL"),
        (
            {**ALONE, **JWT, "codec_secret": "secret", "codec_jwt_jwks": "https://login.example"},
            "not set: PAYMENTS_DATABASE_URL",
        ),
        ({**WITH_DATABASE, "codec_users": NOWHERE}, "PAYMENTS_CODEC_USERS: cannot read the file"),
        ({**WITH_DATABASE, **JWT}, "not set: PAYMENTS_CODEC_JWT_JWKS"),
        ({**WITH_DATABASE, "codec_jwt_jwks": NOWHERE}, "not set: PAYMENTS_CODEC_JWT_ISSUER"),
        (
            {**WITH_DATABASE, **JWT, "codec_jwt_jwks": "http://login.example"},
            "PAYMENTS_CODEC_JWT_JWKS: the address must begin with https://",
        ),
        (
            {**WITH_DATABASE, "codec_users": USERS, "codec_host": ANYWHERE},
            "plain http on 0.0.0.0 could be overheard",
        ),
        (
            {**WITH_DATABASE, "codec_users": USERS, "codec_host": "codec.skaters.example"},
            "plain http on codec.skaters.example could be overheard",
        ),
        (
            {**WITH_DATABASE, "codec_users": USERS, "codec_tls_cert": NOWHERE},
            "not set: PAYMENTS_CODEC_TLS_KEY",
        ),
        (
            {
                **WITH_DATABASE,
                "codec_users": USERS,
                "codec_tls_cert": NOWHERE,
                "codec_tls_key": NOWHERE,
            },
            "PAYMENTS_CODEC_TLS_*: No such file",
        ),
    ],
)
def test_what_would_be_unsafe_is_refused_at_start(given: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingsError) as raised:
        codec_parts(Settings.model_validate(given))

    assert says in str(raised.value)
    assert "$argon2id$" not in str(raised.value)


@pytest.mark.parametrize(
    "given",
    [
        {**ALONE, "codec_secret": "secret", "codec_host": "::1"},
        {**ALONE, "codec_secret": "secret", "codec_host": "localhost"},
        {**ALONE, "codec_secret": "secret", "codec_users": "", "codec_jwt_issuer": ""},
        {**WITH_DATABASE, "codec_users": USERS},
        {**WITH_DATABASE, **JWT, "codec_jwt_jwks": "https://login.example/jwks"},
        {
            **WITH_DATABASE,
            "codec_users": USERS,
            "codec_host": ANYWHERE,
            "behind_tls_proxy": True,
        },
    ],
)
def test_what_is_safe_may_start(given: dict[str, Any]) -> None:
    assert not codec_parts(Settings.model_validate(given)).access.is_closed


def test_with_a_certificate_it_may_listen_anywhere(tmp_path: Path) -> None:
    tls = certificates(tmp_path)

    parts = codec_parts(
        Settings.model_validate(
            {**WITH_DATABASE, **tls, "codec_users": USERS, "codec_host": ANYWHERE}
        )
    )

    assert parts.tls is not None
    assert parts.tls.minimum_version >= ssl.TLSVersion.TLSv1_2


async def test_the_line_of_codec_user_lets_its_user_in() -> None:
    result = await invoke("codec-user", "citra", given=f"{PASSWORD}\n")

    assert result.exit_code == 0
    assert PASSWORD not in result.output
    assert CodecUsers.load(result.stdout).is_right("citra", PASSWORD)


@pytest.mark.parametrize(
    ("name", "given", "says"),
    [
        ("citra:dewi", PASSWORD, "a name is 1 to 40 letters"),
        ("citra", "too short", "at least 12 characters"),
        ("citra", "", "at least 12 characters"),
    ],
)
async def test_a_user_that_will_not_do_is_one_line(name: str, given: str, says: str) -> None:
    result = await invoke("codec-user", name, given=given)

    assert result.exit_code == 1
    assert result.stdout == ""
    assert says in result.stderr


async def test_the_settings_hide_who_may_sign_in() -> None:
    result = await invoke("settings", "--json", environment={"PAYMENTS_CODEC_USERS": USERS})

    assert "$argon2id$" not in result.stdout


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def uses(shop: Shop, sealer: Sealer, clock: Clock) -> AuditedUses:
    return AuditedUses(Decodings(shop.engine, sealer), clock)


@pytest.fixture
async def placed(http: httpx.AsyncClient, order_id: str) -> str:
    """An order that is stored."""
    answer = await http.post("/v1/payments", json=order(order_id))
    assert answer.status_code == 201
    return order_id


def use_of(*workflow_ids: str, actor: str = "operator:citra", payloads: int = 3) -> CodecUse:
    return CodecUse(actor=actor, namespace="shop", payloads=payloads, workflow_ids=workflow_ids)


async def entries(shop: Shop, order_id: str) -> list[tuple[str, dict[str, str]]]:
    query = (
        select(audit_events.c.actor, audit_events.c.details)
        .where(audit_events.c.order_id == order_id, audit_events.c.event == "payload.decoded")
        .order_by(audit_events.c.seq)
    )
    async with shop.engine.connect() as connection:
        return [(row.actor, row.details) for row in await connection.execute(query)]


def logged(caplog: pytest.LogCaptureFixture, event: str) -> list[dict[str, Any]]:
    return [line.__dict__ for line in caplog.records if line.msg == event]


@pytest.mark.postgres
@pytest.mark.temporal
async def test_what_was_shown_is_in_the_orders_audit_and_in_the_log(
    shop: Shop, uses: AuditedUses, placed: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="starter")

    await uses.decoded(use_of(workflow_id(placed)))

    details = {"namespace": "shop", "payloads": "3"}
    assert await entries(shop, placed) == [("operator:citra", details)]
    (line,) = logged(caplog, "payload.decoded")
    assert (line["actor"], line["namespace"], line["payloads"]) == ("operator:citra", "shop", 3)
    assert line["workflow_ids"] == [workflow_id(placed)]


@pytest.mark.postgres
@pytest.mark.temporal
async def test_a_page_view_is_one_entry_of_each_person_in_ten_minutes(
    shop: Shop, uses: AuditedUses, placed: str, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="starter")
    use = use_of(workflow_id(placed))

    await asyncio.gather(*(uses.decoded(use) for _ in range(20)))
    await uses.decoded(replace(use, actor="operator:dewi"))
    clock.now += ONCE_IN - timedelta(seconds=1)
    await uses.decoded(use)
    clock.now += timedelta(seconds=1)
    await uses.decoded(use)

    actors = [actor for actor, _ in await entries(shop, placed)]
    assert actors == ["operator:citra", "operator:dewi", "operator:citra"]
    assert len(logged(caplog, "payload.decoded")) == 23


@pytest.mark.postgres
@pytest.mark.temporal
async def test_runs_of_no_stored_order_are_only_logged(
    shop: Shop, uses: AuditedUses, placed: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="starter")
    others = ("payment/SKT-nobody", "payment/../x", "reconciliation/open-2026", "anything")

    await uses.decoded(use_of(*others, workflow_id(placed)))
    await uses.decoded(use_of())

    assert len(await entries(shop, placed)) == 1
    lines = logged(caplog, "payload.decoded")
    assert [len(line["workflow_ids"]) for line in lines] == [5, 0]


@pytest.mark.postgres
@pytest.mark.temporal
async def test_a_run_that_was_shown_before_its_order_was_stored_is_noted_once_it_is(
    shop: Shop, uses: AuditedUses, http: httpx.AsyncClient, order_id: str
) -> None:
    await uses.decoded(use_of(workflow_id(order_id)))
    await http.post("/v1/payments", json=order(order_id))

    await uses.decoded(use_of(workflow_id(order_id)))

    assert len(await entries(shop, order_id)) == 1


@pytest.mark.postgres
@pytest.mark.temporal
async def test_an_order_that_is_noted_waits_for_no_other(
    shop: Shop, uses: AuditedUses, http: httpx.AsyncClient, placed: str
) -> None:
    busy = f"{placed}-busy"
    await http.post("/v1/payments", json=order(busy))
    row = select(orders.c.order_id).where(orders.c.order_id == busy).with_for_update()

    async with shop.engine.begin() as connection:
        await connection.execute(row)
        with pytest.raises(UnrecordedError):
            await uses.decoded(use_of(workflow_id(placed), workflow_id(busy)))

    assert len(await entries(shop, placed)) == 1
    assert await entries(shop, busy) == []


async def test_without_the_database_nothing_counts_as_shown(
    sealer: Sealer, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="starter")
    away = create_engine(WITH_DATABASE["database_url"], application_name="tests")
    uses = AuditedUses(Decodings(away, sealer), clock)

    for _ in range(2):
        with pytest.raises(UnrecordedError):
            await uses.decoded(use_of("payment/SKT-1"))

    assert logged(caplog, "payload.decoded") == []


@dataclass(frozen=True)
class Served:
    url: str
    http: httpx.AsyncClient


@asynccontextmanager
async def served(
    environment: Mapping[str, str], directory: Path, **given: object
) -> AsyncIterator[Served]:
    """The codec server as a process of its own, speaking https."""
    port = Ports().choose()
    tls = certificates(directory)
    told = {**tls, **given, "codec_port": port, "codec_origins": UI}
    program = replace(
        python_module("codec-server", "starter", "codec-server"),
        environment={
            "PATH": os.defpath,
            **environment,
            **{f"PAYMENTS_{name.upper()}": str(value) for name, value in told.items()},
        },
    )
    trusted = ssl.create_default_context(cafile=str(directory / "ca.pem"))
    url = f"https://{LOOPBACK}:{port}"
    async with (
        running(program, directory) as child,
        httpx.AsyncClient(verify=trusted, trust_env=False, base_url=url) as http,
    ):

        async def answers() -> bool:
            try:
                return (await http.get("/readyz")).is_success
            except httpx.TransportError:
                return False

        await child.wait_until(answers, timedelta(seconds=60))
        yield Served(url, http)
    assert child.exit_code == 0
    assert all(json.loads(line)["event"] for line in child.said().splitlines())
    assert "sari@example.com" not in child.said()
    assert PASSWORD not in child.said()


def certificates(directory: Path) -> dict[str, str]:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(directory / "ca.pem"))
    own = authority.issue_cert(LOOPBACK)
    paths = {"codec_tls_cert": directory / "own.pem", "codec_tls_key": directory / "own.key"}
    own.private_key_pem.write_to_path(str(paths["codec_tls_key"]))
    paths["codec_tls_cert"].write_bytes(b"".join(pem.bytes() for pem in own.cert_chain_pems))
    return {name: str(path) for name, path in paths.items()}


@pytest.mark.postgres
@pytest.mark.temporal
async def test_over_https_who_signs_in_sees_a_run_and_its_order_says_so(
    shop: Shop, environment: dict[str, str], placed: str, tmp_path: Path
) -> None:
    users = tmp_path / "codec-users"
    await asyncio.to_thread(users.write_text, USERS)
    handle = shop.temporal.get_workflow_handle(workflow_id(placed))
    history = await handle.fetch_history()
    started = history.events[0].workflow_execution_started_event_attributes
    body = json_format.MessageToDict(started.input)

    async with served(environment, tmp_path, codec_users=users) as codec:
        before = await codec.http.post("/default/decode", json=body, headers={"Origin": UI})
        await codec.http.post("/login", data={"name": "citra", "password": PASSWORD})
        after = await codec.http.post("/default/decode", json=body, headers={"Origin": UI})
        encoded = await codec.http.post("/default/encode", json=after.json())

    assert (before.status_code, after.status_code) == (401, 200)
    (clear,) = json_format.Parse(after.content, Payloads()).payloads
    assert json.loads(clear.data) == placed
    details = {"namespace": "default", "payloads": "1"}
    assert await entries(shop, placed) == [("operator:citra", details)]
    keyset = load_aead(environment["PAYMENTS_KEYSET_TEMPORAL"])
    (sealed,) = json_format.Parse(encoded.content, Payloads()).payloads
    assert EncryptingCodec(keyset, "default").open(sealed) == clear


async def test_without_the_database_a_signed_in_operator_sees_nothing(
    keyset_settings: dict[str, str], tmp_path: Path
) -> None:
    settings = Settings.model_validate(
        {
            **{n.removeprefix("PAYMENTS_").lower(): v for n, v in keyset_settings.items()},
            "database_url": WITH_DATABASE["database_url"],
            "codec_users": USERS,
            "codec_origins": [UI],
        }
    )
    parts = codec_parts(settings)
    in_a_run = EncryptingCodec(parts.keyset, "default", workflow_id("SKT-1"))
    sealed = in_a_run.seal(Payload(data=b"sari@example.com"))
    body = json_format.MessageToDict(Payloads(payloads=[sealed]))

    async with parts.app(asyncio.Event()) as app:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="https://codec") as http:
            await http.post("/login", data={"name": "citra", "password": PASSWORD})
            answer = await http.post("/decode", json=body, headers={"Origin": UI})
            ready = await http.get("/readyz")

    assert answer.status_code == 503
    assert answer.headers["Access-Control-Allow-Origin"] == UI
    assert "payloads" not in answer.json()
    assert ready.status_code == 503


async def test_the_local_stacks_codec_server_needs_no_database() -> None:
    parts = codec_parts(Settings.model_validate({**ALONE, "codec_secret": "secret-segment"}))
    codec = EncryptingCodec(parts.keyset, "default", workflow_id("SKT-1"))
    body = json_format.MessageToDict(Payloads(payloads=[codec.seal(Payload(data=b"clear"))]))

    async with parts.app(asyncio.Event()) as app:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://codec") as http:
            right = await http.post("/secret-segment/decode", json=body)
            wrong = await http.post("/wrong/decode", json=body)
            live = await http.get("/livez")

    assert (live.status_code, right.status_code, wrong.status_code) == (200, 200, 401)
