"""Signing in at the codec server, as a browser does it, and what others try there."""

import asyncio
import base64
import json
import logging
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from pathlib import Path

import httpx
import pytest
from argon2 import PasswordHasher
from google.protobuf import json_format
from starlette.applications import Starlette
from temporalio.api.common.v1 import Payload, Payloads

from adapters.keysets import AeadKeyset
from adapters.temporal.codec import EncryptingCodec
from adapters.temporal.codec_access import CodecAccess
from adapters.temporal.codec_login import (
    BODY_BYTES_MAX,
    TRIES_PER_ADDRESS,
    TRIES_PER_NAME,
    WINDOW,
    CodecLogin,
)
from adapters.temporal.codec_server import codec_app
from adapters.temporal.codec_sessions import COOKIE, LIFE
from adapters.temporal.codec_users import CodecUsers, user_entry
from tests.adapters.temporal.codec_record import KeptRecord

ORIGIN = "https://temporal.skaters.example"
HOST = "https://codec.skaters.example"
PASSWORD = "made-up passphrase"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
CITRA = f"citra:{QUICK.hash(PASSWORD)}"
DEWI = f"dewi:{QUICK.hash('another passphrase')}"
RIGHT = {"name": "citra", "password": PASSWORD}
WRONG = {"name": "citra", "password": "a wrong passphrase"}
PAYLOAD = Payload(metadata={"encoding": b"json/plain"}, data=b'"clear"')


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def record() -> KeptRecord:
    return KeptRecord()


@pytest.fixture
async def http(
    keyset: AeadKeyset, record: KeptRecord, clock: Clock
) -> AsyncIterator[httpx.AsyncClient]:
    async with browser_at(keyset, f"{CITRA}\n{DEWI}\n", clock, record) as client:
        yield client


def browser_at(
    keyset: AeadKeyset, users: str, clock: Clock, record: KeptRecord | None = None
) -> httpx.AsyncClient:
    app = app_for(keyset, users, clock, record)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HOST)


def app_for(
    keyset: AeadKeyset, users: str, clock: Clock, record: KeptRecord | None = None
) -> Starlette:
    access = CodecAccess(login=CodecLogin(keyset, CodecUsers.load(users), clock))
    return codec_app(keyset, access, record or KeptRecord(), allowed_origins=[ORIGIN])


async def signed_in(http: httpx.AsyncClient) -> str:
    """The session's cookie, which the client has then as well."""
    answer = await http.post("/login", data=RIGHT)
    assert answer.status_code == 303
    return http.cookies[COOKIE]


async def decoded(http: httpx.AsyncClient, keyset: AeadKeyset) -> httpx.Response:
    sealed = EncryptingCodec(keyset, "default").seal(PAYLOAD)
    body = json_format.MessageToDict(Payloads(payloads=[sealed]))
    return await http.post("/decode", json=body, headers={"Origin": ORIGIN})


async def test_who_signs_in_sees_clear_payloads_and_is_recorded(
    http: httpx.AsyncClient, keyset: AeadKeyset, record: KeptRecord
) -> None:
    before = await decoded(http, keyset)
    await signed_in(http)
    after = await decoded(http, keyset)

    assert (before.status_code, after.status_code) == (401, 200)
    assert list(json_format.Parse(after.content, Payloads()).payloads) == [PAYLOAD]
    assert after.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert after.headers["Access-Control-Allow-Credentials"] == "true"
    assert [use.actor for use in record.decodings] == ["operator:citra"]


async def test_the_page_says_who_is_signed_in_and_signs_out(
    http: httpx.AsyncClient, keyset: AeadKeyset
) -> None:
    await signed_in(http)

    page = await http.get("/login")
    left = await http.post("/logout", follow_redirects=True)

    assert "Signed in as <strong>citra</strong>" in page.text
    assert 'action="login"' in left.text
    assert (await decoded(http, keyset)).status_code == 401


async def test_the_cookie_is_kept_from_scripts_other_hosts_and_other_sites(
    http: httpx.AsyncClient,
) -> None:
    answer = await http.post("/login", data=RIGHT)

    cookie = SimpleCookie(answer.headers["Set-Cookie"])[COOKIE]
    assert COOKIE.startswith("__Host-")
    assert (cookie["httponly"], cookie["secure"], cookie["samesite"]) == (True, True, "strict")
    assert (cookie["path"], cookie["domain"]) == ("/", "")
    assert int(cookie["max-age"]) == LIFE.total_seconds() == 8 * 3600
    assert "citra" not in answer.headers["Set-Cookie"]


