import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from google.protobuf import json_format
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.converter import WorkflowSerializationContext

from adapters.keysets import AeadKeyset
from adapters.temporal.codec import EncryptingCodec
from adapters.temporal.codec_access import LOCAL, CodecAccess
from adapters.temporal.codec_server import BODY_BYTES_MAX, CodecUse, codec_app
from tests.adapters.temporal.codec_record import KeptRecord

SECRET = "made-up-secret"
ORIGIN = "http://localhost:8233"
PAYLOAD = Payload(metadata={"encoding": b"json/plain"}, data=b'"clear"')


@pytest.fixture
def record() -> KeptRecord:
    return KeptRecord()


@pytest.fixture
async def http(keyset: AeadKeyset, record: KeptRecord) -> AsyncIterator[httpx.AsyncClient]:
    access = CodecAccess(path_secret=SECRET)
    app = codec_app(keyset, access, record, allowed_origins=[ORIGIN])
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://codec.test") as client:
        yield client


def as_json(*payloads: Payload) -> Any:
    return json_format.MessageToDict(Payloads(payloads=payloads))


def payloads_of(answer: httpx.Response) -> list[Payload]:
    return list(json_format.Parse(answer.content, Payloads()).payloads)


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (f"/{SECRET}/decode", {"X-Namespace": "shop"}),
        (f"/{SECRET}/shop/decode", {}),
        (f"/{SECRET}/other/decode", {"X-Namespace": "shop"}),
        (f"/{SECRET}/mounted/deeper/shop/decode", {}),
        (f"/{SECRET}/decode?preserveStorageRefs=true", {"X-Namespace": "shop"}),
    ],
)
async def test_payloads_of_the_named_namespace_are_decoded(
    http: httpx.AsyncClient, keyset: AeadKeyset, path: str, headers: dict[str, str]
) -> None:
    sealed = EncryptingCodec(keyset, "shop").seal(PAYLOAD)

    answer = await http.post(path, json=as_json(sealed, PAYLOAD), headers=headers)

    assert answer.status_code == 200
    assert payloads_of(answer) == [PAYLOAD, PAYLOAD]
    assert answer.headers["Cache-Control"] == "no-store"


async def test_what_it_encodes_a_worker_reads(http: httpx.AsyncClient, keyset: AeadKeyset) -> None:
    answer = await http.post(
        f"/{SECRET}/encode", json=as_json(PAYLOAD), headers={"X-Namespace": "shop"}
    )

    (sealed,) = payloads_of(answer)
    assert b"clear" not in sealed.SerializeToString()
    assert EncryptingCodec(keyset, "shop").open(sealed) == PAYLOAD


async def test_no_namespace_means_the_default_one(
    http: httpx.AsyncClient, keyset: AeadKeyset
) -> None:
    sealed = EncryptingCodec(keyset, "default").seal(PAYLOAD)

    answer = await http.post(f"/{SECRET}/decode", json=as_json(sealed))

    assert payloads_of(answer) == [PAYLOAD]


async def test_what_it_cannot_read_comes_back_untouched(
    http: httpx.AsyncClient, keyset: AeadKeyset, other_keyset: AeadKeyset
) -> None:
    strange = EncryptingCodec(other_keyset, "default").seal(PAYLOAD)
    sealed = EncryptingCodec(keyset, "default").seal(PAYLOAD)

    answer = await http.post(f"/{SECRET}/decode", json=as_json(strange, sealed))

    assert answer.status_code == 200
    assert payloads_of(answer) == [strange, PAYLOAD]


@pytest.mark.parametrize("path", ["/wrong/decode", "/decode", "/shop/encode", "/%C3%A9/decode"])
async def test_without_the_secret_it_says_where_to_sign_in(
    http: httpx.AsyncClient, record: KeptRecord, path: str
) -> None:
    answer = await http.post(path, json=as_json(PAYLOAD), headers={"Origin": ORIGIN})

    assert answer.status_code == 401
    assert "/login" in answer.json()["error"]
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="codec server"'
    assert answer.headers["Cache-Control"] == "no-store"
    # Without these, the Web UI could not read why.
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert record == KeptRecord()


