"""Instructions of a waiting payment, with the buttons that stand for the bank or the wallet."""

from simulator import pages
from simulator.clock import wib_text
from simulator.transactions import Status, Transaction

_LABELS = {
    "permata_va_number": "Nomor Virtual Account Permata",
    "bill_key": "Bill key",
    "biller_code": "Biller code (Mandiri)",
    "payment_code": "Kode pembayaran · Payment code",
    "payer_phone_number": "Nomor OVO · OVO number",
}
_SCANNED = frozenset({"gopay"})


def how_to_pay(transaction: Transaction) -> str:
    if transaction.status is not Status.PENDING:
        return ""
    deadline = pages.note(f"Bayar sebelum · Pay before {wib_text(transaction.expires_at)} WIB")
    redirect = transaction.links.get("redirect_url")
    if transaction.is_card:
        return deadline + pages.link(str(redirect), "3D Secure", "do")
    elsewhere = "" if redirect is None else _elsewhere(transaction, str(redirect))
    return deadline + _shown(transaction) + elsewhere + pay_or_fail(transaction)


def pay_or_fail(transaction: Transaction) -> str:
    """Draw the buttons that stand for the customer's bank or wallet."""
    named = {"transaction_id": transaction.transaction_id}
    parts = [
        pages.button("pay", "Bayar sekarang (simulasi) · Pay now (simulated)", kind="do", **named)
    ]
    if transaction.method.name in _SCANNED:
        parts.append(
            pages.button(
                "scan", "Pindai QR (simulasi) · Scan the QR (simulated)", kind="alt", **named
            )
        )
    parts.append(pages.button("fail", "Gagalkan · Fail", kind="undo", **named))
    return "".join(parts)


def _elsewhere(transaction: Transaction, url: str) -> str:
    return pages.link(url, f"Buka · Open {transaction.method.title}")


def _shown(transaction: Transaction) -> str:
    parts = []
    numbers = transaction.instructions.get("va_numbers")
    for number in numbers if isinstance(numbers, list) else []:
        label = f"Nomor Virtual Account {str(number['bank']).upper()}"
        parts.append(pages.code(label, number["va_number"]))
    parts += [
        pages.code(label, transaction.instructions[name])
        for name, label in _LABELS.items()
        if name in transaction.instructions
    ]
    actions = transaction.links.get("actions")
    for action in actions if isinstance(actions, list) else []:
        if action["name"] == "generate-qr-code":
            parts.append(pages.picture(action["url"], "QR"))
        elif action["name"] == "deeplink-redirect":
            parts.append(_elsewhere(transaction, action["url"]))
    return "".join(parts)