@pytest.mark.parametrize("path", ["/login", "/login?next=https://evil.example", "/logout"])
async def test_nobody_is_sent_anywhere_else(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.post(path, data={**RIGHT})

    assert answer.status_code == 303
    assert answer.headers["Location"] == "login"


@pytest.mark.parametrize("form", [RIGHT, WRONG, None])
async def test_no_page_is_kept_framed_or_made_to_run_a_script(
    http: httpx.AsyncClient, form: dict[str, str] | None
) -> None:
    answer = await (http.get("/login") if form is None else http.post("/login", data=form))

    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "<script" not in answer.text


async def test_no_other_origin_may_read_the_page(http: httpx.AsyncClient) -> None:
    answer = await http.get("/login", headers={"Origin": "https://evil.example"})

    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    "form",
    [
        WRONG,
        {"name": "nobody", "password": PASSWORD},
        {"name": "dewi", "password": PASSWORD},
        {"name": "CITRA", "password": PASSWORD},
        {"name": "citra"},
        {"password": PASSWORD},
        {"name": "citra", "password": ""},
        {"name": "citra", "password": PASSWORD, "more": "1"},
        {},
    ],
)
async def test_every_wrong_login_is_told_the_same(
    http: httpx.AsyncClient, keyset: AeadKeyset, form: dict[str, str]
) -> None:
    answer = await http.post("/login", data=form)

    assert answer.status_code == 401
    assert re.findall(r'role="alert">(.*)<', answer.text) == ["Name or password is wrong."]
    assert "Set-Cookie" not in answer.headers
    assert (await decoded(http, keyset)).status_code == 401


async def test_a_body_that_is_no_form_signs_nobody_in(http: httpx.AsyncClient) -> None:
    answer = await http.post("/login", content=b"name=citra&password=\xff\xfe")

    assert answer.status_code == 401


async def test_too_large_a_form_is_refused(http: httpx.AsyncClient) -> None:
    answer = await http.post("/login", content=b"x" * (BODY_BYTES_MAX + 1))

    assert answer.status_code == 413


async def test_what_people_type_for_a_name_reaches_neither_page_nor_log(
    http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="adapters")
    typed = "<b>my passphrase</b>"

    answer = await http.post("/login", data={"name": typed, "password": "x"})

    assert "my passphrase" not in answer.text
    (refused,) = [line for line in caplog.records if line.msg == "operator.sign_in_refused"]
    assert refused.__dict__["operator"] is None


async def test_the_log_names_who_signed_in_and_who_failed_to(
    http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="adapters")

    await http.post("/login", data=WRONG)
    await http.post("/login", data=RIGHT)

    said = [(line.msg, line.__dict__["operator"]) for line in caplog.records]
    assert said == [("operator.sign_in_refused", "citra"), ("operator.signed_in", "citra")]
    assert PASSWORD not in caplog.text


async def test_a_name_is_limited_also_for_who_knows_the_password(
    http: httpx.AsyncClient,
) -> None:
    tries = [await http.post("/login", data=WRONG) for _ in range(TRIES_PER_NAME)]

    limited = await http.post("/login", data=RIGHT)
    other = await http.post("/login", data={"name": "dewi", "password": "another passphrase"})

    assert {answer.status_code for answer in tries} == {401}
    assert limited.status_code == 429
    assert limited.headers["Retry-After"] == str(int(WINDOW.total_seconds()))
    assert "Set-Cookie" not in limited.headers
    assert other.status_code == 303


