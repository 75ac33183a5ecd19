import secrets
import socket
import weakref
from itertools import chain

# Below the range from which the systems we run on take the ports of outgoing connections (Linux:
# 32768), so that no connection takes a port between our choice and its use.
CANDIDATES = range(20_000, 32_000)
LOOPBACK = "127.0.0.1"


class NoFreePortError(RuntimeError):
    pass


class Ports:
    """The ports of one stack: the usual ones where they are free, and none of them twice.

    As long as this object lives, no other chooses them: not while their servers have yet to start,
    nor while one of them is away for a moment.
    """

    def __init__(self) -> None:
        self._signs: list[socket.socket] = []
        weakref.finalize(self, _take_down, self._signs)

    def choose(self, default: int | None = None) -> int:
        """Choose the default if it is free, any free port otherwise."""
        if default is not None and self._take(default):
            return default
        # From a random place on: whoever begins at the same one looks at ports that are taken.
        first = secrets.randbelow(len(CANDIDATES))
        for port in chain(CANDIDATES[first:], CANDIDATES[:first]):
            if self._take(port):
                return port
        raise NoFreePortError(f"no free port in {CANDIDATES}")

    def _take(self, port: int) -> bool:
        """Whether it was free, and is ours now."""
        sign = _sign(port) if _is_free(port) else None
        if sign is None:
            return False
        self._signs.append(sign)
        return True


def _sign(port: int) -> socket.socket | None:
    """What tells other stacks that a port is taken: the UDP port of its number, for which we have
    no use. The kernel gives it to one alone, and takes it back when its owner dies.
    """
    sign = socket.socket(type=socket.SOCK_DGRAM)
    try:
        sign.bind((LOOPBACK, port))
    except OSError:
        sign.close()
        return None
    return sign


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: connections that are still fading away do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _take_down(signs: list[socket.socket]) -> None:
    for sign in signs:
        sign.close()
