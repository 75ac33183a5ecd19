"""Ids and numbers, drawn from one seeded source so that a run can be repeated."""

import random
import string
import uuid
from datetime import datetime

_SAVED_TOKEN_RANDOM = 22


class Identifiers:
    def __init__(self, seed: int | None) -> None:
        self._random = random.Random(seed)  # noqa: S311  # test numbers, no secrets.
        self._chargeback_id = 0

    def unique(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def digits(self, count: int) -> str:
        return f"{self._random.randrange(10**count):0{count}d}"

    def letters(self, count: int) -> str:
        return "".join(self._random.choices(string.ascii_uppercase + string.digits, k=count))

    def saved_token(self, card_number: str) -> str:
        letters = "".join(self._random.choices(string.ascii_letters, k=_SAVED_TOKEN_RANDOM))
        return f"{card_number[:6]}{letters}{card_number[-4:]}"

    def new_stack(self, moment: datetime) -> str:
        """Make an id as DANA's are: no UUID, which is why nobody may parse one."""
        return f"A1{moment:%Y%m%d%H%M%S}{self.letters(10)}ID"

    def chargeback_id(self) -> int:
        self._chargeback_id += 1
        return self._chargeback_id

    def shift(self, shortest: float, longest: float) -> float:
        return self._random.uniform(shortest, longest)
