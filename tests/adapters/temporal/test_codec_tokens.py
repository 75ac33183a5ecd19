"""Tokens of the Web UI's own login at the codec server: what is proven, and what is only claimed."""

import asyncio
import base64
import hashlib
import hmac
import json
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import time
from typing import Any

import httpx
import jwt
import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from google.protobuf import json_format
from jwt import PyJWKClient
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from temporalio.api.common.v1 import Payload, Payloads

from adapters.keysets import AeadKeyset
from adapters.temporal.codec import EncryptingCodec
from adapters.temporal.codec_access import CodecAccess
from adapters.temporal.codec_server import codec_app
from adapters.temporal.codec_tokens import (
    CodecTokens,
    Issuer,
    IssuerKeys,
    KeysUnreadableError,
    issuer_keys,
)
from tests.adapters.temporal.codec_record import KeptRecord

ISSUER = "https://login.skaters.example/"
AUDIENCE = "temporal-operators"
DEWI = "dewi@skaters.example"
ORIGIN = "https://temporal.skaters.example"
# Tokens are made when tests are collected, long before the last of them runs.
DAY = 86_400
RSA_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
OTHER_KEY = rsa.generate_private_key(65537, 2048)


def jwks(*more: dict[str, Any]) -> str:
    keys = [
        {**RSAAlgorithm.to_jwk(RSA_KEY.public_key(), as_dict=True), "kid": "rsa", "use": "sig"},
        {**ECAlgorithm.to_jwk(EC_KEY.public_key(), as_dict=True), "kid": "ec"},
        *more,
    ]
    return json.dumps({"keys": keys})


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time())
    own = {"iss": ISSUER, "aud": AUDIENCE, "sub": "user|citra", "iat": now, "exp": now + DAY}
    return {name: value for name, value in {**own, **changes}.items() if value is not None}


def token(
    body: dict[str, Any] | None = None,
    *,
    key: Any = RSA_KEY,
    algorithm: str = "RS256",
    kid: str | None = "rsa",
) -> str:
    headers = {} if kid is None else {"kid": kid}
    return jwt.encode(body or claims(), key, algorithm, headers=headers)


