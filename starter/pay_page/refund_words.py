"""The words of the page on which a customer says where their money is to go."""

from payments.messages import Told
from payments.refunds import RefundCause
from payments.request import Locale

# Why money goes back; `{order_id}` and `{amount}` are filled in.
REASONS: dict[RefundCause, Told] = {
    RefundCause.REQUESTED: Told(
        "Kami mengembalikan dana untuk pesanan {order_id}.",
        "We are returning money for order {order_id}.",
    ),
    RefundCause.LATE_MONEY: Told(
        "Pembayaran Anda kami terima setelah pesanan {order_id} berakhir, sehingga dananya kami"
        " kembalikan.",
        "Your payment reached us after order {order_id} had ended, so we are returning it.",
    ),
    RefundCause.SECOND_PAYMENT: Told(
        "Pesanan {order_id} terbayar lebih dari sekali, sehingga kelebihannya kami kembalikan.",
        "Order {order_id} was paid more than once, so we are returning what was too much.",
    ),
    RefundCause.ELSEWHERE: Told(
        "Kami mengembalikan dana untuk pesanan {order_id}.",
        "We are returning money for order {order_id}.",
    ),
}
# By field of payments.bank_details.
RULES: dict[str, Told] = {
    "bank": Told("Mohon isi nama bank Anda.", "Please fill in the name of your bank."),
    "account_number": Told(
        "Nomor rekening terdiri dari 5 sampai 20 angka.", "An account number has 5 to 20 digits."
    ),
    "account_holder": Told(
        "Mohon isi nama pemilik rekening, seperti tertulis di bank.",
        "Please fill in the account holder's name as the bank has it.",
    ),
}
LABELS: dict[str, Told] = {
    "form_title": Told("Ke mana dana Anda dikirim?", "Where shall we send your money?"),
    "by_transfer": Told(
        "Dananya kami transfer ke rekening bank Anda; mohon beri tahu kami rekening yang mana.",
        "We will transfer it to your bank account; please tell us which one.",
    ),
    "bank": Told("Bank", "Bank"),
    "account_number": Told("Nomor rekening", "Account number"),
    "account_holder": Told("Nama pemilik rekening", "Account holder's name"),
    "once": Told(
        "Periksa sekali lagi: setelah dikirim, data ini tidak dapat diubah di sini.",
        "Please check once more: once sent, these details cannot be changed here.",
    ),
    "send": Told("Kirim", "Send"),
    "kept": Told(
        "Data ini disimpan terenkripsi, dipakai hanya untuk transfer ini, dan dihapus setelahnya."
        " Kami tidak pernah meminta PIN, OTP atau data kartu.",
        "These details are stored encrypted, used for this transfer only, and deleted afterwards."
        " We never ask for a PIN, an OTP or card data.",
    ),
    "given_title": Told("Terima kasih", "Thank you"),
    "given_text": Told(
        "Data rekening Anda sudah kami terima. Kami akan mentransfer dananya dan mengabari Anda"
        " lewat email.",
        "We have your account details. We will transfer the money and tell you by e-mail.",
    ),
    "ending_in": Told("Rekening", "Account"),
    "given_wrong": Told(
        "Jika data ini keliru, mohon segera hubungi kami.",
        "If these details are wrong, please contact us at once.",
    ),
    "over_title": Told("Tautan ini tidak berlaku lagi", "This link is no longer valid"),
    "over_text": Told(
        "Tautan pengembalian dana ini sudah dipakai, sudah berakhir, atau tidak lengkap. Jika dana"
        " Anda sudah dikembalikan, Anda menerima email dari kami. Jika belum, silakan buka tautan"
        " di email terbaru dari kami, atau hubungi kami.",
        "This refund link was used, has ended, or is incomplete. If your money was returned, you"
        " have an e-mail from us. If not, please open the link in our latest e-mail, or contact"
        " us.",
    ),
}
# Offered while typing; any other may be typed.
BANKS = (
    *("BCA", "Mandiri", "BRI", "BNI", "BSI", "CIMB Niaga", "Permata", "Danamon", "BTN"),
    *("Bank Jago", "SeaBank", "OCBC", "Panin", "Maybank Indonesia", "Bank DKI", "blu by BCA"),
)


def refund_labels(locale: Locale) -> dict[str, str]:
    return {name: told.text(locale, {}) for name, told in LABELS.items()}
