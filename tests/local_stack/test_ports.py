import socket
from collections.abc import Iterator

import pytest

from local_stack.ports import LOOPBACK, Ports


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server((LOOPBACK, Ports().choose())) as server:
        yield server.getsockname()[1]


def test_the_default_port_is_chosen_when_it_is_free() -> None:
    default = Ports().choose()

    assert Ports().choose(default) == default


def test_another_port_is_chosen_when_the_default_is_taken(taken_port: int) -> None:
    chosen = Ports().choose(taken_port)

    assert chosen != taken_port
    socket.create_server((LOOPBACK, chosen)).close()


def test_no_port_is_chosen_twice() -> None:
    ports = Ports()
    default = ports.choose()

    chosen = [default, *(ports.choose(default) for _ in range(50))]

    assert len(set(chosen)) == 51


def test_what_one_stack_has_chosen_no_other_chooses_before_it_listens() -> None:
    ports = Ports()
    default = ports.choose()

    assert Ports().choose(default) != default


def test_what_a_stack_had_chosen_is_free_again_without_it() -> None:
    ports = Ports()
    default = ports.choose()
    del ports

    assert Ports().choose(default) == default
