"""Bytes of a file or a stream, decompressed where needed and never beyond a limit."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from gzip import GzipFile
from pathlib import Path
from typing import IO, Any

from sevenfold.core.errors import DataError, MissingExtraError, RequestError
from sevenfold.data.readers.paths import checked_file
from sevenfold.data.readers.zstandard_stream import ZstandardStream

HEAD_BYTES = 65_536
_CHUNK_BYTES = 2**22
_GZIP = b"\x1f\x8b"
_ZSTANDARD = b"\x28\xb5\x2f\xfd"
_COMPRESSED_ENDINGS = (".gz", ".zst", ".zstd")


def ending_of(name: str) -> str:
    """The last ending of a name less that of a compression, in small letters: ".csv" of "A.CSV.gz"."""
    path = Path(name.lower())
    return (path.with_suffix("") if path.suffix in _COMPRESSED_ENDINGS else path).suffix


@dataclass(frozen=True)
class Blob:
    """Content with a name: of a file that is read when needed, or already in memory.

    Args:
        name: for messages and for the ending: "train.csv.gz".
        limit_bytes: most bytes of decompressed content.
        path: the file, or None where `content` holds everything.
        content: the bytes, where there is no file.
    """

    name: str
    limit_bytes: int
    path: Path | None = None
    content: bytes | None = field(default=None, repr=False)

    @classmethod
    def of_file(cls, path: Path, limit_bytes: int) -> Blob:
        """A file that is there and can be opened; otherwise a RequestError that says what is wrong."""
        return cls(path.name, limit_bytes, path=checked_file(path))

    @cached_property
    def compression(self) -> str | None:
        """ "gz", "zst" or None, by the first bytes, whatever the name says."""
        start = self._start(4)
        if start.startswith(_GZIP):
            return "gz"
        return "zst" if start == _ZSTANDARD else None

    @property
    def plain_path(self) -> Path | None:
        """The file, where it is not compressed and so can be read in place."""
        return self.path if self.compression is None else None

    @property
    def ending(self) -> str:
        """The last ending of the name less that of the compression, in small letters: ".csv"."""
        return ending_of(self.name)

    @cached_property
    def head(self) -> bytes:
        """The first `HEAD_BYTES` of the decompressed content; a DataError where there are none."""
        if self.compression is None:
            head = self._start(HEAD_BYTES)
        else:
            with self._opened() as stream:
                head = self._guarded(lambda: stream.read(HEAD_BYTES))
        if not head:
            raise DataError(f"{self.name} is empty.", "rows of data", "0 bytes", "Check how the file was made.")
        return head

    def read(self) -> bytes:
        """The whole decompressed content, or a DataError where it is broken or above the limit."""
        if self.compression is None:
            size = len(self.content or b"") if self.path is None else self.path.stat().st_size
            if size > self.limit_bytes:
                raise self._too_large(f"{size:,} bytes")
            return self._start(-1)
        with self._opened() as stream:
            chunks: list[bytes] = []
            total = 0
            while chunk := self._guarded(lambda: stream.read(_CHUNK_BYTES)):
                total += len(chunk)
                if total > self.limit_bytes:
                    raise self._too_large(f"more than {self.limit_bytes:,} bytes after decompression")
                chunks.append(chunk)
        return b"".join(chunks)

    def _start(self, count: int) -> bytes:
        if self.path is None:
            content = self.content or b""
            return content if count < 0 else content[:count]
        try:
            with self.path.open("rb") as file:
                return file.read(count)
        except OSError as error:
            raise RequestError(
                f"{self.path} cannot be read.", "a readable file", str(error), "Check the file and its permissions."
            ) from error

    @contextmanager
    def _opened(self) -> Iterator[GzipFile | ZstandardStream]:
        stream: IO[bytes] = self.path.open("rb") if self.path is not None else io.BytesIO(self.content or b"")
        if self.compression == "gz":
            with stream, GzipFile(fileobj=stream) as unpacked:
                yield unpacked
            return
        try:
            import zstandard  # noqa: F401 (only whether it is there)
        except ImportError as error:
            raise MissingExtraError.of("zstandard", "files", "Reading .zst files") from error
        with stream:
            yield ZstandardStream(stream)

    def _guarded(self, read: Any) -> bytes:
        try:
            data: bytes = read()
        except (OSError, EOFError, zlib.error) as error:
            raise self._broken(error) from error
        except Exception as error:
            # zstandard has an error class of its own, which cannot be named without importing the package.
            if type(error).__module__.startswith("zstandard"):
                raise self._broken(error) from error
            raise
        return data

    def _broken(self, error: Exception) -> DataError:
        return DataError(
            f"{self.name} cannot be decompressed.",
            f"a complete .{self.compression} file",
            str(error) or type(error).__name__,
            "The file is damaged or cut off: fetch or compress it again.",
        )

    def _too_large(self, received: str) -> DataError:
        return DataError(
            f"{self.name} is too large for the memory of this machine.",
            f"at most {self.limit_bytes:,} bytes (half of the memory; option limit_bytes)",
            received,
            "Give more memory, a part of the rows, or Parquet files.",
        )