@pytest.mark.parametrize("path", ["/", f"/{SECRET}", f"/{SECRET}/download", f"/{SECRET}/decode/x"])
async def test_the_last_part_of_the_path_decides(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.post(path, json=as_json(PAYLOAD), headers={"Origin": ORIGIN})

    assert answer.status_code == 404
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN


async def test_only_posts_are_answered(http: httpx.AsyncClient) -> None:
    answer = await http.get(f"/{SECRET}/decode")

    assert answer.status_code == 405


@pytest.mark.parametrize(
    "body", [b"", b"not JSON", b"\xff", b'{"payloads": [1]}', json.dumps({"x": 1}).encode()]
)
async def test_what_is_no_payloads_is_refused(http: httpx.AsyncClient, body: bytes) -> None:
    answer = await http.post(f"/{SECRET}/decode", content=body, headers={"Origin": ORIGIN})

    assert answer.status_code == 400
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN


async def test_too_large_a_body_is_refused(http: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * (BODY_BYTES_MAX // 4 + 1)

    answer = await http.post(f"/{SECRET}/decode", content=endless())

    assert answer.status_code == 413


async def test_a_body_that_does_not_come_is_given_up(
    keyset: AeadKeyset, record: KeptRecord
) -> None:
    async def silence() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    access = CodecAccess(path_secret=SECRET)
    within = timedelta(milliseconds=10)
    app = codec_app(keyset, access, record, allowed_origins=[ORIGIN], body_within=within)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://codec.test") as http:
        answer = await http.post(f"/{SECRET}/decode", content=silence())

    assert answer.status_code == 408
    assert answer.headers["Connection"] == "close"


@pytest.mark.parametrize("origin", [ORIGIN, "http://127.0.0.1:8233"])
@pytest.mark.parametrize("action", ["decode", "encode"])
async def test_the_web_ui_may_ask_under_both_names(
    http: httpx.AsyncClient, origin: str, action: str
) -> None:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": (
            "authorization,authorization-extras,content-type,x-namespace"
        ),
    }

    answer = await http.options(f"/{SECRET}/{action}", headers=asked)

    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert "x-namespace" in answer.headers["Access-Control-Allow-Headers"].lower()
    assert "Origin" in answer.headers["Vary"]


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:9999"])
async def test_other_origins_may_not(
    http: httpx.AsyncClient, keyset: AeadKeyset, record: KeptRecord, origin: str
) -> None:
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    sealed = EncryptingCodec(keyset, "default").seal(PAYLOAD)

    preflight = await http.options(f"/{SECRET}/decode", headers=asked)
    answer = await http.post(f"/{SECRET}/decode", json=as_json(sealed), headers={"Origin": origin})

    assert (preflight.status_code, answer.status_code) == (400, 403)
    assert "Access-Control-Allow-Origin" not in preflight.headers
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Origin" in answer.headers["Vary"]
    assert record == KeptRecord()


async def test_a_caller_that_is_no_browser_names_no_origin(http: httpx.AsyncClient) -> None:
    answer = await http.post(f"/{SECRET}/decode", json=as_json(PAYLOAD))

    assert answer.status_code == 200
    assert "Origin" in answer.headers["Vary"]


async def test_what_is_decoded_is_recorded_by_run(
    http: httpx.AsyncClient, keyset: AeadKeyset, other_keyset: AeadKeyset, record: KeptRecord
) -> None:
    codec = EncryptingCodec(keyset, "shop")
    sealed = [
        codec.with_context(WorkflowSerializationContext("shop", workflow_id)).seal(PAYLOAD)
        for workflow_id in ("payment/SKT-2", "payment/SKT-1", "payment/SKT-2")
    ]
    old, strange = codec.seal(PAYLOAD), EncryptingCodec(other_keyset, "shop").seal(PAYLOAD)

    await http.post(f"/{SECRET}/shop/decode", json=as_json(*sealed, old, strange, PAYLOAD))

    assert record.decodings == [
        CodecUse(
            actor=LOCAL,
            namespace="shop",
            payloads=4,
            workflow_ids=("payment/SKT-1", "payment/SKT-2"),
        )
    ]


async def test_what_was_clear_already_is_not_recorded(
    http: httpx.AsyncClient, record: KeptRecord
) -> None:
    await http.post(f"/{SECRET}/decode", json=as_json(PAYLOAD))

    assert record.decodings == []


async def test_what_cannot_be_recorded_is_not_shown(
    http: httpx.AsyncClient,
    keyset: AeadKeyset,
    record: KeptRecord,
    caplog: pytest.LogCaptureFixture,
) -> None:
    record.is_broken = True
    sealed = EncryptingCodec(keyset, "default").seal(PAYLOAD)

    answer = await http.post(f"/{SECRET}/decode", json=as_json(sealed), headers={"Origin": ORIGIN})

    assert answer.status_code == 503
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.headers["Retry-After"]
    assert "payloads" not in answer.json()
    assert [line.msg for line in caplog.records] == ["payload.withheld"]


async def test_what_is_encoded_is_recorded(http: httpx.AsyncClient, record: KeptRecord) -> None:
    await http.post(f"/{SECRET}/shop/encode", json=as_json(PAYLOAD, PAYLOAD))

    assert record.encodings == [CodecUse(actor=LOCAL, namespace="shop", payloads=2)]
