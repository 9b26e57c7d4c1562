"""Parquet and Arrow (Feather) files: columns come with their own types."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from sevenfold.core.errors import DataError
from sevenfold.data.readers.base import Format, Raw, Request
from sevenfold.data.readers.blob import Blob
from sevenfold.data.readers.lottery import Lottery, lottery_for
from sevenfold.data.readers.typed import settled

if TYPE_CHECKING:
    import polars as pl


class Parquet(Format):
    """Apache Parquet."""

    name = "parquet"
    endings: ClassVar[tuple[str, ...]] = (".parquet", ".pq", ".parq")

    def recognises(self, head: bytes) -> bool:
        """The magic number at the start."""
        return head.startswith(b"PAR1")

    def parse(self, blob: Blob, request: Request) -> Raw:
        """Read all columns; structs are flattened with dots."""
        import polars as pl

        lottery: list[Lottery] = []

        def read(source: Any) -> pl.DataFrame:
            memory = request.options.memory_bytes
            if memory is not None and isinstance(source, Path):
                lottery.extend(filter(None, [lottery_for(str(source.resolve()), memory, request.options.seed)]))
            if lottery:
                return lottery[0].sample()
            return pl.read_parquet(source, glob=False, hive_partitioning=False)

        raw = _parsed(blob, "parquet", read)
        return Raw(raw.frame, {**raw.source, "lottery": lottery[0].to_json()}) if lottery else raw

    def describe(self, source: Mapping[str, Any]) -> str:
        """The name of the format."""
        return "Parquet"


class Arrow(Format):
    """Arrow IPC: the file form (Feather 2) or the stream form."""

    name = "arrow"
    endings: ClassVar[tuple[str, ...]] = (".arrow", ".feather", ".ipc", ".arrows")

    def recognises(self, head: bytes) -> bool:
        """The magic number of a file, or the mark that a stream begins with."""
        return head.startswith((b"ARROW1", b"\xff\xff\xff\xff"))

    def parse(self, blob: Blob, request: Request) -> Raw:
        """Read all columns; structs are flattened with dots."""
        import polars as pl

        if blob.head.startswith(b"ARROW1"):
            return _parsed(blob, "arrow", pl.read_ipc)
        return _parsed(blob, "arrow", pl.read_ipc_stream)

    def describe(self, source: Mapping[str, Any]) -> str:
        """The name of the format."""
        return "Arrow"


def _parsed(blob: Blob, format_name: str, read: Callable[[Any], pl.DataFrame]) -> Raw:
    import polars as pl

    # An Arrow file would be mapped into memory, and might change while we still work on it.
    in_place = blob.plain_path if format_name == "parquet" else None
    source = in_place or blob.read()
    try:
        frame = read(source)
    except (pl.exceptions.PolarsError, OSError, ValueError, pl.exceptions.PanicException) as error:
        raise DataError(
            f"{blob.name} is a damaged {format_name} file.",
            f"a complete {format_name} file",
            str(error).splitlines()[0][:300] if str(error) else type(error).__name__,
            "The file is damaged or cut off: fetch or write it again.",
        ) from error
    frame, notes = settled(frame)
    if not frame.height or not frame.width:
        raise DataError(f"{blob.name} has no rows.", "at least one row", "none", "Check how it was made.")
    return Raw(
        frame,
        {
            "format": format_name,
            "name": blob.name,
            "compression": blob.compression,
            "columns": frame.columns,
            "rows": frame.height,
            "notes": notes,
        },
    )
