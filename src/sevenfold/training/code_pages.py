"""Libraries' code that a process has read once, given back: it stays in the system's page cache, and is mapped again,
some pages at a time, by whoever runs it next.

An import touches most of a library, and each touch maps the pages around it; of polars, SciPy and a booster that is
some 50 to 100 MB of every process, nearly none of which runs again.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_MAPPING = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ (\d+)\s*(\S.*)?")
_LIBRARY = re.compile(r"\.so(\.[0-9.]+)?$")
_KILO = 1024
MUCH_BYTES = 24 * 2**20
"""Of files in memory, from which looking for code pays: that takes some milliseconds."""


@dataclass(frozen=True)
class Mapping:
    """Pages of a file in this process's memory.

    Args:
        start, end: addresses.
        resident: bytes that are in memory.
    """

    start: int
    end: int
    resident: int


def untouched_code(listing: str) -> Iterator[Mapping]:
    """Parts of libraries that may be dropped: private, read only, and without a page of the process's own.

    What a loader has written to (relocations) counts as the process's own even where it is read only since.

    Args:
        listing: `/proc/self/smaps`.
    """
    found: re.Match[str] | None = None
    resident = 0
    for line in listing.splitlines():
        head = _MAPPING.match(line)
        if head is not None:
            found, resident = None, 0
            rights, path = head[3], head[5] or ""
            if rights[1] == "-" and rights[3] == "p" and head[4] != "0" and _LIBRARY.search(path):
                found = head
        elif found is not None:
            name, _, value = line.partition(":")
            if name == "Rss":
                resident = int(value.split()[0]) * _KILO
            elif name == "Anonymous":
                if value.split()[0] == "0" and resident:
                    yield Mapping(int(found[1], 16), int(found[2], 16), resident)
                found = None


def give_back_code(over_bytes: int = MUCH_BYTES) -> int:
    """Drop the code of libraries from this process's memory (Linux; elsewhere nothing); bytes that were dropped.

    Args:
        over_bytes: only if this process has more than that of files in memory.
    """
    if sys.platform != "linux":
        return 0
    dropped = 0
    with contextlib.suppress(OSError, AttributeError, IndexError, ValueError):
        of_files = int(Path("/proc/self/statm").read_text().split()[2]) * mmap.PAGESIZE
        if of_files <= over_bytes:
            return 0
        advise = ctypes.CDLL(None, use_errno=True).madvise
        advise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
        for part in untouched_code(Path("/proc/self/smaps").read_text(encoding="utf-8", errors="replace")):
            if advise(part.start, part.end - part.start, mmap.MADV_DONTNEED) == 0:
                dropped += part.resident
    return dropped
