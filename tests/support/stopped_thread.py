# SPDX-License-Identifier: Apache-2.0
"""One thread of a process stands still, all others go on."""
import ctypes
import os
from contextlib import contextmanager, suppress

_SEIZE, _INTERRUPT, _DETACH = 0x4206, 0x4207, 17
_ANY_CHILD = 0x40000000  # __WALL


@contextmanager
def stopped_thread(thread: int):
    """Stops it as a debugger does, by ptrace(2), and lets it go on at the end. What ends the process ends it, too; the
    function that is given has to be called now and then meanwhile, since nobody sees the end of a traced process
    before its debugger has."""
    libc = ctypes.CDLL(None, use_errno=True)
    for request in (_SEIZE, _INTERRUPT):
        if libc.ptrace(request, thread, None, None) != 0:
            raise OSError(ctypes.get_errno(), "ptrace")

    def reap() -> None:
        with suppress(ChildProcessError):
            os.waitpid(thread, os.WNOHANG | _ANY_CHILD)

    try:
        yield reap
    finally:
        libc.ptrace(_DETACH, thread, None, None)
