"""HTTP code and body code together say what came of a request (fact sheet §8)."""

import json
from datetime import timedelta

import pytest

from adapters.midtrans.answers import MidtransRefusedError, read_answer
from payments.errors import GatewayBusyError, GatewayRefusedError, GatewayUnknownError


@pytest.mark.parametrize(
    ("http_code", "body"),
    [
        pytest.param(200, {"status_code": "200"}, id="done"),
        pytest.param(200, {"status_code": "201"}, id="pending"),
        pytest.param(200, {"status_code": 201}, id="code as a number"),
        pytest.param(200, {"status_code": "202", "transaction_status": "deny"}, id="denied"),
        pytest.param(202, {"status_code": "202", "transaction_status": "deny"}, id="denied, HTTP"),
        pytest.param(200, {"status_code": "407"}, id="expired under HTTP 200"),
        pytest.param(407, {"status_code": "407"}, id="expired as HTTP code"),
        pytest.param(201, {"token": "t"}, id="Snap"),
    ],
)
def test_these_answers_are_no_errors(http_code: int, body: dict[str, object]) -> None:
    assert read_answer(http_code, {}, json.dumps(body).encode()).keys() == body.keys()


@pytest.mark.parametrize(
    ("http_code", "body", "gateway_code"),
    [
        pytest.param(200, {"status_code": "402"}, "402", id="error under HTTP 200"),
        pytest.param(400, {"status_code": "400"}, "400", id="in both"),
        pytest.param(400, {"status_code": "406"}, "406", id="the graver one counts"),
        pytest.param(401, {"error_messages": ["Access denied"]}, "401", id="Snap"),
        pytest.param(200, {"status_code": "501"}, "501", id="no such feature"),
    ],
)
def test_a_refusal_names_the_gateways_code(
    http_code: int, body: dict[str, object], gateway_code: str
) -> None:
    with pytest.raises(GatewayRefusedError) as raised:
        read_answer(http_code, {}, json.dumps(body).encode())

    assert raised.value.gateway_code == gateway_code


@pytest.mark.parametrize(
    ("http_code", "content"),
    [
        pytest.param(502, b"<html>Bad Gateway</html>", id="HTML 502"),
        pytest.param(403, b"<html>Forbidden</html>", id="HTML 403"),
        pytest.param(404, b"<html>Not Found</html>", id="HTML 404"),
        pytest.param(200, b"<html>Sign in</html>", id="HTML 200"),
        pytest.param(200, b"", id="empty"),
        pytest.param(200, b'["status_code"]', id="list"),
        pytest.param(200, b"null", id="null"),
        pytest.param(200, b'"ok"', id="text"),
        pytest.param(200, b"\xff{}", id="no UTF-8"),
        pytest.param(200, b'{"status_code": "201', id="cut"),
        pytest.param(200, b"[" * 100_000, id="too deep"),
        pytest.param(200, b'{"status_code": "soon"}', id="no number"),
        pytest.param(200, b'{"status_code": null}', id="no code"),
        pytest.param(404, b'{"message": "no route"}', id="404 of something else"),
        pytest.param(202, b"{}", id="still running"),
        pytest.param(302, b"{}", id="redirect"),
        pytest.param(500, b'{"status_code": "500"}', id="500"),
        pytest.param(200, b'{"status_code": "505"}', id="505 under HTTP 200"),
        pytest.param(500, b'{"status_code": "407"}', id="500 beside 407"),
        pytest.param(503, b'{"error_messages": ["locale"]}', id="Snap 503"),
    ],
)
def test_these_answers_leave_the_outcome_open(http_code: int, content: bytes) -> None:
    with pytest.raises(GatewayUnknownError):
        read_answer(http_code, {}, content)


@pytest.mark.parametrize(
    ("headers", "patience"),
    [
        pytest.param({"Retry-After": "42"}, 42, id="seconds"),
        pytest.param(
            {
                "Retry-After": "Mon, 23 Nov 2026 07:02:00 GMT",
                "Date": "Mon, 23 Nov 2026 07:00:00 GMT",
            },
            120,
            id="date",
        ),
        pytest.param({"Retry-After": "999999"}, 3600, id="at most an hour"),
        pytest.param({"Retry-After": "0"}, 10, id="zero"),
        pytest.param({"Retry-After": "soon"}, 10, id="unreadable"),
        pytest.param({"Retry-After": "Mon, 23 Nov 2026 07:02:00 GMT"}, 10, id="date, no clock"),
        pytest.param({}, 10, id="not said"),
    ],
)
def test_a_rate_limit_is_waited_out_as_long_as_the_gateway_wishes(
    headers: dict[str, str], patience: int
) -> None:
    with pytest.raises(GatewayBusyError) as raised:
        read_answer(429, headers, b"<html>slow down</html>")

    assert raised.value.retry_after == timedelta(seconds=patience)


def test_a_rate_limit_may_be_told_by_the_body_alone() -> None:
    with pytest.raises(GatewayBusyError):
        read_answer(200, {}, b'{"status_code": "429"}')


def test_a_refusal_names_fields_but_never_the_customers_words() -> None:
    body = {
        "status_code": "400",
        "status_message": "One or more parameters of Sari Dewi are invalid",
        "validation_messages": ["customer_details.email sari.dewi@example.com is not well-formed"],
        "id": "571936a7-15c9-48b3-9ae2-9c53d05b07df",
    }

    with pytest.raises(MidtransRefusedError) as raised:
        read_answer(200, {}, json.dumps(body).encode())

    assert str(raised.value) == (
        "the gateway refused with 400: a field breaks a rule: customer_details.email"
        " (Midtrans error 571936a7-15c9-48b3-9ae2-9c53d05b07df)"
    )
