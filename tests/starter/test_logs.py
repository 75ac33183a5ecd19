"""What the API logs of a request that fails: its order where the address names one."""

import logging

import pytest

from tests.starter.test_problems import api_over

TOKEN = "a-customers-one-time-token-of-many-letters"


def failure(caplog: pytest.LogCaptureFixture) -> logging.LogRecord:
    [record] = [each for each in caplog.records if each.message == "request.failed"]
    return record


async def test_a_request_that_fails_is_logged_with_its_order(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with await api_over(RuntimeError()) as http:
        await http.get("/v1/payments/SKT-1")

    assert vars(failure(caplog))["order_id"] == "SKT-1"


async def test_a_customers_link_that_fails_is_logged_without_its_token(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with await api_over(RuntimeError()) as http:
        await http.get(f"/pay/{TOKEN}")

    assert TOKEN not in str(vars(failure(caplog)))
    assert "order_id" not in vars(failure(caplog))
