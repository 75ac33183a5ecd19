"""The look-alike's own description: what it serves of Midtrans, and the customer's pages."""

from simulator.openapi import HTML, TEXT, Reply, Schema, Served, an_object, document, reference
from simulator.openapi_schemas import SCHEMAS

_SERVER_KEY, _CLIENT_KEY = "server_key", "client_key"
_FORM = "application/x-www-form-urlencoded"
_KEY = {"Idempotency-Key": "At most 46 characters; a longer one is ignored."}
_NOTIFY = {
    "X-Append-Notification": "More URLs for the notifications of this transaction.",
    "X-Override-Notification": "URLs instead of the one of the dashboard.",
}
_PAGE = {
    200: Reply("A page for a person.", TEXT, HTML),
    404: Reply("There is nothing here.", TEXT, HTML),
}
_CLICKED = _PAGE | {
    303: Reply("On to the next page."),
    400: Reply("The page again, with what is wrong.", TEXT, HTML),
    409: Reply("The page again: not as things stand.", TEXT, HTML),
}
_CARD = {
    "card_number": "Blanks are passed over.",
    "card_exp_month": "Two digits.",
    "card_exp_year": "Four digits.",
    "card_cvv": "Taken as it is.",
    "client_key": "Names the merchant.",
}


def midtrans_document() -> dict[str, object]:
    components = {
        "schemas": SCHEMAS,
        "securitySchemes": {
            _SERVER_KEY: {"type": "http", "scheme": "basic"},
            _CLIENT_KEY: {"type": "apiKey", "in": "query", "name": "client_key"},
        },
    }
    text = (
        "Core API, Snap and Subscription API as Midtrans serves them. Errors of the Core API "
        "carry their code in status_code, mostly under HTTP 200; 407 is no error."
    )
    served = [*_charging(), *_asking(), *_cards(), *_accounts(), *_recurring(), *_pages()]
    return document("Midtrans look-alike", text, served, components)


def _charging() -> list[Served]:
    return [
        Served(
            "POST",
            "/v2/charge",
            "Charge by a payment method",
            "Core API",
            _core("Transaction") | {400: Reply("Bad input.", reference("CoreError"))},
            body=reference("ChargeRequest"),
            headers=_KEY | _NOTIFY,
            security=_SERVER_KEY,
        ),
        Served(
            "POST",
            "/snap/v1/transactions",
            "Open a Snap session",
            "Snap",
            {
                201: Reply("The session's token and page.", reference("SnapSession")),
                400: Reply("Bad input, or an order id in use.", reference("SnapError")),
                401: Reply("Unknown key.", reference("SnapError")),
            },
            body=reference("SnapRequest"),
            headers=_KEY | _NOTIFY,
            security=_SERVER_KEY,
        ),
        Served(
            "POST",
            "/snap/v1/transactions/{token}/cancel",
            "Cancel a Snap session",
            "Snap",
            {
                200: Reply("When it was cancelled.", an_object(canceled_at=TEXT)),
                400: Reply("It is in progress, or cancelled already.", reference("SnapError")),
                401: Reply("Unknown key.", reference("SnapError")),
                404: Reply("No such session.", reference("SnapError")),
            },
            headers=_KEY,
            security=_SERVER_KEY,
        ),
    ]


def _asking() -> list[Served]:
    served = [
        _core_served("GET", "/v2/{id}/status", "Read a transaction", "Transaction"),
        _core_served(
            "GET",
            "/v2/{id}/status/b2b",
            "List the payments of a B2B bill",
            "TransactionList",
            query={"page": "From 0.", "per_page": "10 unless told."},
        ),
        _core_served(
            "POST", "/v2/capture", "Take a held amount", "Transaction", reference("CaptureRequest")
        ),
    ]
    served += [
        _core_served("POST", f"/v2/{{id}}/{operation}", summary, "Transaction")
        for operation, summary in {
            "cancel": "Cancel a transaction",
            "expire": "Expire a waiting transaction; 407 is its success",
            "approve": "Approve a challenged card payment",
            "deny": "Deny a challenged card payment",
        }.items()
    ]
    served += [
        _core_served(
            "POST", f"/v2/{{id}}/{operation}", summary, "Refunded", reference("RefundRequest")
        )
        for operation, summary in {
            "refund": "Refund all or a part",
            "refund/online/direct": "Refund through the bank's own system",
        }.items()
    ]
    return served


