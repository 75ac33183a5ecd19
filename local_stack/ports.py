import secrets
import socket

# Below the range from which the systems we run on take the ports of outgoing connections (Linux:
# 32768), so that no connection takes a port between our choice and its use.
CANDIDATES = range(20_000, 32_000)
LOOPBACK = "127.0.0.1"


class NoFreePortError(RuntimeError):
    pass


class Ports:
    """The ports of one stack: the usual ones where they are free, and none of them twice."""

    def __init__(self) -> None:
        self._chosen: set[int] = set()

    def choose(self, default: int | None = None) -> int:
        """Choose the default if it is free, any free port otherwise."""
        if default is not None and self._is_free(default):
            return self._keep(default)
        # From a random place on: stacks that start at the same time seldom meet.
        first = secrets.randbelow(len(CANDIDATES))
        for port in (*CANDIDATES[first:], *CANDIDATES[:first]):
            if self._is_free(port):
                return self._keep(port)
        raise NoFreePortError(f"no free port in {CANDIDATES}")

    def _keep(self, port: int) -> int:
        self._chosen.add(port)
        return port

    def _is_free(self, port: int) -> bool:
        if port in self._chosen:
            return False
        with socket.socket() as probe:
            # As servers do: connections that are still fading away do not count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                return False
        return True
