"""Who acts on an order, as the audit names them: `cli:ani`, `api:checkout`, `unverified:citra`."""

import re
from dataclasses import dataclass, replace
from typing import Self

_UNVERIFIED = "unverified:"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted:
    """A message that names who sends it; only our own processes are believed about that."""

    actor: str

    def on_its_word(self) -> Self:
        """The same message of somebody who only says who they are."""
        return replace(self, actor=f"{_UNVERIFIED}{self.actor}")


def is_unverified(actor: str) -> bool:
    return actor.startswith(_UNVERIFIED)


def is_actor(actor: str) -> bool:
    """Whether the audit may name them so: who is unverified gives a name, and nothing more."""
    if is_unverified(actor):
        return _NAME.fullmatch(actor.removeprefix(_UNVERIFIED)) is not None
    return bool(actor.strip())


def is_same_person(one: str, other: str) -> bool:
    """Wherever they act from and however they are written: `cli:ani` is `Ani`."""
    return _person(one) == _person(other)


def _person(actor: str) -> str:
    return actor.rpartition(":")[2].strip().casefold()
