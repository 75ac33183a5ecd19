import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from google.protobuf import json_format
from temporalio.api.common.v1 import Payload, Payloads

from adapters.keysets import AeadKeyset
from adapters.temporal.codec import EncryptingCodec
from adapters.temporal.codec_server import BODY_BYTES_MAX, codec_app

SECRET = "made-up-secret"
ORIGIN = "http://localhost:8233"
PAYLOAD = Payload(metadata={"encoding": b"json/plain"}, data=b'"clear"')


@pytest.fixture
async def http(keyset: AeadKeyset) -> AsyncIterator[httpx.AsyncClient]:
    app = codec_app(keyset, path_secret=SECRET, allowed_origins=[ORIGIN])
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


@pytest.mark.parametrize(
    "path", ["/wrong/decode", "/decode", f"/{SECRET}", f"/{SECRET}/download", "/%C3%A9/decode"]
)
async def test_a_wrong_secret_or_action_is_not_found(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.post(path, json=as_json(PAYLOAD), headers={"Origin": ORIGIN})

    assert answer.status_code == 404
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN


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
async def test_other_origins_may_not(http: httpx.AsyncClient, origin: str) -> None:
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}

    preflight = await http.options(f"/{SECRET}/decode", headers=asked)
    answer = await http.post(f"/{SECRET}/decode", json=as_json(PAYLOAD), headers={"Origin": origin})

    assert preflight.status_code == 400
    assert "Access-Control-Allow-Origin" not in preflight.headers
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("secret", ["", "two/parts"])
def test_the_secret_must_be_a_path_segment(keyset: AeadKeyset, secret: str) -> None:
    with pytest.raises(ValueError, match="path segment"):
        codec_app(keyset, path_secret=secret, allowed_origins=[])
