"""The registry's files: each under the digest of its bytes, so that no name means half a file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from sevenfold.core.errors import BundleError, RequestError
from sevenfold.deployment.files import clear_broken_off, replacing

_PART_BYTES = 2**20


@dataclass(frozen=True)
class Contents:
    """Files of bundles in a folder.

    Args:
        folder: holds them as `ab/abcd....sevenfold`.
    """

    folder: Path

    def path(self, sha256: str) -> Path:
        """Where the file of that digest is or would be."""
        return self.folder / sha256[:2] / f"{sha256}.sevenfold"

    def put(self, source: Path) -> tuple[str, int]:
        """Copy a file in and give its SHA-256 and size. Whatever happens, no half file gets a digest's name.

        Raises:
            RequestError, LimitError: it cannot be read, or not be written.
        """
        clear_broken_off(self.folder.glob("*/.*.tmp"))
        self.folder.mkdir(parents=True, exist_ok=True)
        digest, size = digest_of(source)
        target = self.path(digest)
        if target.is_file() and digest_of(target) == (digest, size):
            return digest, size
        target.parent.mkdir(exist_ok=True)
        copied = hashlib.sha256()
        with source.open("rb") as original, replacing(target) as copy:
            while part := original.read(_PART_BYTES):
                copied.update(part)
                copy.write(part)
            if copied.hexdigest() != digest:
                raise RequestError(
                    f"{source} changed while it was copied.", "a file at rest", "other bytes", "Try again."
                )
        return digest, size

    def take(self, sha256: str) -> Path:
        """The file of that digest, whose bytes have just been compared with it.

        Raises:
            BundleError: it is missing or has been changed.
        """
        path = self.path(sha256)
        try:
            found = digest_of(path)[0]
        except RequestError as error:
            raise BundleError(
                "A file of the registry is missing.", str(path), error.received, "Restore it, or roll back."
            ) from error
        if found != sha256:
            raise BundleError("A file of the registry has been changed.", sha256, found, "Restore it, or roll back.")
        return path


def digest_of(path: Path) -> tuple[str, int]:
    """SHA-256 and size of a file.

    Raises:
        RequestError: it cannot be read.
    """
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while part := file.read(_PART_BYTES):
                digest.update(part)
                size += len(part)
    except OSError as error:
        raise RequestError(
            f"{path} cannot be read.", "a file", error.strerror or str(error), "Check the path."
        ) from error
    return digest.hexdigest(), size
