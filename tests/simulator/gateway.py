"""The simulator as a test speaks to it: over HTTP, and only so."""

import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import uvicorn

from simulator.app import create_app
from simulator.fault_injection import CuttableProtocol
from simulator.merchants import Merchant
from simulator.world import Options

SERVER_KEY = "SB-Mid-server-shop"
CLIENT_KEY = "SB-Mid-client-shop"
MERCHANT_ID = "G123456789"
OTHER_SERVER_KEY = "SB-Mid-server-other"
_PATIENCE_SECONDS = 60.0

Document = dict[str, Any]


class Gateway:
    def __init__(self) -> None:
        options = Options(
            merchants=[
                Merchant(SERVER_KEY, CLIENT_KEY, MERCHANT_ID),
                Merchant(OTHER_SERVER_KEY, "SB-Mid-client-other", "G000000002"),
            ],
            seed=7,
        )
        config = uvicorn.Config(
            create_app(options),
            port=0,
            http=CuttableProtocol,
            log_level="critical",
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        eventually(lambda: self._server.started)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.http = httpx.Client(base_url=self.url, auth=(SERVER_KEY, ""), timeout=30)
        self.browser = httpx.Client(base_url=self.url, follow_redirects=True, timeout=30)

    def close(self) -> None:
        self.http.close()
        self.browser.close()
        self._server.should_exit = True
        self._thread.join()

    def charge(self, order_id: str = "SKT-1~1", *, method: Document, **more: object) -> Document:
        """Charge 44000 rupiah; `method` is payment_type and what belongs to it."""
        return self.post("/v2/charge", order(order_id) | method | more)

    def charge_bca(self, order_id: str = "SKT-1~1", **more: object) -> Document:
        return self.charge(order_id, method=BCA, **more)

    def open_snap(self, order_id: str = "SKT-1~1", **more: object) -> Document:
        return self.post("/snap/v1/transactions", order(order_id) | more)

    def status(self, named: str = "SKT-1~1") -> Document:
        return self.answered(self.http.get(f"/v2/{named}/status"))

    def act(self, operation: str, named: str = "SKT-1~1", **body: object) -> Document:
        return self.post(f"/v2/{named}/{operation}", body)

    def post(self, path: str, body: object, **headers: str) -> Document:
        return self.answered(self.http.post(path, json=body, headers=headers))

    def event(self, event: str, order_id: str = "SKT-1~1", **body: object) -> Document:
        response = self.http.post(f"/_simulator/transactions/{order_id}/{event}", json=body)
        response.raise_for_status()
        return self.answered(response)

    def faults(self, *rules: Document) -> None:
        self.put("faults", faults=rules)

    def behave(self, **knobs: object) -> None:
        self.put("behaviour", **knobs)

    def advance(self, **span: float) -> None:
        units = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
        self.put("clock", advance_seconds=sum(units[unit] * n for unit, n in span.items()))

    def put(self, door: str, **body: object) -> Document:
        response = self.http.put(f"/_simulator/{door}", json=body)
        response.raise_for_status()
        return self.answered(response)

    def transactions(self) -> list[Document]:
        found: list[Document] = self.http.get("/_simulator/transactions").json()["transactions"]
        return found

    def notifications(self) -> list[Document]:
        found: list[Document] = self.http.get("/_simulator/notifications").json()["notifications"]
        return found

    def card_token(self, number: str) -> str:
        query = {
            "client_key": CLIENT_KEY,
            "card_number": number,
            "card_cvv": "123",
            "card_exp_month": "01",
            "card_exp_year": "2039",
        }
        token: str = httpx.get(f"{self.url}/v2/token", params=query).json()["token_id"]
        return token

    def charge_card(self, number: str, *, secure: bool = False, **more: object) -> Document:
        card = {"token_id": self.card_token(number), "authentication": secure, **more}
        return self.charge(method={"payment_type": "credit_card", "credit_card": card})

    def register_card(self, number: str = "4811111111111114", **change: str) -> Document:
        query = {
            "client_key": CLIENT_KEY,
            "card_number": number,
            "card_exp_month": "01",
            "card_exp_year": "2039",
        }
        response = httpx.get(f"{self.url}/v2/card/register", params=query | change)
        return self.answered(response)

    def link_account(self, phone: object = "81212345678") -> Document:
        partner = {"phone_number": phone, "country_code": "62"}
        return self.post("/v2/pay/account", {"payment_type": "gopay", "gopay_partner": partner})

    def account_token(self, account_id: str) -> str:
        account = self.answered(self.http.get(f"/v2/pay/account/{account_id}"))
        token: str = account["metadata"]["payment_options"][0]["token"]
        return token

    def charge_account(self, linked: str, **more: object) -> Document:
        token = self.account_token(linked)
        gopay = {"account_id": linked, "payment_option_token": token, **more}
        return self.charge(method={"payment_type": "gopay", "gopay": gopay})

    @staticmethod
    def answered(response: httpx.Response) -> Document:
        document: Document = response.json()
        return document


BCA: Document = {"payment_type": "bank_transfer", "bank_transfer": {"bank": "bca"}}
GOPAY: Document = {"payment_type": "gopay"}
QRIS: Document = {"payment_type": "qris"}


def order(order_id: str = "SKT-1~1", amount: object = 44_000) -> Document:
    return {"transaction_details": {"order_id": order_id, "gross_amount": amount}}


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)