def _cards() -> list[Served]:
    two_click = {"token_id": "A saved token, for two clicks."}
    return [
        _from_browser("/v2/token", "Make a token of a card", "CardToken", _CARD | two_click),
        _from_browser("/v2/card/register", "Save a card", "SavedCard", _CARD),
        _core_served("GET", "/v2/point_inquiry/{token}", "Ask for a card's points", "Points"),
        _from_browser("/v1/bins/{bin}", "Ask who issues a BIN", "Bin", {}),
    ]


def _accounts() -> list[Served]:
    path = "/v2/pay/account"
    return [
        _core_served("POST", path, "Link a GoPay account", "Account", reference("AccountRequest")),
        _core_served("GET", f"{path}/{{account_id}}", "Read a linked account", "Account"),
        _core_served("POST", f"{path}/{{account_id}}/unbind", "Unlink an account", "Account"),
    ]


def _recurring() -> list[Served]:
    path, body = "/v1/subscriptions", reference("SubscriptionRequest")
    one = f"{path}/{{subscription_id}}"
    served = [
        _recurring_served("POST", path, "Create a subscription", "Subscription", body),
        _recurring_served("GET", one, "Read a subscription", "Subscription"),
        _recurring_served("PATCH", one, "Change a subscription", "Updated", body),
    ]
    served += [
        _recurring_served("POST", f"{one}/{verb}", f"{verb.capitalize()} a subscription", "Updated")
        for verb in ("disable", "enable", "cancel")
    ]
    return served


def _pages() -> list[Served]:
    paths = {
        "/snap/v3/redirection/{token}": "The Snap page",
        "/snap/v4/redirection/{token}": "The Snap page, by its newer address",
        "/snap/v2/vtweb/{token}": "The Snap page, by its oldest address",
        "/v2/3ds/redirect/{id}": "The issuer's 3D Secure page",
        "/v2/token/rba/redirect/{id}": "The 3D Secure page, by its older address",
        "/v2/gopay/redirect/{account_id}/link": "Where a customer links a GoPay account",
        "/wallet/{id}": "A wallet's app",
        "/v2/{kind}/redirect/{id}": "A paylater's or a bank's own page",
        "/bank": "A bank's counter for virtual accounts and codes",
    }
    body: Schema = an_object(action=TEXT)
    served = [Served("GET", path, text, "Pages", _PAGE) for path, text in paths.items()]
    served += [
        Served("POST", path, f"{text}: what was clicked", "Pages", _CLICKED, body=body, media=_FORM)
        for path, text in paths.items()
    ]
    picture = {
        200: Reply("A picture.", {"type": "string", "format": "binary"}, "image/png"),
        404: _PAGE[404],
    }
    served += [
        Served("GET", f"/{version}/{{kind}}/{{id}}/qr-code", "A QR code", "Pages", picture)
        for version in ("v2", "v4")
    ]
    return served


def _core(schema: str) -> dict[int, Reply]:
    either: Schema = {"oneOf": [reference(schema), reference("CoreError")]}
    return {
        200: Reply("The outcome; its status_code may be of an error.", either),
        401: Reply("Unknown key.", reference("CoreError")),
    }


def _core_served(
    verb: str,
    path: str,
    summary: str,
    schema: str,
    body: Schema | None = None,
    query: dict[str, str] | None = None,
) -> Served:
    headers = _KEY if verb == "POST" else {}
    return Served(
        verb,
        path,
        summary,
        "Core API",
        _core(schema),
        query=query or {},
        body=body,
        headers=headers,
        security=_SERVER_KEY,
    )


def _from_browser(path: str, summary: str, schema: str, query: dict[str, str]) -> Served:
    return Served("GET", path, summary, "Cards", _core(schema), query=query, security=_CLIENT_KEY)


def _recurring_served(
    verb: str, path: str, summary: str, schema: str, body: Schema | None = None
) -> Served:
    problem = reference("RecurringError")
    return Served(
        verb,
        path,
        summary,
        "Subscription API",
        {
            200: Reply("The outcome.", reference(schema)),
            400: Reply("Bad input.", problem),
            401: Reply("Unknown key.", problem),
            404: Reply("No such subscription.", problem),
            412: Reply("It has been cancelled.", problem),
        },
        body=body,
        security=_SERVER_KEY,
    )
