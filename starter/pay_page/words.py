"""The page's own words; how a payment stands is told by payments/messages.py."""

from payments.gateway import InstructionKind
from payments.messages import Told
from payments.request import Locale
from payments.status import PaymentStatus

_P = PaymentStatus
TITLES: dict[PaymentStatus, Told] = {
    _P.PREPARING: Told("Menyiapkan pembayaran", "Preparing your payment"),
    _P.AWAITING_PAYMENT: Told("Menunggu pembayaran", "Waiting for your payment"),
    _P.IN_REVIEW: Told("Sedang diperiksa", "In review"),
    _P.CHECKING: Told("Memastikan status pembayaran", "Checking your payment"),
    _P.PAID: Told("Sudah dibayar", "Paid"),
    _P.FAILED: Told("Pembayaran tidak berhasil", "Payment did not succeed"),
    _P.EXPIRED: Told("Waktu pembayaran habis", "The time to pay is over"),
    _P.CANCELLED: Told("Dibatalkan", "Cancelled"),
    _P.PARTIALLY_REFUNDED: Told("Dikembalikan sebagian", "Partly refunded"),
    _P.REFUNDED: Told("Dana dikembalikan", "Refunded"),
    _P.CHARGED_BACK: Told("Ditarik kembali oleh penerbit kartu", "Taken back by the card issuer"),
    _P.REVERSED: Told("Dibatalkan oleh bank", "Reversed by the bank"),
}
# What to do with the code or button that is shown.
HINTS: dict[InstructionKind, Told] = {
    InstructionKind.REDIRECT: Told(
        "Pembayaran dilanjutkan di halaman aman Midtrans.",
        "The payment goes on at Midtrans' secure page.",
    ),
    InstructionKind.VIRTUAL_ACCOUNT: Told(
        "Transfer lewat ATM, mobile banking atau internet banking dengan jumlah yang sama persis.",
        "Transfer exactly this amount by ATM, mobile banking or internet banking.",
    ),
    InstructionKind.BILL: Told(
        "Di Livin' by Mandiri atau ATM Mandiri pilih Bayar, lalu Multipayment.",
        "In Livin' by Mandiri or at a Mandiri ATM choose Pay, then Multipayment.",
    ),
    InstructionKind.QR: Told(
        "Membayar dari ponsel ini? Simpan tangkapan layar, lalu buka gambarnya di aplikasi bank"
        " atau dompet digital Anda.",
        "Paying from this phone? Take a screenshot and open it in your bank's or wallet's app.",
    ),
    InstructionKind.DEEPLINK: Told(
        "Setujui pembayaran di aplikasi, lalu kembali ke halaman ini.",
        "Approve the payment in the app, then come back to this page.",
    ),
    InstructionKind.PAYMENT_CODE: Told(
        "Tunjukkan kode ini di kasir. Kasir mungkin menambahkan biaya layanan.",
        "Show this code at the counter. The counter may add a fee.",
    ),
}
LABELS: dict[str, Told] = {
    "order": Told("Pesanan", "Order"),
    "pay_before": Told("Bayar sebelum", "Pay before"),
    "va_number": Told("Nomor Virtual Account", "Virtual account number"),
    "biller_code": Told("Kode perusahaan", "Company code"),
    "bill_key": Told("Kode pembayaran", "Payment code"),
    "payment_code": Told("Kode pembayaran", "Payment code"),
    "qr_code": Told("Kode QR untuk dipindai", "QR code to scan"),
    "open_qr": Told("Tampilkan kode QR", "Show the QR code"),
    "open_app": Told("Buka aplikasi", "Open the app"),
    "go_on": Told("Lanjut ke pembayaran", "Go on to pay"),
    "change": Told("Ganti metode pembayaran", "Pay by another method"),
    "keep": Told("Tetap dengan metode ini", "Keep this method"),
    "choose": Told("Pilih metode pembayaran", "Choose a payment method"),
    "old_number": Told(
        "Setelah Anda memilih, jangan lagi membayar ke nomor atau kode yang lama.",
        "Once you have chosen, do not pay to the old number or code any more.",
    ),
    "again": Told("Coba lagi dengan", "Try again with"),
    "until": Told("Dapat dibayar sampai", "Can be paid until"),
    "opens_soon": Told(
        "Metode yang Anda pilih dibuka begitu percobaan terakhir selesai ditutup.",
        "The method you choose opens as soon as the last attempt is closed.",
    ),
    "paid_at": Told("Dibayar", "Paid"),
    "paid_with": Told("Metode", "Method"),
    "invoice": Told("Faktur", "Invoice"),
    "renews": Told(
        "Halaman ini memperbarui diri setiap beberapa detik.",
        "This page renews itself every few seconds.",
    ),
    "back": Told("Kembali ke toko", "Back to the shop"),
    "help": Told("Perlu bantuan?", "Need help?"),
    "sandbox": Told("Uji coba", "Test mode"),
    "dead_title": Told("Tautan ini tidak berlaku lagi", "This link is no longer valid"),
    "dead_text": Told(
        "Tautan pembayaran hanya dapat dipakai sekali. Jika Anda sudah membayar, tidak ada yang"
        " perlu Anda lakukan. Jika belum, silakan buka tautan di email terbaru dari kami, atau"
        " buka pesanan Anda di toko kami.",
        "A payment link can be used once. If you have already paid, there is nothing to do. If"
        " not, please open the link in our latest e-mail, or open your order at our shop.",
    ),
    "sorry_title": Told("Maaf", "Sorry"),
}
# The method groups of the page, in their order.
BANKS = Told("Transfer bank", "Bank transfer")
WALLETS = Told("QRIS dan dompet digital", "QRIS and e-wallets")
COUNTERS = Told("Gerai", "Convenience stores")
CARDS = Told("Kartu dan cicilan", "Cards and instalments")


def labels(locale: Locale) -> dict[str, str]:
    return {name: told.text(locale, {}) for name, told in LABELS.items()}
