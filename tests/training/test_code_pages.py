"""Code of libraries is given back, and nothing else."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

import numpy as np

from sevenfold.training.code_pages import give_back_code, untouched_code

LISTING = """\
1000-3000 r-xp 00000000 08:01 42    /usr/lib/libpart.so.1.2
Rss:                   8 kB
Anonymous:             0 kB
3000-4000 r--p 00002000 08:01 42    /usr/lib/libpart.so.1.2
Rss:                   4 kB
Anonymous:             4 kB
4000-5000 rw-p 00003000 08:01 42    /usr/lib/libpart.so.1.2
Rss:                   4 kB
Anonymous:             0 kB
5000-6000 r--s 00000000 08:01 43    /home/table.so
Rss:                   4 kB
Anonymous:             0 kB
6000-7000 r--p 00000000 08:01 44    /home/target.npy
Rss:                   4 kB
Anonymous:             0 kB
7000-8000 r-xp 00000000 00:00 0     [vdso].so
Rss:                   4 kB
Anonymous:             0 kB
8000-9000 r--p 00000000 08:01 45    /usr/lib/part one/_fast.cpython-311.so
Rss:                   4 kB
Pss:                   1 kB
Anonymous:             0 kB
9000-a000 r-xp 00000000 08:01 45    /usr/lib/part one/_fast.cpython-311.so
Rss:                   0 kB
Anonymous:             0 kB
"""


def test_only_private_read_only_parts_of_libraries_that_nobody_wrote_to_are_dropped() -> None:
    parts = [(part.start, part.end, part.resident) for part in untouched_code(LISTING)]
    assert parts == [(0x1000, 0x3000, 8192), (0x8000, 0x9000, 4096)]


def test_a_process_works_as_before_once_its_code_was_given_back() -> None:
    import polars as pl

    matrix = np.random.default_rng(0).random((40, 40))
    frame = pl.DataFrame({"a": [3, 1, 2]})
    before = (matrix @ matrix).tobytes()
    dropped = give_back_code(over_bytes=0)
    if sys.platform == "linux":
        assert dropped > 2**20
    assert (matrix @ matrix).tobytes() == before
    assert frame.sort("a")["a"].to_list() == [1, 2, 3]
    assert ctypes.CDLL(None).abs(-3) == 3


def test_few_pages_of_files_are_left_where_they_are() -> None:
    assert give_back_code(over_bytes=2**40) == 0


def test_every_library_in_memory_is_found_by_its_path() -> None:
    if sys.platform != "linux":
        return
    listing = Path("/proc/self/smaps").read_text(encoding="utf-8", errors="replace")
    assert any(part.resident for part in untouched_code(listing))
