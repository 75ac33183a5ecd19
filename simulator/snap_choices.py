"""The list of methods on a Snap page, by kind, with the card form on top."""

from simulator import pages
from simulator.methods import Method

_KINDS = {
    "gopay": "E-wallet & QRIS",
    "shopeepay": "E-wallet & QRIS",
    "dana": "E-wallet & QRIS",
    "ovo": "E-wallet & QRIS",
    "qris": "E-wallet & QRIS",
    "bank_transfer": "Transfer bank · Bank transfer",
    "echannel": "Transfer bank · Bank transfer",
    "cstore": "Gerai · Stores",
    "akulaku": "PayLater",
    "kredivo": "PayLater",
}
_OTHER = "Internet banking"
_LONGEST_MARK = 7


def method_choices(methods: list[Method]) -> str:
    groups: dict[str, list[Method]] = {}
    for method in methods:
        if method.name != "credit_card":
            groups.setdefault(_KINDS.get(method.payment_type, _OTHER), []).append(method)
    parts = [pages.heading("Pilih metode pembayaran · Choose a payment method")]
    if any(method.name == "credit_card" for method in methods):
        parts.append(_card_form())
    parts += [
        pages.heading(kind) + pages.choices([_line(method) for method in members])
        for kind, members in groups.items()
    ]
    return "".join(parts)


def _line(method: Method) -> str:
    word = (method.variant or method.title.split()[0]).upper()
    mark = word if len(word) <= _LONGEST_MARK else word[:4]
    return pages.choice("choose", mark, method.title, method=method.name)


def _card_form() -> str:
    return pages.folded(
        "Kartu kredit/debit · Credit/debit card",
        pages.form(
            "card",
            "Bayar dengan kartu · Pay by card",
            pages.text_input("card_number", "Nomor kartu · Card number", "4811 1111 1111 1114"),
            pages.side_by_side(
                pages.text_input("expiry", "MM/YY", "01/39"),
                pages.text_input("cvv", "CVV", "123"),
            ),
        ),
        unfolded=True,
    )
