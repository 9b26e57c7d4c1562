"""Memory that was freed goes back to the system, for the processes that work beside this one."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys


def give_back() -> None:
    """Collect what nothing refers to, and hand free pages of the heap back (glibc; elsewhere only the former)."""
    gc.collect()
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
