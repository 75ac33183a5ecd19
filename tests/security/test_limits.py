"""Who calls too often, or is wrong too often, is told when to come again, and nobody else is."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from urllib.parse import urlsplit

import httpx
import pytest

from adapters.rates import REMEMBERED_MAX, Rate
from local_stack.ports import LOOPBACK
from payments.messages import PROBLEM_TEXTS
from settings import Settings, SettingsError
from starter.limits import RequestLimits
from starter.problems import MEDIA_TYPE, ProblemCode, ProblemError
from starter.services import request_limits, trusted_proxies
from tests.security.conftest import served
from tests.starter.conftest import KEY, READER_KEY, Shop
from tests.starter.orders import order

pytestmark = [pytest.mark.postgres, pytest.mark.temporal]

METHODS = "/v1/payment-methods"
UNKNOWN = 43 * "A"
WRONG = {"Authorization": "Bearer guessed"}


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def limits(
    calls: str = "1000/second", guesses: str = "1000/second", clock: Clock | None = None
) -> RequestLimits:
    return RequestLimits(Rate.parse(calls), Rate.parse(guesses), clock or Clock())


def caller(
    shop: Shop, found: RequestLimits, key: str | None = KEY, address: str = "203.0.113.1"
) -> httpx.AsyncClient:
    """Somebody at this address, in front of an API with these limits."""
    transport = httpx.ASGITransport(app=shop.api(limits=found), client=(address, 50_000))
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    return httpx.AsyncClient(transport=transport, base_url="http://api", headers=headers)


@pytest.fixture
async def guesser(shop: Shop) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody without any key, who may be wrong three times."""
    async with caller(shop, limits(guesses="3/hour"), None) as client:
        yield client


