"""The documents of Midtrans as schemas: the members that matter, never all there may be."""

from simulator.methods import METHODS
from simulator.openapi import (
    ANYTHING,
    FLAG,
    TEXT,
    WHOLE,
    Schema,
    a_list,
    an_object,
    one_of,
    reference,
)
from simulator.transactions import Fraud, Status

_AMOUNT: Schema = {"type": ["integer", "string", "number"]}
_TEXT_OR_NUMBER: Schema = {"type": ["string", "integer"]}
_ORDER = an_object(["order_id", "gross_amount"], order_id=_TEXT_OR_NUMBER, gross_amount=_AMOUNT)
_ITEM = an_object(
    ["name", "price", "quantity"], id=TEXT, name=TEXT, price=_AMOUNT, quantity=_AMOUNT
)
_CUSTOMER = an_object(first_name=TEXT, last_name=TEXT, email=TEXT, phone=TEXT)
_STATUSES = sorted({*(each.value for each in Status), *(each.value.upper() for each in Status)})
_CODE: Schema = {"type": "string", "pattern": "^[0-9]{3}$"}
_COMMON = {
    "transaction_details": _ORDER,
    "item_details": a_list(_ITEM),
    "customer_details": _CUSTOMER,
    "custom_field1": TEXT,
    "custom_field2": TEXT,
    "custom_field3": TEXT,
    "metadata": ANYTHING,
}
_SPAN = an_object(duration=WHOLE, unit=TEXT, start_time=TEXT)
_REFUND = an_object(
    refund_chargeback_id=WHOLE,
    refund_amount=TEXT,
    refund_key=TEXT,
    created_at=TEXT,
    bank_confirmed_at=TEXT,
    refund_method=one_of("online", "offline"),
)
_TRANSACTION: dict[str, Schema] = {
    "status_code": _CODE,
    "status_message": TEXT,
    "transaction_id": TEXT,
    "order_id": TEXT,
    "merchant_id": TEXT,
    "gross_amount": TEXT,
    "currency": TEXT,
    "payment_type": TEXT,
    "transaction_time": TEXT,
    "transaction_status": one_of(*_STATUSES),
    "fraud_status": one_of(*(each.value for each in Fraud)),
    "expiry_time": TEXT,
    "settlement_time": TEXT,
    "signature_key": TEXT,
    "redirect_url": TEXT,
    "actions": a_list(an_object(name=TEXT, method=TEXT, url=TEXT)),
    "va_numbers": a_list(an_object(bank=TEXT, va_number=TEXT)),
    "refunds": a_list(_REFUND),
}
_SUBSCRIPTION: dict[str, Schema] = {
    "name": {"type": "string", "maxLength": 40},
    "amount": _AMOUNT,
    "currency": one_of("IDR"),
    "payment_type": one_of("credit_card", "gopay"),
    "token": TEXT,
    "schedule": an_object(interval=_AMOUNT, interval_unit=one_of("day", "week", "month")),
}

SCHEMAS: dict[str, Schema] = {
    "ChargeRequest": an_object(
        ["payment_type", "transaction_details"],
        payment_type=one_of(*sorted({each.payment_type for each in METHODS.values()})),
        custom_expiry=an_object(order_time=TEXT, expiry_duration=WHOLE, unit=TEXT),
        **_COMMON,
    ),
    "SnapRequest": an_object(
        ["transaction_details"],
        enabled_payments=a_list(TEXT),
        credit_card=an_object(secure=FLAG, save_card=FLAG, bank=TEXT, type=TEXT),
        expiry=_SPAN,
        page_expiry=_SPAN,
        callbacks=an_object(finish=TEXT, error=TEXT),
        **_COMMON,
    ),
    "SnapSession": an_object(["token", "redirect_url"], token=TEXT, redirect_url=TEXT),
    "SnapError": an_object(["error_messages"], error_messages=a_list(TEXT)),
    "CoreError": an_object(
        ["status_code", "status_message", "id"],
        status_code=_CODE,
        status_message=TEXT,
        validation_messages=a_list(TEXT),
        id=TEXT,
    ),
    "Transaction": an_object(["status_code", "transaction_id", "order_id"], **_TRANSACTION),
    "TransactionList": an_object(
        ["status_code", "transactions"],
        status_code=_CODE,
        status_message=TEXT,
        transactions=a_list(reference("Transaction")),
    ),
    "CaptureRequest": an_object(["transaction_id"], transaction_id=TEXT, gross_amount=_AMOUNT),
    "RefundRequest": an_object(refund_key=TEXT, amount=_AMOUNT, reason=TEXT),
    "Refunded": an_object(
        ["status_code", "order_id", "refund_amount"],
        **_TRANSACTION,
        refund_amount=TEXT,
        refund_key=TEXT,
        refund_chargeback_id=WHOLE,
    ),
    "CardToken": an_object(["token_id"], status_code=_CODE, token_id=TEXT, hash=TEXT),
    "SavedCard": an_object(
        ["saved_token_id"], status_code=_CODE, saved_token_id=TEXT, masked_card=TEXT
    ),
    "Points": an_object(
        ["point_balance"], status_code=_CODE, point_balance=WHOLE, point_balance_amount=TEXT
    ),
    "Bin": an_object(["data"], data=an_object(["bin", "brand"], bin=TEXT, brand=TEXT, bank=TEXT)),
    "AccountRequest": an_object(
        ["payment_type", "gopay_partner"],
        payment_type=one_of("gopay"),
        gopay_partner=an_object(
            ["phone_number"],
            phone_number=_TEXT_OR_NUMBER,
            country_code=TEXT,
            redirect_url=TEXT,
        ),
    ),
    "Account": an_object(
        ["status_code", "payment_type"],
        status_code=_CODE,
        payment_type=TEXT,
        account_id=TEXT,
        account_status=one_of("PENDING", "EXPIRED", "ENABLED", "DISABLED"),
        channel_response_code=TEXT,
        channel_response_message=TEXT,
    ),
    "SubscriptionRequest": an_object((), **_SUBSCRIPTION),
    "Subscription": an_object(
        ["id", "status", "schedule"], **_SUBSCRIPTION, id=TEXT, status=one_of("active", "inactive")
    ),
    "Updated": an_object(["status_message"], status_message=TEXT),
    "RecurringError": an_object(
        ["status_message"], status_message=TEXT, validation_messages=a_list(TEXT)
    ),
}
