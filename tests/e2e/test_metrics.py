"""What Prometheus reads of the running service."""

import re

import pytest

from tests.e2e.shop import Shop

pytestmark = pytest.mark.e2e

_SAMPLE = re.compile(r"^([a-z_]+)\{(.*)\} (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'([a-z_]+)="([^"]*)"')


async def samples(shop: Shop) -> dict[tuple[str, ...], float]:
    """Each sample by its name and what its labels say."""
    told: dict[tuple[str, ...], float] = {}
    for url in shop.stack.addresses.metrics_urls:
        answer = await shop.http.get(url)
        assert answer.status_code == 200
        for name, labels, value in _SAMPLE.findall(answer.text):
            told[name, *sorted(each for _, each in _LABEL.findall(labels))] = float(value)
    return told


async def test_a_paid_order_shows_at_every_process(shop: Shop) -> None:
    before = await samples(shop)

    payment = await shop.checkout(method="bca_va")
    await shop.customer(f"{payment['order_id']}~1", "pay")
    await shop.mail(payment["order_id"])
    await shop.delivered(f"{payment['order_id']}~1", "settlement")

    after = await samples(shop)
    core = "temporal-core-sdk"
    for sample in (
        ("payments_status_changes_total", "bca_va", "paid", core),
        ("payments_time_to_paid_seconds_count", "bca_va", core),
        ("payments_gateway_call_seconds_count", "ok", "open_charge", core),
        ("payments_mail_seconds_count", "ok", "receipt", core),
        ("payments_bridge_notifications_total", "accepted"),
        ("payments_api_requests_total", "/v1/payments", "201", "POST", "local-checkout"),
    ):
        assert after[sample] > before.get(sample, 0)
