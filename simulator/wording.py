"""The same message in other words: other ages of the gateway, and Indonesian.

Integrators are told never to match on text; these knobs show who does.
"""

from collections.abc import Mapping

from simulator.answers import Answer
from simulator.behaviour import Behaviour

_OTHER_WORDS = {
    "Transaction doesn't exist.": "The requested resource is not found",
    "Merchant cannot modify the status of the transaction": "Transaction status cannot be updated.",
    "Success, transaction has expired": "Success, transaction is expired",
    "Success, transaction is expired": "Success, transaction has expired",
    "GoPay transaction is created": "GO-PAY transaction is created",
    "OK, Mandiri Bill transaction is successful": (
        "Success, Mandiri Bill transaction is successful"
    ),
    "Merchant doesn't have access for this payment type": (
        "No MID/TID available for this payment type"
    ),
}
# Endings and whole sentences; field names stay as they are.
_INDONESIAN = {
    "is required": "wajib diisi",
    "is not a number": "bukan angka",
    "must be equal or greater than": "harus sama atau lebih besar dari",
    "has already been taken": "sudah digunakan",
    "has been paid and utilized, please use another order ID": (
        "sudah dibayar dan digunakan, silakan gunakan order ID lain"
    ),
    "is not equal to the sum of item_details": "tidak sama dengan jumlah item_details",
    "is too long (maximum is": "terlalu panjang (maksimum",
    "characters)": "karakter)",
    "format is invalid": "formatnya tidak valid",
    "Access denied due to unauthorized transaction, please check client or server key": (
        "Akses ditolak karena transaksi tidak sah, periksa client key atau server key"
    ),
    "Sorry, we encountered internal server error. We will fix this soon.": (
        "Maaf, terjadi kesalahan internal. Kami akan segera memperbaikinya."
    ),
    "Transaction doesn't exist.": "Transaksi tidak ditemukan.",
    "One or more parameters in the payload is invalid.": "Satu atau beberapa parameter tidak valid.",
}
_LISTS = ("error_messages", "validation_messages")
EXTRA: Mapping[str, object] = {
    "simulator_new_text": "a field that no document knows",
    "simulator_new_object": {"numbers": [1, 2], "text": ""},
}


def reworded(answer: Answer, behaviour: Behaviour) -> Answer:
    """Say the answer as the knobs want it; as they stand at the start it is left alone."""
    body = answer.body
    if behaviour.wording == "other" and body.get("status_message") in _OTHER_WORDS:
        body = {**body, "status_message": _OTHER_WORDS[str(body["status_message"])]}
    if behaviour.language == "id":
        body = _in_indonesian(body)
    if behaviour.extra_fields:
        body = {**body, **EXTRA}
    return answer if body is answer.body else Answer(body, answer.http_status)


def _in_indonesian(body: Mapping[str, object]) -> dict[str, object]:
    translated = dict(body)
    for name in _LISTS:
        texts = body.get(name)
        if isinstance(texts, list):
            translated[name] = [_translated(str(text)) for text in texts]
    message = body.get("status_message")
    if isinstance(message, str):
        translated["status_message"] = _translated(message)
    return translated


def _translated(text: str) -> str:
    for english, indonesian in _INDONESIAN.items():
        text = text.replace(english, indonesian)
    return text
