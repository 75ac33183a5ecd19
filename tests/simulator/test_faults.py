import json

import httpx
import pytest

from tests.simulator.gateway import BCA, Document, Gateway, order


@pytest.mark.parametrize("fault", ["refuse", "timeout_before", "timeout_after"])
def test_a_call_without_an_answer_may_or_may_not_have_had_its_effect(
    gateway: Gateway, fault: str
) -> None:
    gateway.faults({"operation": "charge", "fault": fault})

    with pytest.raises(httpx.TransportError):
        gateway.http.post("/v2/charge", json=order() | BCA, timeout=0.2)

    committed = fault == "timeout_after"
    assert len(gateway.transactions()) == (1 if committed else 0)


@pytest.mark.parametrize(
    ("fault", "code", "text"),
    [
        ("status:503", 503, '"status_code":"503"'),
        ("429", 429, "API rate limit exceeded"),
        ("html:502", 502, "<html>"),
    ],
)
def test_a_call_can_be_turned_away(gateway: Gateway, fault: str, code: int, text: str) -> None:
    gateway.faults({"operation": "*", "fault": fault})

    response = gateway.http.post("/v2/charge", json=order() | BCA)

    assert response.status_code == code
    assert text in response.text
    assert gateway.transactions() == []


def test_snap_speaks_of_failures_in_its_own_way(gateway: Gateway) -> None:
    gateway.faults({"operation": "snap_create", "fault": "status:500"})

    response = gateway.http.post("/snap/v1/transactions", json=order())

    assert response.status_code == 500
    assert "internal server error" in response.json()["error_messages"][0]


def test_a_malformed_answer_is_half_of_one(gateway: Gateway) -> None:
    gateway.faults({"operation": "charge", "fault": "malformed"})

    response = gateway.http.post("/v2/charge", json=order() | BCA)

    with pytest.raises(json.JSONDecodeError):
        response.json()
    assert len(gateway.transactions()) == 1


def test_a_slow_answer_comes_whole_in_the_end(gateway: Gateway) -> None:
    gateway.faults({"operation": "charge", "fault": "slow:100"})

    response = gateway.http.post("/v2/charge", json=order() | BCA)

    assert response.json()["status_code"] == "201"
    assert response.elapsed.total_seconds() >= 0.1


@pytest.mark.parametrize(
    ("rule", "codes"),
    [
        ({"operation": "status"}, [503, 503, 503]),
        ({"operation": "status", "nth": 2}, [200, 503, 200]),
        ({"operation": "status", "times": 2}, [503, 503, 200]),
        ({"operation": "status", "nth": 2, "times": 2}, [200, 503, 503]),
        ({"operation": "*", "order_id": "SKT-1~*"}, [503, 503, 503]),
        ({"operation": "*", "order_id": "SKT-2~*"}, [200, 200, 200]),
        ({"operation": "cancel"}, [200, 200, 200]),
    ],
)
def test_a_rule_strikes_the_calls_it_names(
    gateway: Gateway, rule: Document, codes: list[int]
) -> None:
    gateway.faults(rule | {"fault": "status:503"})

    seen = [gateway.http.get("/v2/SKT-1~1/status").status_code for _ in range(3)]

    assert seen == codes


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"operation": "buy", "fault": "refuse"}, "faults[0].operation"),
        ({"operation": "charge", "fault": "melt"}, "faults[0].fault: 'melt' is none of"),
        ({"operation": "charge", "fault": "drop"}, "faults[0].fault"),
        ({"operation": "status", "fault": "deny"}, "faults[0].fault: only"),
        ({"operation": "webhook", "fault": "refuse"}, "faults[0].fault"),
        ({"operation": "charge", "fault": "refuse", "nth": 0}, "faults[0].nth"),
        ({"operation": "charge", "fault": "refuse", "when": 1}, "unknown member: when"),
    ],
)
def test_a_bad_plan_is_refused_whole_and_says_why(
    gateway: Gateway, rule: Document, message: str
) -> None:
    good = {"operation": "charge", "fault": "refuse"}
    gateway.faults(good)

    response = gateway.http.put("/_simulator/faults", json={"faults": [rule, good]})

    assert response.status_code == 400
    assert message in response.json()["error"]
    assert len(gateway.http.get("/_simulator/faults").json()["faults"]) == 1


def test_a_rate_limit_can_say_when_to_come_back(gateway: Gateway) -> None:
    gateway.faults({"operation": "status", "fault": "429:7"})

    response = gateway.http.get("/v2/SKT-1~1/status")

    assert (response.status_code, response.headers["retry-after"]) == (429, "7")


def test_a_capture_is_struck_by_the_order_it_belongs_to(gateway: Gateway) -> None:
    held = gateway.charge_card("4811111111111114", type="authorize")["transaction_id"]
    gateway.faults({"operation": "capture", "order_id": "SKT-1~1", "fault": "status:503"})

    response = gateway.http.post("/v2/capture", json={"transaction_id": held})

    assert response.status_code == 503
