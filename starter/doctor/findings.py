"""What the doctor's checks say: all is well, something should be known, something is wrong."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Note:
    """Well enough to work, and yet something should be done."""

    text: str
    remedy: str


class AilmentError(Exception):
    """What is wrong with a part, and what to do about it."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy
