"""What browsers and servers ask about cards: tokens, saved cards, points, the issuer of a BIN."""

from http import HTTPStatus

from starlette.routing import Route

from simulator.answers import Answer, GatewayError, invalid
from simulator.calls import READING, Call, Manner, Operation
from simulator.cards import issuer, masked, passes_luhn, points
from simulator.clock import wib_text
from simulator.world import World

_CARD_LENGTHS = range(13, 20)
_BIN_LENGTHS = range(6, 9)
# One point is worth this many rupiah, at the banks that have any.
_POINT_VALUE = 1


def routes() -> list[Route]:
    """List the routes; browsers name the merchant by its client key, in the query or by Basic."""
    from_browsers = Manner(key_life=None, client_key=True)
    token = Operation("token", create_token, from_browsers)
    register = Operation("card_register", register_card, from_browsers)
    inquiry = Operation("point_inquiry", inquire_points, READING)
    lookup = Operation("bin", look_up_bin, from_browsers)
    return [
        Route("/v2/token", token, methods=["GET"]),
        Route("/v2/card/register", register, methods=["GET"]),
        Route("/v2/point_inquiry/{token}", inquiry, methods=["GET"]),
        Route("/v1/bins/{bin}", lookup, methods=["GET"]),
    ]


def create_token(world: World, call: Call) -> Answer:
    saved = call.query.get("token_id")
    if saved is not None:
        number = world.cards.saved_number(saved)
        if number is None:
            raise GatewayError(HTTPStatus.LENGTH_REQUIRED)
    else:
        number = _card_number(world, call)
    return Answer(
        {
            "status_code": "200",
            "status_message": "Credit card token is created as Token ID.",
            "token_id": world.cards.tokenize(number),
            "hash": f"{masked(number)}-xxxx",
        }
    )


def register_card(world: World, call: Call) -> Answer:
    number = _card_number(world, call)
    return Answer(
        {
            "status_code": "200",
            "saved_token_id": world.cards.save(number),
            "transaction_id": world.identifiers.unique(),
            "masked_card": masked(number),
        }
    )


def inquire_points(world: World, call: Call) -> Answer:
    """Tell the points behind a token, which stays good for its charge."""
    number = world.cards.behind(call.path["token"])
    if number is None:
        raise GatewayError(HTTPStatus.LENGTH_REQUIRED)
    balance = points(number)
    if not balance:
        raise GatewayError(402)
    return Answer(
        {
            "status_code": "200",
            "status_message": "Success, Credit Card Point inquiry is successful",
            "point_balance": balance,
            "point_balance_amount": f"{balance * _POINT_VALUE}.00",
            "transaction_time": wib_text(world.clock.now()),
        }
    )


def look_up_bin(_: World, call: Call) -> Answer:
    digits = call.path["bin"]
    if not (digits.isascii() and digits.isdigit()) or len(digits) not in _BIN_LENGTHS:
        raise invalid("bin must be 6 to 8 digits")
    return Answer({"data": issuer(digits)})


def _card_number(world: World, call: Call) -> str:
    number = call.query.get("card_number", "").replace(" ", "")
    problems = _card_problems(world, number, call)
    if problems:
        raise invalid(*problems)
    return number


def _card_problems(world: World, number: str, call: Call) -> list[str]:
    problems = []
    if not (number.isascii() and number.isdigit()) or len(number) not in _CARD_LENGTHS:
        problems.append("card_number must be 13 to 19 digits")
    elif not passes_luhn(number):
        problems.append("card_number does not match with luhn algorithm")
    now = world.clock.now()
    month, year = call.query.get("card_exp_month", ""), call.query.get("card_exp_year", "")
    if not month.isdigit() or int(month) not in range(1, 13):
        problems.append("card_exp_month is invalid")
    if not year.isdigit():
        problems.append("card_exp_year is invalid")
    elif int(year) < now.year:
        problems.append("card_exp_year must be greater than this year")
    return problems
