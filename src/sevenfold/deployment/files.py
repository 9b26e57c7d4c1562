"""Writing files so that a crash leaves the old one or the new one, never half."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sevenfold.core.errors import LimitError, RequestError, SevenfoldError, disk_is_full


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file to write into, which takes the place of `path` when the block ends without an error.

    File and folder are synced before and after the renaming. On an error nothing is left behind.

    Raises:
        RequestError: the folder cannot be written to.
        LimitError: the disk is full.
    """
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    except OSError as error:
        raise refused(path, error) from error
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
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