async def test_tries_at_once_count_as_well(http: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(
        *(http.post("/login", data=WRONG) for _ in range(TRIES_PER_NAME * 2))
    )

    assert [answer.status_code for answer in answers].count(401) == TRIES_PER_NAME


async def test_who_signs_in_starts_counting_anew(http: httpx.AsyncClient) -> None:
    for _ in range(TRIES_PER_NAME - 1):
        await http.post("/login", data=WRONG)
    await signed_in(http)

    assert (await http.post("/login", data=WRONG)).status_code == 401


async def test_an_address_is_limited_whatever_names_it_tries(http: httpx.AsyncClient) -> None:
    form = {"password": PASSWORD}
    for number in range(TRIES_PER_ADDRESS):
        await http.post("/login", data={**form, "name": f"nobody-{number}"})

    assert (await http.post("/login", data=RIGHT)).status_code == 429


async def test_whoever_has_a_whole_ipv6_network_is_limited_as_one(keyset: AeadKeyset) -> None:
    app = app_for(keyset, f"{CITRA}\n", Clock())
    statuses = []
    for number in range(TRIES_PER_ADDRESS + 1):
        transport = httpx.ASGITransport(app, client=(f"2001:db8:1:2::{number:x}", 1))
        async with httpx.AsyncClient(transport=transport, base_url=HOST) as http:
            form = {"name": f"nobody-{number}", "password": PASSWORD}
            statuses.append((await http.post("/login", data=form)).status_code)

    assert statuses == [*TRIES_PER_ADDRESS * [401], 429]


@pytest.mark.parametrize(
    ("headers", "is_taken"),
    [
        ({"Sec-Fetch-Site": "same-origin", "Origin": HOST}, True),
        ({"Origin": HOST}, True),
        ({}, True),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, False),
        ({"Sec-Fetch-Site": "same-site", "Origin": ORIGIN}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://["}, False),
        ({"Origin": "codec.skaters.example"}, False),
    ],
)
@pytest.mark.parametrize("path", ["/login", "/logout"])
async def test_only_forms_of_its_own_are_taken(
    http: httpx.AsyncClient, path: str, headers: dict[str, str], *, is_taken: bool
) -> None:
    answer = await http.post(path, data=RIGHT, headers=headers)

    assert answer.status_code == (303 if is_taken else 403)
    assert ("Set-Cookie" in answer.headers) == is_taken


async def test_a_session_ends_with_its_time(
    http: httpx.AsyncClient, keyset: AeadKeyset, clock: Clock
) -> None:
    await signed_in(http)
    clock.now += LIFE - timedelta(seconds=1)
    late = await decoded(http, keyset)
    clock.now += timedelta(seconds=1)
    over = await decoded(http, keyset)

    assert (late.status_code, over.status_code) == (200, 401)


async def test_another_codec_server_of_the_deployment_takes_the_session(
    http: httpx.AsyncClient, keyset: AeadKeyset, clock: Clock
) -> None:
    cookie = await signed_in(http)

    async with browser_at(keyset, f"{CITRA}\n{DEWI}", clock) as other:
        other.cookies.set(COOKIE, cookie)
        assert (await decoded(other, keyset)).status_code == 200


async def test_a_session_of_another_deployment_is_none_here(
    http: httpx.AsyncClient, keyset: AeadKeyset, other_keyset: AeadKeyset, clock: Clock
) -> None:
    async with browser_at(other_keyset, CITRA, clock) as other:
        http.cookies.set(COOKIE, await signed_in(other))

    assert (await decoded(http, keyset)).status_code == 401


@pytest.mark.parametrize(
    "users", [DEWI, f"citra:{QUICK.hash(PASSWORD)}"], ids=["gone", "new password"]
)
async def test_a_session_ends_with_its_user_or_the_users_password(
    http: httpx.AsyncClient, keyset: AeadKeyset, clock: Clock, users: str
) -> None:
    cookie = await signed_in(http)

    async with browser_at(keyset, users, clock) as restarted:
        restarted.cookies.set(COOKIE, cookie)
        assert (await decoded(restarted, keyset)).status_code == 401


@pytest.mark.parametrize("at", [0, 8, -8])
async def test_a_changed_session_is_none(
    http: httpx.AsyncClient, keyset: AeadKeyset, at: int
) -> None:
    sealed = bytearray(base64.urlsafe_b64decode(await signed_in(http)))
    sealed[at] ^= 1
    http.cookies.clear()
    http.cookies.set(COOKIE, base64.urlsafe_b64encode(sealed).decode())

    assert (await decoded(http, keyset)).status_code == 401


async def test_nothing_else_that_is_sealed_passes_for_a_session(
    http: httpx.AsyncClient, keyset: AeadKeyset
) -> None:
    claim = {"name": "citra", "password": CodecUsers.load(CITRA).fingerprint("citra")}
    forged = json.dumps({**claim, "ends_at": 9e9}).encode()
    sealed = EncryptingCodec(keyset, "default").seal(Payload(data=forged))
    http.cookies.set(COOKIE, base64.urlsafe_b64encode(sealed.data).decode())

    assert (await decoded(http, keyset)).status_code == 401


@pytest.mark.parametrize("cookie", ["", "citra", "====", "%00", "a" * 3000])
async def test_what_is_no_session_is_none(
    http: httpx.AsyncClient, keyset: AeadKeyset, cookie: str
) -> None:
    http.cookies.set(COOKIE, cookie)

    assert (await decoded(http, keyset)).status_code == 401


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ("", "cannot read the file"),
        (f"{CITRA} {CITRA.partition(':')[2]}", "entry 2 is not of the form"),
        (f"../citra:{QUICK.hash(PASSWORD)}", "entry 1 is not of the form"),
        (f"{CITRA} dewi:{PASSWORD.replace(' ', '-')}", r"entry 2 \(dewi\) has no argon2id hash"),
        ("dewi:$argon2id$v=19$m=8,t=1,p=1$x", r"entry 1 \(dewi\) has no argon2id hash"),
    ],
)
def test_users_that_cannot_be_read_are_named_by_their_place(entries: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as raised:
        CodecUsers.load(entries)

    assert "$argon2id$" not in str(raised.value)


def test_users_are_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "codec-users"
    file.write_text(f"\n{user_entry('citra', PASSWORD)}\n{DEWI}\n")

    users = CodecUsers.load(str(file))

    assert users.is_right("citra", PASSWORD)
    assert not users.is_right("dewi", PASSWORD)


def test_a_file_that_names_nobody_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "codec-users"
    file.touch()

    with pytest.raises(ValueError, match="names nobody"):
        CodecUsers.load(str(file))
