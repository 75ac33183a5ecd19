import pytest

from tests.simulator.gateway import Document, Gateway
from tests.simulator.receiver import Receiver


def test_an_order_is_unknown_until_the_customer_has_chosen(
    gateway: Gateway, receiver: Receiver
) -> None:
    session = gateway.open_snap(enabled_payments=["bca_va", "gopay"])
    assert session["redirect_url"].endswith(f"/snap/v3/redirection/{session['token']}")
    assert gateway.status()["status_code"] == "404"

    page = gateway.browser.post(
        session["redirect_url"], data={"action": "choose", "method": "bca_va"}
    )

    status = gateway.status()
    assert status["transaction_status"] == "pending"
    assert status["va_numbers"][0]["va_number"] in page.text
    receiver.wait_for(1)


def test_the_page_offers_what_is_enabled_and_nothing_else(gateway: Gateway) -> None:
    session = gateway.open_snap(enabled_payments=["qris", "mandiri_clickpay", "indomaret"])

    page = gateway.browser.get(session["redirect_url"])

    assert "QRIS" in page.text
    assert "Indomaret" in page.text
    assert "GoPay" not in page.text


def test_a_new_token_voids_the_old_one(gateway: Gateway) -> None:
    old = gateway.open_snap()
    new = gateway.open_snap()

    refused = gateway.browser.post(
        old["redirect_url"], data={"action": "choose", "method": "gopay"}
    )
    gateway.browser.post(new["redirect_url"], data={"action": "choose", "method": "gopay"})

    assert refused.status_code == 409
    assert [each["snap_token"] for each in gateway.transactions()] == [new["token"]]


@pytest.mark.parametrize("status", [400, 406])
def test_an_order_that_is_under_way_gets_no_new_token(gateway: Gateway, status: int) -> None:
    gateway.behave(snap_duplicate_status=status)
    gateway.charge_bca()

    response = gateway.http.post(
        "/snap/v1/transactions",
        json={"transaction_details": {"order_id": "SKT-1~1", "gross_amount": 1}},
    )

    assert response.status_code == status
    assert "order_id has been" in response.text or "already been taken" in response.text


def test_a_session_is_cancelled_once_and_its_page_is_closed(gateway: Gateway) -> None:
    session = gateway.open_snap()
    path = f"/snap/v1/transactions/{session['token']}/cancel"

    assert "canceled_at" in gateway.post(path, {})
    assert gateway.post(path, {}) == {"error_messages": ["token already canceled"]}
    assert "This page is closed" in gateway.browser.get(session["redirect_url"]).text


def test_a_session_in_progress_is_not_cancelled_until_its_transaction_has_ended(
    gateway: Gateway,
) -> None:
    session = gateway.open_snap()
    path = f"/snap/v1/transactions/{session['token']}/cancel"
    gateway.browser.post(session["redirect_url"], data={"action": "choose", "method": "bni_va"})

    assert gateway.post(path, {}) == {"error_messages": ["Transaction is on progress"]}
    gateway.act("expire")
    assert "canceled_at" in gateway.post(path, {})


def test_an_unknown_token_is_not_found(gateway: Gateway) -> None:
    response = gateway.http.post("/snap/v1/transactions/nobody/cancel")

    assert response.status_code == 404
    assert response.json() == {"error_messages": ["token not found"]}


def test_after_a_denial_the_customer_pays_by_another_transaction(
    gateway: Gateway, receiver: Receiver
) -> None:
    session = gateway.open_snap(
        credit_card={"secure": True}, callbacks={"finish": f"{gateway.url}/bank?from=shop"}
    )
    url = session["redirect_url"]
    otp_page = gateway.browser.post(
        url, data={"action": "card", "card_number": "4911 1111 1111 1113"}
    )
    denied = gateway.browser.post(otp_page.url, data={"action": "submit", "otp": "112233"})
    assert "Payment declined" in denied.text

    gateway.browser.post(url, data={"action": "choose", "method": "other_qris"})
    finished = gateway.browser.post(url, data={"action": "pay"})

    first, second = gateway.transactions()
    assert (first["transaction_status"], second["transaction_status"]) == ("deny", "settlement")
    assert dict(finished.url.params) == {
        "from": "shop",
        "order_id": "SKT-1~1",
        "status_code": "200",
        "transaction_status": "settlement",
    }
    assert [body["transaction_status"] for body in receiver.wait_for(4)] == [
        "pending",
        "deny",
        "pending",
        "settlement",
    ]


def test_a_page_expires_in_silence(gateway: Gateway, receiver: Receiver) -> None:
    session = gateway.open_snap(page_expiry={"duration": 5, "unit": "minutes"})

    gateway.advance(minutes=5)

    assert "This page is closed" in gateway.browser.get(session["redirect_url"]).text
    assert gateway.notifications() == []


def test_a_payment_takes_the_expiry_of_its_session(gateway: Gateway) -> None:
    gateway.put("clock", now="2026-11-23T10:00:00+07:00")
    expiry = {"start_time": "2026-11-23 10:00:00 +0700", "unit": "minutes", "duration": 5}
    gateway.open_snap(expiry=expiry)
    gateway.advance(minutes=2)

    paid = gateway.event("pay", method="bca_va")

    assert paid["expiry_time"] == "2026-11-23 10:05:00"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"expiry": {"duration": 19, "unit": "second"}}, "expiry must be at least 20 seconds"),
        ({"expiry": {"duration": 1, "unit": "moon"}}, "expiry.duration or expiry.unit is invalid"),
        ({"transaction_details": {}}, "transaction_details.order_id is required"),
    ],
)
def test_bad_input_is_refused_with_error_messages(
    gateway: Gateway, more: Document, message: str
) -> None:
    assert message in gateway.open_snap(**more)["error_messages"]


