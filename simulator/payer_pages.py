"""What stands outside the merchant's page: 3D Secure, wallet apps, the bank, QR pictures."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from simulator import pages
from simulator.accounts import AccountStatus, PayAccount
from simulator.browser_return import finish_url, posted_return, wallet_return
from simulator.card_teller import ONE_TIME_PASSWORD
from simulator.cards import masked
from simulator.lifecycle import NotPermittedError
from simulator.payment_view import pay_or_fail
from simulator.qris import qr_png, qr_string
from simulator.snap_api import PAGE
from simulator.transactions import Status, Transaction
from simulator.world import World

_SEE_OTHER = 303
_BANK = "Bank simulator"
_LINKING = "GoPay"


def routes() -> list[Route]:
    both = ["GET", "POST"]
    return [
        Route("/v2/3ds/redirect/{id}", show_3ds),
        Route("/v2/3ds/redirect/{id}", answer_3ds, methods=["POST"]),
        Route("/v2/token/rba/redirect/{id}", show_3ds),
        Route("/v2/token/rba/redirect/{id}", answer_3ds, methods=["POST"]),
        Route("/v2/gopay/redirect/{account_id}/link", link_wallet, methods=both),
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
    parts = [
        pages.order_line(f"Order {transaction.order_id}"),
        pages.amount(transaction.gross_amount),
        pages.outcome(transaction),
    ]
    if transaction.status is Status.PENDING:
        parts += [
            pages.rows([("Kartu · Card", masked(transaction.card_number))]),
            pages.note("Kode OTP dikirim ke ponsel Anda · A code was sent to your phone"),
            pages.form(
                "submit",
                "Lanjut · Submit",
                pages.text_input("otp", f"Kode OTP ({ONE_TIME_PASSWORD})", ONE_TIME_PASSWORD),
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
    return _onward(transaction, request, finish_url(world, transaction))


async def show_wallet(request: Request) -> Response:
    transaction = _transaction(request)
    return pages.not_found() if transaction is None else _wallet(transaction)


async def answer_wallet(request: Request) -> Response:
    """Pay or not; a failure inside a wallet changes nothing, the payer may try again."""
    world, transaction = _world(request), _transaction(request)
    if transaction is None:
        return pages.not_found()
    action = (await pages.posted(request)).get("action")
    paid = action in {"pay", "scan"}
    if paid:
        try:
            world.lifecycle.pay(transaction, scanned=action == "scan")
        except NotPermittedError as error:
            return _wallet(transaction, pages.state("bad", str(error)), status=409)
    by_post = posted_return(world, transaction)
    if paid and by_post:
        return _wallet(transaction, by_post)
    return _onward(transaction, request, wallet_return(world, transaction, paid=paid))


async def link_wallet(request: Request) -> Response:
    """Let the customer allow the link of the wallet's account, or not."""
    world = _world(request)
    account = world.accounts.find(request.path_params["account_id"])
    if account is None:
        return pages.not_found()
    action = (await pages.posted(request)).get("action", "")
    if account.status is AccountStatus.PENDING and action == "link":
        world.accounts.enable(account)
        if account.redirect_url.startswith(("http://", "https://")):
            return RedirectResponse(account.redirect_url, _SEE_OTHER)
    return _linking(account)


def _linking(account: PayAccount) -> Response:
    if account.status is not AccountStatus.PENDING:
        kind = "good" if account.status is AccountStatus.ENABLED else "bad"
        return pages.page(_LINKING, pages.state(kind, account.status.value))
    return pages.page(
        _LINKING,
        pages.note(f"Hubungkan akun · Link this account to {account.merchant.merchant_id}"),
        pages.button("link", "Hubungkan · Link", kind="do"),
    )


def _wallet(transaction: Transaction, *more: str, status: int = 200) -> Response:
    parts = [
        pages.order_line(f"Order {transaction.order_id}"),
        pages.amount(transaction.gross_amount),
        pages.outcome(transaction),
        *more,
    ]
    if transaction.status is Status.PENDING and not more:
        parts.append(pay_or_fail(transaction))
    return pages.page(transaction.method.title, *parts, status=status)


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
    label = "Nomor VA, bill key, kode pembayaran · VA number, bill key, payment code"
    paying = pages.form("pay", "Bayar · Pay", pages.text_input("number", label, number))
    return pages.page(_BANK, paying)


async def answer_bank(request: Request) -> Response:
    world = _world(request)
    number = (await pages.posted(request)).get("number", "").replace(" ", "")
    transaction = world.ledger.by_payment_code(number)
    if transaction is None:
        return _no_such_bill()
    try:
        world.lifecycle.pay(transaction)
    except NotPermittedError:
        return _no_such_bill()
    return pages.page(_BANK, pages.amount(transaction.gross_amount), pages.outcome(transaction))


def _no_such_bill() -> Response:
    refusal = pages.state("bad", "Tagihan tidak ditemukan · No such bill is waiting")
    return pages.page(_BANK, refusal, status=404)


def _onward(transaction: Transaction, request: Request, elsewhere: str) -> Response:
    if elsewhere and transaction.status is not Status.PENDING:
        return RedirectResponse(elsewhere, _SEE_OTHER)
    if transaction.callback_url and elsewhere:
        return RedirectResponse(elsewhere, _SEE_OTHER)
    if transaction.snap_token:
        return RedirectResponse(f"{PAGE}/{transaction.snap_token}", _SEE_OTHER)
    return RedirectResponse(str(request.url), _SEE_OTHER)


def _world(request: Request) -> World:
    world: World = request.app.state.world
    return world


def _transaction(request: Request) -> Transaction | None:
    return _world(request).ledger.by_id(request.path_params["id"])
