"""Instructions of a waiting payment, with the buttons that stand for the bank or the wallet."""

from simulator import pages
from simulator.transactions import Status, Transaction

_LABELS = {
    "permata_va_number": "Nomor Virtual Account Permata",
    "bill_key": "Bill key",
    "biller_code": "Biller code (Mandiri)",
    "payment_code": "Kode pembayaran · Payment code",
    "payer_phone_number": "OVO",
}


def how_to_pay(transaction: Transaction) -> str:
    if transaction.status is not Status.PENDING:
        return ""
    if transaction.is_card:
        return pages.link(str(transaction.links.get("redirect_url", "")), "3D Secure")
    return _shown(transaction) + pay_or_fail()


def pay_or_fail() -> str:
    return pages.button(
        "pay", "Bayar sekarang (simulasi) · Pay now (simulated)", kind="do"
    ) + pages.button("fail", "Gagalkan · Fail", kind="undo")


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
            parts.append(f'<p><img src="{action["url"]}" alt="QR" width="260"></p>')
        elif action["name"] == "deeplink-redirect":
            parts.append(pages.link(action["url"], f"Buka {transaction.method.title}"))
    return "".join(parts)
