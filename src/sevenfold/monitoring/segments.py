"""Files of logged rows: lines while they are written, Parquet once they are complete.

Where very many rows come at once they are written as Parquet straight away.

Lines reach the system as they are written, so a process that is killed loses none of them. A complete file of lines
becomes a Parquet file of the same name: written under another name, synced, renamed; then the lines are deleted. Where
both are there (the machine failed in between), the Parquet file is the one that counts. What a dead server has left is
packed by the next one; a lock on the lines tells who lives.
"""

from __future__ import annotations

import datetime
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

from sevenfold.deployment.files import replacing

if TYPE_CHECKING:
    import polars as pl

LINES = ".jsonl"
PACKED = ".parquet"
_FORGOTTEN = ".forgotten-"


def segments(rows: Path) -> Iterator[Path]:
    """Files of rows below `rows`, oldest first, each once."""
    for day in sorted(rows.iterdir()) if rows.is_dir() else ():
        if day.is_dir() and not day.name.startswith("."):
            packed = {path.stem for path in day.glob(f"*{PACKED}")}
            lines = [path for path in day.glob(f"*{LINES}") if path.stem not in packed]
            yield from sorted([*day.glob(f"*{PACKED}"), *lines], key=lambda path: path.name)


def pack(lines: Path) -> bool:
    """Turn a complete file of lines into Parquet; False where that cannot be done, and the lines stay as they are."""
    import polars as pl

    try:
        content = lines.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if not whole:
            lines.unlink(missing_ok=True)
            return True
        table = pl.read_ndjson(whole, infer_schema_length=None)
        if table.height != whole.count(b"\n") or "inputs" not in table.columns:
            return False
        with replacing(lines.with_suffix(PACKED)) as file:
            table.write_parquet(file, compression="zstd")
        lines.unlink()
        return True
    except Exception:  # damaged lines are read line by line instead
        return False


def pack_left_behind(rows: Path) -> int:
    """Pack the lines of servers that are gone, and clear away what they had begun; how many files were packed."""
    packed = 0
    for day in sorted(rows.iterdir()) if rows.is_dir() else ():
        if day.name.startswith(_FORGOTTEN):
            shutil.rmtree(day, ignore_errors=True)
            continue
        if not day.is_dir():
            continue
        complete = {path.stem for path in day.glob(f"*{PACKED}")}
        for lines in sorted(day.glob(f"*{LINES}")):
            with lines.open("rb") as file:
                if not _lock(file):
                    continue
                if lines.stem in complete:
                    lines.unlink(missing_ok=True)
                else:
                    packed += pack(lines)
    return packed


def forget(rows: Path, first: datetime.date) -> None:
    """Delete the days before `first`, each at once: a day that is being deleted is no day any more."""
    for folder in rows.iterdir():
        try:
            old = datetime.date.fromisoformat(folder.name) < first
        except ValueError:
            continue  # not a day of ours
        if old:
            gone = folder.with_name(_FORGOTTEN + folder.name + "-" + os.urandom(4).hex())
            folder.rename(gone)
            shutil.rmtree(gone, ignore_errors=True)


class Segment:
    """The file that is being appended to: a new one each day, each start, and after so many bytes.

    Args:
        rows: folder of the days.
        start: the file names' beginning, which no other start has.
        segment_bytes: a file is complete when it is larger.
        keep_days: days after which rows are deleted; None keeps them.
    """

    def __init__(self, rows: Path, start: str, segment_bytes: int, keep_days: int | None) -> None:
        self._rows = rows
        self._start = start
        self._bytes = segment_bytes
        self._keep_days = keep_days
        self._number = 0
        self._day = ""
        self._file: IO[bytes] | None = None

    def append(self, day: str, lines: bytes) -> None:
        """Write whole lines, handed to the system before this returns."""
        file = self._current(day)
        file.write(lines)
        file.flush()

    def write_packed(self, day: str, table: pl.DataFrame) -> None:
        """Write many rows as a complete Parquet file of their own, synced before this returns."""
        self._of_day(day)
        with replacing(self._next(day, PACKED)) as file:
            table.write_parquet(file, compression="zstd", compression_level=1, statistics=False)

    def sync(self) -> None:
        """Make sure that what was written outlives a failure of the machine."""
        if self._file is not None:
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Sync, pack and close."""
        if self._file is not None:
            self.sync()
            pack(Path(self._file.name))
            self._file.close()
            self._file = None

    def _current(self, day: str) -> IO[bytes]:
        self._of_day(day)
        if self._file is not None and self._file.tell() > self._bytes:
            self.close()
        if self._file is None:
            self._file = self._next(day, LINES).open("ab")
            _lock(self._file)
        return self._file

    def _of_day(self, day: str) -> None:
        """A new day ends the file of the one before, and the days that need not be kept any more."""
        if day == self._day:
            return
        self.close()
        if self._keep_days is not None:
            forget(self._rows, datetime.date.fromisoformat(day) - datetime.timedelta(days=self._keep_days - 1))
        self._day = day

    def _next(self, day: str, ending: str) -> Path:
        folder = self._rows / day
        folder.mkdir(parents=True, exist_ok=True)
        self._number += 1
        return folder / f"{self._start}-{self._number:04d}{ending}"


def _lock(file: IO[bytes]) -> bool:
    """Take the file's lock if nobody has it; False where somebody has, or where there are no locks."""
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):
        return False
    return True
