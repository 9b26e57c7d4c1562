"""Standard input."""

from __future__ import annotations

import sys
from typing import Any

from sevenfold.core.errors import DataError, RequestError
from sevenfold.data.readers.base import Raw, Reader, Request
from sevenfold.data.readers.blob import Blob
from sevenfold.data.readers.content import parse

_CHUNK_BYTES = 2**20


class StandardInput(Reader):
    """The source "-": any format, compressed or not, told by its first bytes."""

    name = "stdin"

    def accepts(self, source: object) -> bool:
        """Whether it is "-"."""
        return source == "-" if isinstance(source, str) else False

    def read(self, source: Any, request: Request) -> Raw:
        """Read to the end of the stream, within the limit."""
        if sys.stdin is None or sys.stdin.isatty():
            raise RequestError(
                "Standard input is a terminal.", "data on standard input", "nothing", "Write: command ... < data.csv"
            )
        limit = request.options.most_bytes
        chunks: list[bytes] = []
        total = 0
        while chunk := sys.stdin.buffer.read(_CHUNK_BYTES):
            total += len(chunk)
            if total > limit:
                raise DataError(
                    "Standard input is too large for the memory of this machine.",
                    f"at most {limit:,} bytes (half of the memory; option limit_bytes)",
                    f"more than {limit:,} bytes",
                    "Give more memory, a part of the rows, or Parquet files.",
                )
            chunks.append(chunk)
        raw = parse(Blob("standard input", limit, content=b"".join(chunks)), request)
        return Raw(raw.frame, {"path": "-", **raw.source})
