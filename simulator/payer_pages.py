"""What stands outside the merchant's page: 3D Secure, wallet apps, the bank, QR pictures."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from simulator import pages
from simulator.card_teller import ONE_TIME_PASSWORD
from simulator.lifecycle import NotPermittedError
from simulator.payment_view import pay_or_fail
from simulator.qris import qr_png, qr_string
from simulator.snap_page import finish_url
from simulator.transactions import Status, Transaction
from simulator.world import World

_SEE_OTHER = 303
_BANK = "Bank simulator"


def routes() -> list[Route]:
    return [
        Route("/v2/3ds/redirect/{id}", show_3ds),
        Route("/v2/3ds/redirect/{id}", answer_3ds, methods=["POST"]),
        Route("/wallet/{id}", show_wallet),
        Route("/wallet/{id}", answer_wallet, methods=["POST"]),
        Route("/v2/{kind}/redirect/{id}", show_wallet),
        Route("/v2/{kind}/redirect/{id}", answer_wallet, methods=["POST"]),
        Route("/v2/{kind}/{id}/qr-code", show_qr_code),
        Route("/v4/{kind}/{id}/qr-code", show_qr_code),
        Route("/bank", show_bank),
        Route("/bank", answer_bank, methods=["POST"]),
    ]


async def show_3ds(request: Request) -> Response:
    transaction = _transaction(request)
    if transaction is None:
        return pages.not_found()
    parts = [pages.amount(transaction.gross_amount), pages.outcome(transaction)]
    if transaction.status is Status.PENDING:
        parts += [
            pages.form(
                "submit",
                "Lanjut · Submit",
                {"otp": f"Kode OTP ({ONE_TIME_PASSWORD})"},
                {"otp": ONE_TIME_PASSWORD},
            ),
            pages.button("fail", "Batal · Cancel", kind="undo"),
        ]
    return pages.page("3D Secure", *parts)


async def answer_3ds(request: Request) -> Response:
    """Take the one-time password; whoever came from a Snap page goes back there."""
    world, transaction = _world(request), _transaction(request)
    if transaction is None:
        return pages.not_found()
    fields = await pages.posted(request)
    passed = fields.get("action") == "submit" and fields.get("otp", "").strip() == ONE_TIME_PASSWORD
    world.teller.authenticate(transaction, passed=passed)
    return _onward(world, transaction, request)


async def show_wallet(request: Request) -> Response:
    transaction = _transaction(request)
    if transaction is None:
        return pages.not_found()
    parts = [pages.amount(transaction.gross_amount), pages.outcome(transaction)]
    if transaction.status is Status.PENDING:
        parts.append(pay_or_fail())
    return pages.page(transaction.method.title, *parts)


async def answer_wallet(request: Request) -> Response:
    """Pay or not; a failure inside a wallet changes nothing, the payer may try again."""
    world, transaction = _world(request), _transaction(request)
    if transaction is None:
        return pages.not_found()
    if (await pages.posted(request)).get("action") == "pay":
        try:
            world.lifecycle.pay(transaction)
        except NotPermittedError as error:
            return pages.page(transaction.method.title, pages.heading(str(error)), status=409)
    return _onward(world, transaction, request)


async def show_qr_code(request: Request) -> Response:
    transaction = _transaction(request)
    if transaction is None:
        return pages.not_found()
    text = transaction.links.get("qr_string") or qr_string(
        transaction.merchant.merchant_id,
        transaction.gross_amount,
        transaction.transaction_id[-12:],
    )
    return Response(qr_png(str(text)), media_type="image/png")


async def show_bank(request: Request) -> Response:
    number = request.query_params.get("number", "")
    fields = {"number": "Nomor VA, bill key, kode pembayaran · VA number, bill key, payment code"}
    return pages.page(_BANK, pages.form("pay", "Bayar · Pay", fields, {"number": number}))


async def answer_bank(request: Request) -> Response:
    world = _world(request)
    number = (await pages.posted(request)).get("number", "").replace(" ", "")
    transaction = world.ledger.by_payment_code(number)
    if transaction is None or transaction.status is not Status.PENDING:
        refusal = pages.heading("Tagihan tidak ditemukan · No such bill is waiting")
        return pages.page(_BANK, refusal, status=404)
    world.lifecycle.pay(transaction)
    return pages.page(_BANK, pages.amount(transaction.gross_amount), pages.outcome(transaction))


def _onward(world: World, transaction: Transaction, request: Request) -> Response:
    finish = finish_url(world, transaction)
    if finish and transaction.status is not Status.PENDING:
        return RedirectResponse(finish, _SEE_OTHER)
    if transaction.snap_token:
        return RedirectResponse(f"/snap/v4/redirection/{transaction.snap_token}", _SEE_OTHER)
    return RedirectResponse(str(request.url), _SEE_OTHER)


def _world(request: Request) -> World:
    world: World = request.app.state.world
    return world


def _transaction(request: Request) -> Transaction | None:
    return _world(request).ledger.by_id(request.path_params["id"])
