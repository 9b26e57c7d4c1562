"""A single file of any known format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sevenfold.data.readers.base import Raw, Reader, Request, one_of_path
from sevenfold.data.readers.blob import Blob
from sevenfold.data.readers.content import parse


class File(Reader):
    """A path, asked last: whatever no other reader takes is a file, or an error that says why not."""

    name = "file"

    def accepts(self, source: object) -> bool:
        """Whether it is a path at all."""
        return one_of_path(source) is not None

    def read(self, source: Any, request: Request) -> Raw:
        """Read the file by its content."""
        path = Path(one_of_path(source) or "")
        raw = parse(Blob.of_file(path, request.options.most_bytes), request)
        return Raw(raw.frame, {"path": str(path), **raw.source})
