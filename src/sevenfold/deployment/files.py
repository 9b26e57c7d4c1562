"""Writing files so that a crash leaves the old one or the new one, never half."""

from __future__ import annotations

import glob
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from sevenfold.core.errors import LimitError, RequestError, SevenfoldError, disk_is_full

_ENDING = ".tmp"
_BROKEN_OFF_SECONDS = 24 * 3600.0  # no file takes so long to write


@contextmanager
def replacing(path: Path, *, new: bool = False) -> Iterator[IO[bytes]]:
    """A file to write into, which takes the place of `path` when the block ends without an error.

    File and folder are synced before and after the renaming. On an error nothing is left behind; what a process that
    was killed has left beside `path` is cleared away a day later.

    Args:
        path: of the file.
        new: a file that is there by then stays instead; of several who write at once the first one counts.
    Raises:
        RequestError: the folder cannot be written to.
        LimitError: the disk is full.
    """
    try:
        clear_broken_off(path.parent.glob(f".{glob.escape(path.name)}.*{_ENDING}"))
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=_ENDING, dir=path.parent)
    except OSError as error:
        raise refused(path, error) from error
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        if new:
            with suppress(FileExistsError):
                os.link(temporary, path)
        else:
            temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise refused(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file, complete or not at all."""
    with replacing(path) as file:
        file.write(content)


def append_lines(path: Path, lines: bytes, *, synced: bool = False) -> None:
    """Add whole lines to a file that others append to as well.

    A line that a crash has torn is ended first, so that it spoils none but itself.
    """
    torn = path.is_file() and _ends_in_a_line(path)
    with path.open("ab") as file:
        file.write(b"\n" * torn + lines)  # in one call, so that two at once do not mix their lines
        file.flush()
        if synced:
            os.fsync(file.fileno())


def clear_broken_off(paths: Iterable[Path]) -> None:
    """Remove those temporary files that nobody has written to for a day: their writers were killed."""
    for path in paths:
        try:
            if path.name.endswith(_ENDING) and time.time() - path.stat().st_mtime > _BROKEN_OFF_SECONDS:
                path.unlink()
        except OSError:  # another process was faster
            continue


def _ends_in_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        if not file.seek(0, os.SEEK_END):
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def sync_folder(folder: Path) -> None:
    """Make a renaming in a folder outlive a crash of the machine."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def refused(path: Path, error: OSError) -> SevenfoldError:
    """The error to raise where `path` could not be written."""
    if disk_is_full(error):
        return LimitError(
            f"{path} cannot be written: the disk is full.", "room to write", str(error), "Make room, then try again."
        )
    return RequestError(
        f"{path} cannot be written.",
        "a folder that exists, may be written to and has room",
        error.strerror or str(error),
        "Choose another place, or make room.",
    )