def test_an_unknown_key_is_refused(gateway: Gateway) -> None:
    response = gateway.http.post("/snap/v1/transactions", json={}, auth=("nobody", ""))

    assert response.status_code == 401
    assert "Access denied" in response.json()["error_messages"][0]


def test_a_wallet_is_paid_where_its_deeplink_leads(gateway: Gateway) -> None:
    charged = gateway.charge(method={"payment_type": "gopay"})
    links = {action["name"]: action["url"] for action in charged["actions"]}

    picture = gateway.browser.get(links["generate-qr-code"])
    gateway.browser.post(links["deeplink-redirect"], data={"action": "pay"})

    assert picture.content.startswith(b"\x89PNG")
    assert gateway.status()["transaction_status"] == "settlement"


def test_a_virtual_account_is_paid_at_the_bank(gateway: Gateway) -> None:
    number = gateway.charge_bca()["va_numbers"][0]["va_number"]

    page = gateway.browser.post("/bank", data={"number": number})

    assert "Rp44.000" in page.text
    assert gateway.status()["transaction_status"] == "settlement"


def test_several_attempts_can_wait_at_once_and_one_of_them_is_paid(gateway: Gateway) -> None:
    url = gateway.open_snap()["redirect_url"]
    for method in ("bca_va", "gopay"):
        gateway.browser.post(url, data={"action": "choose", "method": method})
    first, second = gateway.transactions()
    assert (first["transaction_status"], second["transaction_status"]) == ("pending", "pending")

    chosen = {"action": "pay", "transaction_id": first["transaction_id"]}
    gateway.browser.post(url, data=chosen)
    refused = gateway.browser.post(
        url, data={"action": "pay", "transaction_id": second["transaction_id"]}
    )

    assert "paid by another attempt" in refused.text
    assert [each["transaction_status"] for each in gateway.transactions()] == [
        "settlement",
        "pending",
    ]


def test_a_card_is_denied_once_another_attempt_was_paid(gateway: Gateway) -> None:
    url = gateway.open_snap(credit_card={"secure": True})["redirect_url"]
    otp_page = gateway.browser.post(
        url, data={"action": "card", "card_number": "4811 1111 1111 1114"}
    )
    gateway.browser.post(url, data={"action": "choose", "method": "gopay"})
    gateway.browser.post(url, data={"action": "pay"})

    gateway.browser.post(otp_page.url, data={"action": "submit", "otp": "112233"})

    assert [each["transaction_status"] for each in gateway.transactions()] == ["deny", "settlement"]


@pytest.mark.parametrize(
    ("method", "statuses"),
    [("bca_va", ["settlement"]), ("gopay", ["pending", "settlement"])],
)
def test_an_event_with_a_method_finds_the_attempt_that_waits_or_begins_one(
    gateway: Gateway, method: str, statuses: list[str]
) -> None:
    session = gateway.open_snap()
    gateway.browser.post(session["redirect_url"], data={"action": "choose", "method": "bca_va"})

    gateway.event("pay", method=method)

    assert [each["transaction_status"] for each in gateway.transactions()] == statuses


def test_a_disabled_method_is_not_offered(gateway: Gateway) -> None:
    gateway.behave(disabled_methods=["gopay"])
    session = gateway.open_snap(enabled_payments=["gopay", "bca_va"])

    page = gateway.browser.get(session["redirect_url"])
    refused = gateway.http.post("/_simulator/transactions/SKT-1~1/pay", json={"method": "gopay"})

    assert "BCA Virtual Account" in page.text
    assert "GoPay" not in page.text
    assert refused.status_code == 409


@pytest.mark.parametrize(
    ("method", "query"),
    [("gopay", {"order_id": "SKT-1~1", "result": "success"}), ("shopeepay", {})],
)
def test_a_wallet_sends_its_customer_back_in_its_own_way(
    gateway: Gateway, method: str, query: dict[str, str]
) -> None:
    callback = f"{gateway.url}/bank"
    charged = gateway.charge(method={"payment_type": method, method: {"callback_url": callback}})
    (link,) = [each["url"] for each in charged["actions"] if each["name"] == "deeplink-redirect"]

    returned = gateway.browser.post(link, data={"action": "pay"})

    assert returned.url.path == "/bank"
    assert dict(returned.url.params) == query


def test_a_gopay_customer_who_fails_goes_back_with_the_payment_still_waiting(
    gateway: Gateway,
) -> None:
    gopay = {"callback_url": f"{gateway.url}/bank"}
    charged = gateway.charge(method={"payment_type": "gopay", "gopay": gopay})
    (link,) = [each["url"] for each in charged["actions"] if each["name"] == "deeplink-redirect"]

    returned = gateway.browser.post(link, data={"action": "fail"})

    assert returned.url.params["result"] == "failure"
    assert gateway.status()["transaction_status"] == "pending"


def test_akulaku_posts_the_outcome_back_to_the_shop(gateway: Gateway) -> None:
    finish = f"{gateway.url}/bank"
    session = gateway.open_snap(enabled_payments=["akulaku"], callbacks={"finish": finish})
    page = gateway.browser.post(
        session["redirect_url"], data={"action": "choose", "method": "akulaku"}
    )

    paid = gateway.browser.post(page.url, data={"action": "pay"})

    assert f'<form method="post" action="{finish}">' in paid.text
    assert "&quot;transaction_status&quot;: &quot;settlement&quot;" in paid.text
