"""Who is believed to be who, and how names are compared."""

from dataclasses import dataclass

import pytest

from payments.actors import Acted, is_actor, is_same_person, is_unverified


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting(Acted):
    text: str


def test_a_message_of_somebody_who_only_says_who_they_are_says_so() -> None:
    greeting = Greeting(actor="citra", text="hello").on_its_word()

    assert greeting == Greeting(actor="unverified:citra", text="hello")
    assert is_unverified(greeting.actor)


@pytest.mark.parametrize("actor", ["cli:citra", "api:checkout", "service", "customer"])
def test_our_own_processes_name_whom_they_serve(actor: str) -> None:
    assert is_actor(actor)
    assert not is_unverified(actor)


@pytest.mark.parametrize("name", ["", " ", "cli:citra", "api:shop", "c/itra", "-citra", "c" * 41])
def test_who_is_unverified_gives_a_name_and_nothing_that_looks_like_more(name: str) -> None:
    assert not is_actor(f"unverified:{name}")
    assert is_actor("unverified:citra.dewi-2")


def test_an_empty_name_is_nobody() -> None:
    assert not is_actor("  ")


def test_one_person_is_the_same_from_everywhere() -> None:
    assert is_same_person("cli:ani", "unverified:Ani ")
    assert not is_same_person("cli:ani", "cli:budi")
