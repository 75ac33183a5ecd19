"""The documents that checkout sends: read strictly, so that no mistake in one is overlooked."""

from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from payments.methods import Integration, PaymentMethod
from payments.money import Currency, Money
from payments.refunding import RefundWish
from payments.request import (
    EMAIL_LENGTH_MAX,
    ITEM_ID_LENGTH_MAX,
    ITEMS_MAX,
    NAME_LENGTH_MAX,
    URL_LENGTH_MAX,
    Customer,
    LineItem,
    Locale,
    PaymentRequest,
)
from starter.conditions import REASON_LENGTH_MAX
from starter.rules import MALFORMED, invalid_request

# The greatest integer that every JSON reader keeps exactly (RFC 8259 §6).
INTEGER_MAX = 2**53 - 1
_PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"

Integer = Annotated[int, Field(ge=-INTEGER_MAX, le=INTEGER_MAX)]
Text = Annotated[str, Field(pattern=_PRINTABLE)]
Name = Annotated[Text, Field(max_length=NAME_LENGTH_MAX)]
D = TypeVar("D", bound="Document")


class MalformedJsonError(Exception):
    """The body is no JSON at all."""


class Document(BaseModel):
    """Nothing is converted and nothing ignored: a misspelt member is an error."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class AmountDocument(Document):
    value: Integer = Field(description="whole minor units; for IDR whole rupiah")
    currency: Currency


class ItemDocument(Document):
    id: Annotated[Text, Field(max_length=ITEM_ID_LENGTH_MAX)]
    name: Name
    price: Integer = Field(description="of one piece; negative for a discount")
    quantity: Annotated[int, Field(ge=1, le=INTEGER_MAX)]


class CustomerDocument(Document):
    name: Name
    email: Annotated[Text, Field(max_length=EMAIL_LENGTH_MAX)]
    phone: Text | None = None


class PaymentDocument(Document):
    """One order's wish to be paid: the prices of the items sum up to the amount."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "order_id": "SKT-1001",
                "method": "bca_va",
                "integration": "core",
                "locale": "id",
                "amount": {"value": 350000, "currency": "IDR"},
                "items": [
                    {"id": "DECK-8", "name": "Skate deck 8.0", "price": 400000, "quantity": 1},
                    {"id": "PROMO", "name": "Diskon", "price": -100000, "quantity": 1},
                    {"id": "SHIP", "name": "Ongkos kirim", "price": 50000, "quantity": 1},
                ],
                "customer": {
                    "name": "Sari Dewi",
                    "email": "sari@example.com",
                    "phone": "+628123456789",
                },
                "return_url": "https://skaters.example/orders/SKT-1001",
            }
        }
    )

    order_id: Text = Field(
        description="1 to 40 of A-Z a-z 0-9 - _ . beginning with a letter or digit"
    )
    method: PaymentMethod
    integration: Integration = Integration.SNAP
    locale: Locale = Locale.ID
    amount: AmountDocument
    items: Annotated[tuple[ItemDocument, ...], Field(max_length=ITEMS_MAX)]
    customer: CustomerDocument
    return_url: Annotated[Text, Field(max_length=URL_LENGTH_MAX)] | None = None

    def request(self) -> PaymentRequest:
        return PaymentRequest(
            order_id=self.order_id,
            method=self.method,
            integration=self.integration,
            locale=self.locale,
            amount=Money(self.amount.value, self.amount.currency),
            items=tuple(LineItem(i.id, i.name, i.price, i.quantity) for i in self.items),
            customer=Customer(self.customer.name, self.customer.email, self.customer.phone),
            return_url=self.return_url,
        )


class AttemptDocument(Document):
    """The wish to pay an order by another method, once attempt `after_attempt` is closed."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"after_attempt": 1, "method": "qris", "integration": "core"}}
    )

    after_attempt: Annotated[int, Field(ge=1, le=INTEGER_MAX)] = Field(
        description="`attempt` of the payment as the customer saw it"
    )
    method: PaymentMethod
    integration: Integration = Integration.SNAP


class CancelDocument(Document):
    reason: Annotated[Text, Field(max_length=REASON_LENGTH_MAX)]


class RefundDocument(Document):
    """The wish to give money back: `amount`, or all that is left of the payment."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "refund_key": "SKT-1001-return-1",
                "amount": {"value": 50000, "currency": "IDR"},
                "reason": "one wheel was missing",
            }
        }
    )

    refund_key: Text = Field(
        description="1 to 40 of A-Z a-z 0-9 - _; the same key again is the same refund"
    )
    amount: AmountDocument | None = None
    reason: Annotated[Text, Field(max_length=REASON_LENGTH_MAX)]

    def wish(self, actor: str) -> RefundWish:
        given = self.amount
        amount = None if given is None else Money(given.value, given.currency)
        return RefundWish(
            refund_key=self.refund_key, amount=amount, reason=self.reason, actor=actor
        )


def parse(kind: type[D], body: bytes | str) -> D:
    """Read a document; MalformedJsonError, or InvalidRequestError naming every broken rule."""
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        if details[0]["type"] == MALFORMED:
            raise MalformedJsonError(details[0]["msg"]) from None
        raise invalid_request(error) from None
