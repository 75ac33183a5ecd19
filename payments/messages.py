"""What a customer is told, in formal Indonesian and in English.

One table per question: how the payment stands, and what to do when a request could not be carried
out. `{names}` are filled in by whoever shows the text; which one it is says `telling.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from payments.gateway import InstructionKind
from payments.request import Locale
from payments.status import PaymentStatus


@dataclass(frozen=True, slots=True)
class Told:
    """One text in both languages."""

    id: str
    en: str

    def text(self, locale: Locale, values: Mapping[str, str]) -> str:
        """The text with its `{names}` filled in; KeyError when one has no value."""
        template = self.id if locale is Locale.ID else self.en
        return template.format_map(values)


_RETURNED = "Jika rekening Anda terdebit, bank mengembalikannya dalam 1–5 hari kerja."  # noqa: RUF001
_RETURNED_EN = "If your account was debited, your bank returns it within 1–5 working days."  # noqa: RUF001
_TRY_AGAIN = "Silakan coba metode pembayaran lain atau buat pesanan baru."
_TRY_AGAIN_EN = "Please try another payment method or place a new order."

_AWAITING = PaymentStatus.AWAITING_PAYMENT
STATUS_TEXTS: dict[tuple[PaymentStatus, InstructionKind | None], Told] = {
    (PaymentStatus.PREPARING, None): Told(
        "Pembayaran Anda sedang kami siapkan. Mohon tunggu sebentar; belum ada yang perlu dibayar.",
        "We are preparing your payment. Please wait a moment; there is nothing to pay yet.",
    ),
    (_AWAITING, None): Told(
        "Silakan selesaikan pembayaran {amount} sebelum {deadline}.",
        "Please complete the payment of {amount} before {deadline}.",
    ),
    (_AWAITING, InstructionKind.REDIRECT): Told(
        "Silakan selesaikan pembayaran {amount} di halaman pembayaran sebelum {deadline}.",
        "Please complete the payment of {amount} on the payment page before {deadline}.",
    ),
    (_AWAITING, InstructionKind.VIRTUAL_ACCOUNT): Told(
        "Silakan transfer {amount} ke {method} nomor {va_number} sebelum {deadline}."
        " Jumlahnya harus sama persis.",
        "Please transfer {amount} to {method}, number {va_number}, before {deadline}."
        " The amount must match exactly.",
    ),
    (_AWAITING, InstructionKind.BILL): Told(
        "Silakan bayar {amount} melalui {method} dengan kode perusahaan {biller_code} dan kode"
        " pembayaran {bill_key} sebelum {deadline}.",
        "Please pay {amount} by {method} with company code {biller_code} and payment code"
        " {bill_key} before {deadline}.",
    ),
    (_AWAITING, InstructionKind.QR): Told(
        "Silakan pindai kode QR dan bayar {amount} sebelum {deadline}.",
        "Please scan the QR code and pay {amount} before {deadline}.",
    ),
    (_AWAITING, InstructionKind.DEEPLINK): Told(
        "Silakan buka aplikasi {method} dan setujui pembayaran {amount} sebelum {deadline}.",
        "Please open the {method} app and approve the payment of {amount} before {deadline}.",
    ),
    (_AWAITING, InstructionKind.PAYMENT_CODE): Told(
        "Silakan bayar {amount} di {method} dengan kode pembayaran {payment_code} sebelum"
        " {deadline}.",
        "Please pay {amount} at {method} with payment code {payment_code} before {deadline}.",
    ),
    (PaymentStatus.IN_REVIEW, None): Told(
        "Pembayaran Anda sedang diperiksa demi keamanan. Mohon jangan membayar lagi; hasilnya"
        " segera kami sampaikan.",
        "Your payment is being reviewed for your safety. Please do not pay again; you will hear"
        " from us soon.",
    ),
    (PaymentStatus.CHECKING, None): Told(
        "Kami sedang memastikan status pembayaran Anda. Mohon jangan membayar lagi. Jika Anda"
        " sudah membayar, dana Anda aman.",
        "We are checking how your payment stands. Please do not pay again. If you have already"
        " paid, your money is safe.",
    ),
    (PaymentStatus.PAID, None): Told(
        "Pembayaran {amount} untuk pesanan {order_id} telah kami terima. Terima kasih.",
        "We have received your payment of {amount} for order {order_id}. Thank you.",
    ),
    (PaymentStatus.FAILED, None): Told(
        f"Pembayaran tidak berhasil dan tidak ada dana yang kami terima. {_RETURNED} {_TRY_AGAIN}",
        f"The payment did not succeed and no money was taken. {_RETURNED_EN} {_TRY_AGAIN_EN}",
    ),
    (PaymentStatus.EXPIRED, None): Told(
        "Waktu pembayaran telah habis dan tidak ada dana yang kami terima."
        f" {_RETURNED} {_TRY_AGAIN}",
        f"The time to pay is over and no money was taken. {_RETURNED_EN} {_TRY_AGAIN_EN}",
    ),
    (PaymentStatus.CANCELLED, None): Told(
        "Pembayaran telah dibatalkan dan tidak ada dana yang kami terima."
        f" {_RETURNED} Silakan buat pesanan baru jika Anda masih menginginkannya.",
        f"The payment was cancelled and no money was taken. {_RETURNED_EN} Please place a new"
        " order if you still want it.",
    ),
    (PaymentStatus.PARTIALLY_REFUNDED, None): Told(
        "Sebagian dana Anda, {refunded_amount}, telah kami kembalikan.",
        "We have returned part of your money, {refunded_amount}.",
    ),
    (PaymentStatus.REFUNDED, None): Told(
        "Dana Anda, {refunded_amount}, telah kami kembalikan.",
        "We have returned your money, {refunded_amount}.",
    ),
    (PaymentStatus.CHARGED_BACK, None): Told(
        "Dana pembayaran ini telah ditarik kembali oleh penerbit kartu Anda. Silakan hubungi kami"
        " jika hal ini keliru.",
        "The issuer of your card has taken this payment back. Please contact us if that is a"
        " mistake.",
    ),
    (PaymentStatus.REVERSED, None): Told(
        "Bank telah menarik kembali pembayaran Anda, sehingga pesanan ini belum terbayar. Silakan"
        " bayar dengan metode pembayaran lain atau hubungi kami.",
        "The bank has taken your payment back, so this order is not paid. Please pay by another"
        " payment method or contact us.",
    ),
}

# While the last attempt is being closed for another method, instead of the status's own text …
SWITCHING = Told(
    "Metode pembayaran Anda sedang diganti. Mohon jangan membayar ke nomor atau kode yang lama."
    " Jika Anda sudah membayar, dana Anda aman.",
    "We are changing your payment method. Please do not pay to the old number or code any more."
    " If you have already paid, your money is safe.",
)
# … and after the text that tells how to pay the new one.
SWITCHED = Told(
    "Jangan lagi membayar ke nomor atau kode yang lama.",
    "Do not pay to the old number or code any more.",
)

_AT_THE_SHOP = Told(
    "Maaf, terjadi kendala di toko kami. Silakan coba lagi atau hubungi kami.",
    "Sorry, something went wrong at our shop. Please try again or contact us.",
)
_NOTHING_FOUND = Told(
    "Maaf, data yang Anda cari tidak ditemukan.", "Sorry, we could not find what you asked for."
)
# By problem code of the checkout API. Where nothing is known of the money, nothing is said of it.
PROBLEM_TEXTS: dict[str, Told] = {
    "invalid_request": Told(
        "Maaf, ada data pesanan yang belum benar, sehingga pembayaran belum dimulai. Mohon periksa"
        " kembali data Anda.",
        "Sorry, something in the order's data is not right, so no payment was started. Please"
        " check your details.",
    ),
    "malformed_json": _AT_THE_SHOP,
    "unsupported_media_type": _AT_THE_SHOP,
    "body_incomplete": _AT_THE_SHOP,
    "body_too_large": _AT_THE_SHOP,
    "rate_limited": Told(
        "Terlalu banyak permintaan dalam waktu singkat. Mohon tunggu sebentar, lalu coba lagi.",
        "There were too many requests in a short time. Please wait a moment and try again.",
    ),
    "unauthenticated": _AT_THE_SHOP,
    "forbidden": _AT_THE_SHOP,
    "not_found": _NOTHING_FOUND,
    "method_not_allowed": _AT_THE_SHOP,
    "order_unknown": Told(
        "Maaf, pesanan ini tidak ditemukan.", "Sorry, we could not find this order."
    ),
    "invoice_unknown": Told(
        "Faktur pesanan ini belum tersedia.", "There is no invoice for this order yet."
    ),
    "credit_note_unknown": Told(
        "Tidak ada nota kredit ini untuk pesanan Anda.",
        "There is no such credit note for this order.",
    ),
    "refund_unknown": Told(
        "Maaf, pengembalian dana ini tidak ditemukan.", "Sorry, we could not find this refund."
    ),
    "refund_conflict": Told(
        "Pengembalian dana ini sudah diminta dengan jumlah yang berbeda. Silakan hubungi kami.",
        "This refund was already asked for with another amount. Please contact us.",
    ),
    "not_refundable": Told(
        "Dana pesanan ini tidak dapat dikembalikan saat ini. Silakan hubungi kami.",
        "Nothing of this order can be refunded at the moment. Please contact us.",
    ),
    "order_conflict": Told(
        "Pesanan ini sudah tercatat dengan isi yang berbeda. Mohon jangan membayar lagi sebelum"
        " memeriksa pesanan Anda.",
        "This order is already recorded with different contents. Please check your order before"
        " you pay.",
    ),
    "already_paid": Told(
        "Pesanan ini sudah terbayar. Mohon jangan membayar lagi; silakan hubungi kami untuk"
        " pengembalian dana.",
        "This order has already been paid. Please do not pay again; contact us for a refund.",
    ),
    "attempt_conflict": Told(
        "Metode pembayaran lain sudah dipilih untuk pesanan ini. Silakan lanjutkan dengan metode"
        " tersebut.",
        "Another payment method was already chosen for this order. Please go on with that one.",
    ),
    "not_retryable": Told(
        "Metode pembayaran tidak dapat diganti saat ini. Mohon jangan membayar lagi sebelum"
        " memeriksa status pesanan Anda.",
        "The payment method cannot be changed at the moment. Please check how your order stands"
        " before you pay again.",
    ),
    "gateway_refused": Told(
        "Metode pembayaran ini sedang tidak dapat digunakan dan tidak ada dana yang diambil."
        " Silakan coba metode pembayaran lain.",
        "This payment method cannot be used at the moment and no money was taken. Please try"
        " another payment method.",
    ),
    "gateway_unreachable": Told(
        "Layanan pembayaran sedang tidak dapat dihubungi dan tidak ada dana yang diambil. Silakan"
        " coba lagi beberapa saat lagi atau pilih metode pembayaran lain.",
        "The payment service cannot be reached at the moment and no money was taken. Please try"
        " again in a few minutes, or choose another payment method.",
    ),
    "no_answer": Told(
        "Layanan pembayaran belum menjawab. Mohon jangan membayar dengan cara lain dahulu; silakan"
        " coba lagi beberapa saat lagi.",
        "The payment service has not answered yet. Please do not pay in another way for now; try"
        " again in a moment.",
    ),
    "temporarily_unavailable": Told(
        "Layanan pembayaran sedang tidak tersedia. Silakan coba lagi beberapa saat lagi.",
        "The payment service is not available at the moment. Please try again in a moment.",
    ),
    "record_unreadable": _AT_THE_SHOP,
    "internal_error": Told(
        "Maaf, terjadi kendala di sistem kami. Silakan coba lagi beberapa saat lagi atau hubungi"
        " kami.",
        "Sorry, something went wrong in our system. Please try again in a moment or contact us.",
    ),
}