def signed_by_hand(header: dict[str, Any], secret: bytes) -> str:
    """What no library would sign: HMAC under whatever bytes."""
    parts = (json.dumps(part).encode() for part in (header, claims()))
    text = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    signature = hmac.digest(secret, text, hashlib.sha256)
    return (text + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    file = tmp_path / "jwks.json"
    file.write_text(jwks())
    return file


@pytest.fixture
def tokens(key_file: Path) -> CodecTokens:
    return tokens_of(issuer_keys(str(key_file)))


def tokens_of(keys: IssuerKeys) -> CodecTokens:
    return CodecTokens(Issuer(issuer=ISSUER, audience=AUDIENCE, keys=keys))


@pytest.mark.parametrize(
    "good",
    [
        token(),
        token(key=EC_KEY, algorithm="ES256", kid="ec"),
        token(claims(aud=["another", AUDIENCE])),
        token(claims(nbf=int(time()) - 60)),
    ],
    ids=["rsa", "ec", "audiences", "nbf"],
)
async def test_a_token_that_is_proven_names_its_subject(tokens: CodecTokens, good: str) -> None:
    assert await tokens.subject(good) == "user|citra"


@pytest.mark.parametrize(
    ("mail", "named"),
    [
        ({"email": "citra@skaters.example", "email_verified": True}, "citra@skaters.example"),
        ({"email": "budi@skaters.example", "email_verified": False}, "user|citra"),
        ({"email": "budi@skaters.example"}, "user|citra"),
        ({"email": "budi@skaters.example", "email_verified": "true"}, "user|citra"),
    ],
)
async def test_only_a_proven_mail_address_stands_for_the_subject(
    tokens: CodecTokens, mail: dict[str, Any], named: str
) -> None:
    assert await tokens.subject(token(claims(**mail))) == named


@pytest.mark.parametrize(
    ("person", "named"),
    [
        ({"sub": "user|citra"}, "user|citra"),
        ({"sub": "9", "email": "dewi@skaters.example", "email_verified": True}, DEWI),
        ({"sub": "9", "email": "dewi@skaters.example", "email_verified": False}, None),
        ({"sub": "user|citra", "email": "c@x.example", "email_verified": True}, "c@x.example"),
        ({"sub": "user|budi"}, None),
        ({"sub": "user|citra "}, None),
    ],
)
async def test_where_subjects_are_named_nobody_else_counts(
    key_file: Path, person: dict[str, Any], named: str | None
) -> None:
    keys, subjects = issuer_keys(str(key_file)), frozenset({"user|citra", DEWI})
    tokens = CodecTokens(Issuer(issuer=ISSUER, audience=AUDIENCE, keys=keys, subjects=subjects))

    assert await tokens.subject(token(claims(**person))) == named


PUBLIC_PEM = RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
BAD_TOKENS = {
    "no token": "not a token",
    "empty": "",
    "alg none": jwt.encode(claims(), "", "none", headers={"kid": "rsa"}),
    "alg none, no kid": jwt.encode(claims(), "", "none"),
    "signature cut off": token().rpartition(".")[0] + ".",
    "wrong key": token(key=OTHER_KEY),
    "another key's id": token(kid="ec"),
    "unknown key id": token(kid="nobody"),
    "no key id": token(kid=None),
    "HS256 under the public key": signed_by_hand({"alg": "HS256", "kid": "rsa"}, PUBLIC_PEM),
    "HS256 under the key set": signed_by_hand({"alg": "HS256", "kid": "rsa"}, jwks().encode()),
    "another algorithm than the key's": token(algorithm="RS512"),
    "expired": token(claims(exp=int(time()) - 60)),
    "never expires": token(claims(exp=None)),
    "not yet valid": token(claims(nbf=int(time()) + DAY)),
    "issued in the future": token(claims(iat=int(time()) + DAY)),
    "wrong issuer": token(claims(iss="https://evil.example/")),
    "issuer without its slash": token(claims(iss=ISSUER.rstrip("/"))),
    "no issuer": token(claims(iss=None)),
    "wrong audience": token(claims(aud="shop")),
    "no audience": token(claims(aud=None)),
    "no subject": token(claims(sub=None)),
    "empty subject": token(claims(sub="")),
    "long subject": token(claims(sub="x" * 101)),
    "subject of two lines": token(claims(sub="citra\ndewi")),
    "changed claims": ".".join(
        (token().split(".")[0], token(claims(sub="admin")).split(".")[1], token().split(".")[2])
    ),
}


@pytest.mark.parametrize("bad", BAD_TOKENS.values(), ids=BAD_TOKENS.keys())
async def test_a_token_that_is_not_proven_names_nobody(tokens: CodecTokens, bad: str) -> None:
    assert await tokens.subject(bad) is None


async def test_a_shared_secret_among_the_keys_is_not_believed(tmp_path: Path) -> None:
    secret = b"a shared secret of the issuer's, which others hold as well"
    encoded = base64.urlsafe_b64encode(secret).decode().rstrip("=")
    file = tmp_path / "jwks.json"
    file.write_text(jwks({"kty": "oct", "k": encoded, "kid": "shared", "alg": "HS256"}))
    signed = signed_by_hand({"alg": "HS256", "kid": "shared"}, secret)

    assert await tokens_of(issuer_keys(str(file))).subject(signed) is None


async def test_a_weak_key_is_not_believed(tmp_path: Path) -> None:
    weak = rsa.generate_private_key(65537, 1024)  # noqa: S505 - that is the point
    file = tmp_path / "jwks.json"
    file.write_text(jwks({**RSAAlgorithm.to_jwk(weak.public_key(), as_dict=True), "kid": "weak"}))
    with pytest.warns(jwt.warnings.InsecureKeyLengthWarning):
        signed = token(key=weak, kid="weak")

    assert await tokens_of(issuer_keys(str(file))).subject(signed) is None


async def test_a_key_file_that_is_replaced_counts_at_once(
    tokens: CodecTokens, key_file: Path
) -> None:
    new = {**RSAAlgorithm.to_jwk(OTHER_KEY.public_key(), as_dict=True), "kid": "new"}
    await asyncio.to_thread(key_file.write_text, json.dumps({"keys": [new]}))

    assert await tokens.subject(token(key=OTHER_KEY, kid="new")) == "user|citra"
    assert await tokens.subject(token()) is None


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("http://login.skaters.example/jwks", "https"),
        ("file:///etc/jwks", "https"),
        ("nowhere.json", "cannot read a JWK set"),
    ],
)
def test_keys_come_over_https_or_from_a_file(source: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        issuer_keys(source)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"keys": []}', '{"keys": [{"kty": "?"}]}'])
def test_a_file_without_keys_is_an_error_at_once(tmp_path: Path, text: str) -> None:
    file = tmp_path / "jwks.json"
    file.write_text(text)

    with pytest.raises(ValueError, match="cannot read a JWK set"):
        issuer_keys(str(file))


@dataclass
class KeyServer:
    """An issuer's key set over https, and how often it was asked for."""

    url: str = ""
    asked: int = 0
    body: str = field(default_factory=jwks)
    status: int = 200


@pytest.fixture
def key_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[KeyServer]:
    served = KeyServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked += 1
            self.send_response(served.status)
            self.end_headers()
            self.wfile.write(served.body.encode())

        def log_message(self, *_: Any) -> None: ...

    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        served.url = f"https://127.0.0.1:{server.server_port}/jwks"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield served
        server.shutdown()
        thread.join()


async def test_the_issuer_is_asked_once_for_many_tokens(key_server: KeyServer) -> None:
    tokens = tokens_of(issuer_keys(key_server.url))

    named = [await tokens.subject(token()) for _ in range(5)]

    assert named == ["user|citra"] * 5
    assert key_server.asked == 1


async def test_made_up_key_ids_do_not_make_it_ask_again(key_server: KeyServer) -> None:
    tokens = tokens_of(issuer_keys(key_server.url))

    await asyncio.gather(*(tokens.subject(token(kid=f"made-up-{n}")) for n in range(20)))

    assert key_server.asked == 1


