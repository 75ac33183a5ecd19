"""Become the program named on the command line, tied to the life of the launcher.

`local_stack.processes` runs this file as a script, in a bare interpreter, instead of doing the same
between fork and exec: Python code there can deadlock once the launcher has threads.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def become(launcher: int, death_signal: int, account: str, command: list[str]) -> None:
    if account:
        _drop_to(account)
    # After the change of account, because changing credentials clears it.
    _die_with(launcher, death_signal)
    # Python ignores these two, and a program inherits what is ignored.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    # Data, logs and mails of the stack are nobody else's business.
    os.umask(0o077)
    os.execvp(command[0], command)  # noqa: S606


def _drop_to(account: str) -> None:
    user, group = account.split(":")
    os.setgroups([])
    os.setgid(int(group))
    os.setuid(int(user))


def _die_with(launcher: int, death_signal: int) -> None:
    # Only Linux has prctl. Elsewhere a launcher that is killed outright leaves its children
    # behind; one that ends in order stops them anyway.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    # The launcher may have died before the kernel was told to watch it.
    if os.getppid() != launcher:
        sys.exit("the launcher is gone")


if __name__ == "__main__":
    become(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:])
