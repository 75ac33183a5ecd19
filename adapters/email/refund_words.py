"""What a customer is told of money on its way back.

Never more than is known: what the gateway has accepted is not yet on anybody's account.
"""

from enum import StrEnum

from payments.messages import Told
from payments.refunds import RefundCause, RefundStatus

_WANTED = Told(
    "Kami mengembalikan dana yang Anda bayarkan untuk pesanan {order_id}.",
    "We are returning money that you paid for order {order_id}.",
)
WHY: dict[RefundCause, Told] = {
    RefundCause.REQUESTED: _WANTED,
    RefundCause.ELSEWHERE: _WANTED,
    RefundCause.LATE_MONEY: Told(
        "Pembayaran Anda kami terima setelah pesanan {order_id} berakhir, sehingga dananya kami"
        " kembalikan.",
        "Your payment reached us after order {order_id} had ended, so we are returning the money.",
    ),
    RefundCause.SECOND_PAYMENT: Told(
        "Pesanan {order_id} terbayar lebih dari satu kali, sehingga kelebihan pembayarannya kami"
        " kembalikan.",
        "Order {order_id} was paid more than once, so we are returning what was paid too much.",
    ),
}

STAGES: dict[RefundStatus, Told] = {
    RefundStatus.ACCEPTED: Told(
        "Penyedia layanan pembayaran telah menerima permintaan pengembalian ini dan sedang"
        " memprosesnya; dananya mungkin belum Anda terima.",
        "The payment provider has accepted the refund and is processing it; the money may not have"
        " reached you yet.",
    ),
    RefundStatus.CONFIRMED: Told(
        "Pengembalian ini telah dikonfirmasi.", "The refund has been confirmed."
    ),
}
TRANSFERRED = Told(
    "Dananya telah kami transfer ke rekening bank Anda.",
    "We have transferred the money to your bank account.",
)
BY_TRANSFER = Told(
    "Untuk mengembalikannya melalui transfer bank, kami memerlukan nomor rekening Anda.",
    "To return it by bank transfer, we need to know your bank account.",
)


class Way(StrEnum):
    """How money reaches the customer again."""

    CARD = "card"
    E_WALLET = "e_wallet"
    PAYLATER = "paylater"
    TRANSFER = "transfer"
    AS_PAID = "as_paid"


ARRIVAL: dict[Way, Told] = {
    Way.CARD: Told(
        "Pada tagihan kartu Anda, dana ini tampil sebagai kredit, atau pembayarannya tidak jadi"
        " ditagihkan. Lamanya bergantung pada bank penerbit kartu Anda: biasanya beberapa hari"
        " kerja hingga satu siklus tagihan.",
        "On your card statement it shows as a credit, or the payment is not charged at all. How"
        " long that takes depends on the bank that issued your card: usually a few working days,"
        " up to one billing cycle.",
    ),
    Way.E_WALLET: Told(
        "Dana masuk ke saldo dompet digital yang Anda gunakan untuk membayar. Lamanya bergantung"
        " pada penyedia dompet digital tersebut: biasanya beberapa menit hingga beberapa hari"
        " kerja.",
        "The money goes to the e-wallet that you paid with. How long that takes depends on the"
        " e-wallet's provider: usually a few minutes, up to a few working days.",
    ),
    Way.PAYLATER: Told(
        "Dana ini dikurangkan dari tagihan paylater Anda. Lamanya bergantung pada penyedia paylater"
        " tersebut: biasanya beberapa hari kerja.",
        "The amount is taken off your paylater bill. How long that takes depends on its provider:"
        " usually a few working days.",
    ),
    Way.TRANSFER: Told(
        "Kapan dana tampil di rekening Anda bergantung pada bank Anda: biasanya pada hari yang sama"
        " atau hari kerja berikutnya.",
        "When it shows on your account depends on your bank: usually the same or the next working"
        " day.",
    ),
    Way.AS_PAID: Told(
        "Dana masuk ke rekening atau dompet digital yang Anda gunakan untuk membayar. Lamanya"
        " bergantung pada bank atau penyedianya: biasanya beberapa hari kerja.",
        "The money goes to the account or e-wallet that you paid from. How long that takes depends"
        " on its bank or provider: usually a few working days.",
    ),
}