async def test_a_new_key_of_the_issuer_is_found(key_server: KeyServer) -> None:
    """As it is once the minute is over in which nothing is asked again."""
    keys = issuer_keys(key_server.url)
    assert isinstance(keys, PyJWKClient)
    tokens = tokens_of(keys)
    await tokens.subject(token())
    new = {**RSAAlgorithm.to_jwk(OTHER_KEY.public_key(), as_dict=True), "kid": "new"}
    key_server.body = json.dumps({"keys": [new]})
    keys.cooldown_duration = 0

    assert await tokens.subject(token(key=OTHER_KEY, kid="new")) == "user|citra"
    assert key_server.asked == 2


async def test_what_could_never_be_valid_asks_nobody(key_server: KeyServer) -> None:
    tokens = tokens_of(issuer_keys(key_server.url))

    for name in ("no token", "alg none", "no key id", "HS256 under the public key"):
        assert await tokens.subject(BAD_TOKENS[name]) is None

    assert key_server.asked == 0


@pytest.mark.parametrize(("status", "body"), [(500, ""), (200, "no JSON"), (302, ""), (200, "{}")])
async def test_keys_that_cannot_be_read_are_nobodys_fault(
    key_server: KeyServer, status: int, body: str
) -> None:
    key_server.status, key_server.body = status, body

    with pytest.raises(KeysUnreadableError):
        await tokens_of(issuer_keys(key_server.url)).subject(token())


async def test_an_issuer_that_does_not_answer_is_left_alone_for_a_while(
    key_server: KeyServer,
) -> None:
    keys = issuer_keys(key_server.url)
    assert isinstance(keys, PyJWKClient)
    tokens = tokens_of(keys)
    await tokens.subject(token())
    key_server.status, keys.cooldown_duration = 500, 0

    made_up = (tokens.subject(token(kid=f"made-up-{n}")) for n in range(20))
    answers = await asyncio.gather(*made_up, return_exceptions=True)

    assert {type(answer) for answer in answers} == {KeysUnreadableError}
    assert key_server.asked == 2
    assert await tokens.subject(token()) == "user|citra"


async def test_an_issuer_with_a_strange_certificate_is_not_believed(
    key_server: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")

    with pytest.raises(KeysUnreadableError):
        await tokens_of(issuer_keys(key_server.url)).subject(token())

    assert key_server.asked == 0


@asynccontextmanager
async def web_ui(
    keyset: AeadKeyset, tokens: CodecTokens, record: KeptRecord
) -> AsyncIterator[httpx.AsyncClient]:
    app = codec_app(keyset, CodecAccess(tokens=tokens), record, allowed_origins=[ORIGIN])
    transport = httpx.ASGITransport(app)
    headers = {"Origin": ORIGIN}
    async with httpx.AsyncClient(
        transport=transport, base_url="https://codec.test", headers=headers
    ) as client:
        yield client


def sealed_body(keyset: AeadKeyset) -> Any:
    sealed = EncryptingCodec(keyset, "default").seal(Payload(data=b"clear"))
    return json_format.MessageToDict(Payloads(payloads=[sealed]))


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
async def test_the_web_uis_token_opens_payloads_and_names_who_asks(
    keyset: AeadKeyset, tokens: CodecTokens, scheme: str
) -> None:
    record = KeptRecord()
    async with web_ui(keyset, tokens, record) as http:
        answer = await http.post(
            "/decode",
            json=sealed_body(keyset),
            headers={"Authorization": f"{scheme} {token()}", "Authorization-Extras": "an id token"},
        )

    assert answer.status_code == 200
    assert [use.actor for use in record.decodings] == ["operator:user|citra"]


@pytest.mark.parametrize(
    "authorization",
    ["", token(), f"Basic {token()}", f"Bearer {BAD_TOKENS['alg none']}", "Bearer", "Bearer "],
)
async def test_without_a_proven_token_nothing_is_shown(
    keyset: AeadKeyset, tokens: CodecTokens, authorization: str
) -> None:
    record = KeptRecord()
    async with web_ui(keyset, tokens, record) as http:
        answer = await http.post(
            "/decode", json=sealed_body(keyset), headers={"Authorization": authorization}
        )

    assert answer.status_code == 401
    assert record == KeptRecord()


async def test_without_the_issuers_keys_it_says_to_try_later(
    keyset: AeadKeyset, key_server: KeyServer
) -> None:
    key_server.status = 500
    async with web_ui(keyset, tokens_of(issuer_keys(key_server.url)), KeptRecord()) as http:
        answer = await http.post(
            "/decode",
            json=sealed_body(keyset),
            headers={"Authorization": f"Bearer {token()}"},
        )

    assert answer.status_code == 503
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN


async def test_without_users_there_is_no_login(keyset: AeadKeyset, tokens: CodecTokens) -> None:
    async with web_ui(keyset, tokens, KeptRecord()) as http:
        assert (await http.post("/login", data={"name": "citra"})).status_code == 404