async def test_a_client_that_calls_too_often_is_told_when_to_come_again(shop: Shop) -> None:
    async with caller(shop, limits(calls="2/minute")) as http:
        answers = [await http.get(METHODS) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    refused = answers[-1]
    assert refused.headers["content-type"] == MEDIA_TYPE
    assert refused.json()["code"] == ProblemCode.RATE_LIMITED
    assert refused.headers["retry-after"] == "60"
    assert set(refused.json()["message"]) == {"id", "en"}


async def test_one_client_s_calls_are_not_another_s(shop: Shop) -> None:
    shared = limits(calls="1/hour")
    async with caller(shop, shared) as checkout, caller(shop, shared, READER_KEY) as finance:
        await checkout.get(METHODS)

        assert (await finance.get(METHODS)).status_code == 200
        assert (await checkout.get(METHODS)).status_code == 429


async def test_what_a_key_may_not_do_counts_as_a_call(shop: Shop) -> None:
    async with caller(shop, limits(calls="1/hour"), READER_KEY) as finance:
        forbidden = await finance.post("/v1/payments", json=order("SKT-1"))
        refused = await finance.get(METHODS)

    assert (forbidden.status_code, refused.status_code) == (403, 429)


async def test_the_window_moves_on_with_every_call(shop: Shop) -> None:
    clock = Clock()
    statuses = []
    async with caller(shop, limits(calls="2/minute", clock=clock)) as http:
        for seconds in (0, 30, 29, 1, 29, 1):
            clock.now += seconds
            statuses.append((await http.get(METHODS)).status_code)

    assert statuses == [200, 200, 429, 200, 429, 200]


async def test_wrong_keys_are_soon_not_even_told_to_be_wrong(guesser: httpx.AsyncClient) -> None:
    answers = [await guesser.get(METHODS, headers=WRONG) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert answers[-1].json()["code"] == ProblemCode.RATE_LIMITED
    assert answers[-1].headers["retry-after"] == "3600"


async def test_a_right_key_is_served_whatever_others_at_its_address_do(
    guesser: httpx.AsyncClient,
) -> None:
    for _ in range(5):
        await guesser.get(METHODS, headers=WRONG)

    served_ = await guesser.get(METHODS, headers={"Authorization": f"Bearer {KEY}"})

    assert served_.status_code == 200


@pytest.mark.parametrize("path", ["pay", "refund"])
async def test_unknown_links_are_soon_refused_by_a_page(
    guesser: httpx.AsyncClient, path: str
) -> None:
    answers = [await guesser.get(f"/{path}/{i}{UNKNOWN}") for i in range(4)]

    assert [answer.status_code for answer in answers] == [410, 410, 410, 429]
    refused = answers[-1]
    assert refused.headers["content-type"] == "text/html; charset=utf-8"
    assert refused.headers["retry-after"] == "3600"
    assert PROBLEM_TEXTS["rate_limited"].id in refused.text


@pytest.mark.parametrize("path", ["pay", "refund"])
async def test_guessing_by_form_counts_like_guessing_by_look(
    guesser: httpx.AsyncClient, path: str
) -> None:
    form = {"method": "qris"}
    answers = [await guesser.post(f"/{path}/{UNKNOWN}", data=form) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [410, 410, 410, 429]


async def test_a_right_link_is_shown_whatever_others_at_its_address_do(
    guesser: httpx.AsyncClient, http: httpx.AsyncClient, order_id: str
) -> None:
    placed = await http.post("/v1/payments", json=order(order_id))
    for _ in range(5):
        await guesser.get(f"/pay/{UNKNOWN}")

    shown = await guesser.get(urlsplit(placed.json()["payment_url"]).path)

    assert shown.status_code == 200


@pytest.mark.parametrize(
    ("neighbour", "status"),
    [
        pytest.param("203.0.113.2", 401, id="another-address"),
        pytest.param("::ffff:203.0.113.1", 429, id="the-same-written-as-ipv6"),
    ],
)
async def test_addresses_are_counted_apart(shop: Shop, neighbour: str, status: int) -> None:
    shared = limits(guesses="1/hour")
    async with caller(shop, shared) as one, caller(shop, shared, address=neighbour) as other:
        await one.get(METHODS, headers=WRONG)

        assert (await other.get(METHODS, headers=WRONG)).status_code == status


async def test_whoever_has_a_whole_ipv6_network_is_counted_once(shop: Shop) -> None:
    shared = limits(guesses="1/hour")
    statuses = []
    for address in ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1"):
        async with caller(shop, shared, address=address) as http:
            statuses.append((await http.get(METHODS, headers=WRONG)).status_code)

    assert statuses == [401, 429, 401]


def test_however_many_addresses_are_wrong_only_the_last_are_remembered() -> None:
    found = limits(guesses="1/hour")
    addresses = [str(IPv4Address(0x0A000000 + number)) for number in range(REMEMBERED_MAX + 1)]

    for address in addresses:
        found.count_guess(address)

    found.count_guess(addresses[0])
    with pytest.raises(ProblemError):
        found.count_guess(addresses[-1])


async def statuses_behind_a_proxy(shop: Shop, trusted: list[str], *told: str) -> list[int]:
    """What wrong keys are answered that a proxy on this machine says come from these."""
    app = shop.api(limits=limits(guesses="1/hour"))
    async with (
        served(app, forwarded_allow_ips=trusted) as port,
        httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{port}", trust_env=False) as http,
    ):
        return [
            (await http.get(METHODS, headers={**WRONG, "X-Forwarded-For": each})).status_code
            for each in told
        ]


async def test_nobody_gets_another_address_by_claiming_it(shop: Shop) -> None:
    assert await statuses_behind_a_proxy(shop, [], "192.0.2.1", "192.0.2.2") == [401, 429]


async def test_a_trusted_proxy_says_where_a_request_comes_from(shop: Shop) -> None:
    told = ("192.0.2.1", "192.0.2.2", "192.0.2.1")

    assert await statuses_behind_a_proxy(shop, ["127.0.0.1"], *told) == [401, 401, 429]


async def test_what_a_sender_told_the_proxy_does_not_count(shop: Shop) -> None:
    told = ("198.51.100.1, 192.0.2.1", "198.51.100.2, 192.0.2.1")

    assert await statuses_behind_a_proxy(shop, ["127.0.0.1"], *told) == [401, 429]


@pytest.mark.parametrize("proxy", ["*", "proxy.example", "10.0.0.1/8", "10.0.0.0/33"])
def test_only_addresses_and_networks_are_trusted(proxy: str) -> None:
    with pytest.raises(SettingsError, match="PAYMENTS_TRUSTED_PROXIES"):
        trusted_proxies(Settings(trusted_proxies=("127.0.0.1", proxy)))


@pytest.mark.parametrize("name", ["api_rate", "guess_rate"])
@pytest.mark.parametrize(
    "text", ["", "fast", "0/second", "1/0seconds", "-1/second", "1/second;2/minute"]
)
def test_a_wrong_rate_is_named(name: str, text: str) -> None:
    settings = Settings().model_copy(update={name: text})

    with pytest.raises(SettingsError, match=f"PAYMENTS_{name.upper()}: must be a rate"):
        request_limits(settings)


def test_the_rates_of_the_settings_count() -> None:
    found = request_limits(Settings(api_rate="1/hour", guess_rate="2/hour"))

    found.count_call("checkout")
    found.count_guess("192.0.2.1")
    found.count_guess("192.0.2.1")

    with pytest.raises(ProblemError):
        found.count_call("checkout")
    with pytest.raises(ProblemError):
        found.count_guess("192.0.2.1")
