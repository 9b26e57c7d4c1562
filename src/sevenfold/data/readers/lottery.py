"""Rows of a Parquet file by lot: a table that is too large for memory, read as a sample or piece by piece.

Each row draws a number from 0 to 1 that depends on the seed and its place alone. A sample is the rows whose number is
below its share; a larger share holds every smaller one, so a row's part in the sample is known when it is met again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.arrays import Flags
from sevenfold.data.readers.typed import settled

if TYPE_CHECKING:
    import polars as pl

PIECE_ROWS = 2**17
FIXED_BYTES = 600 * 10**6
"""What the processes of a training take, however small the data."""
COPIES = 12
"""Bytes that a training takes for each byte of the typed table: raw, typed, split and encoded, in workers too."""
_STRING_BYTES = 24
_LEAST_ROWS = 1000


@dataclass(frozen=True)
class Piece:
    """Some rows that stand together in the file.

    Args:
        frame: those of them that were drawn, as a reader gives them.
        drawn: for each of the frame's rows, whether a smaller share holds it too.
    """

    frame: pl.DataFrame
    drawn: Flags


@dataclass(frozen=True)
class Lottery:
    """A large file and the share of its rows that is held in memory.

    Args:
        path: of a Parquet file.
        rows: that it has.
        share: of them, from 0 to 1, that the sample holds.
        seed: of the lots.
    """

    path: str
    rows: int
    share: float
    seed: int

    def sample(self) -> pl.DataFrame:
        """The sample's rows, in the order of the file."""
        import polars as pl

        return pl.concat([piece.frame for piece in self.pieces(self.share)], rechunk=True)

    def pieces(self, share: float, columns: list[str] | None = None) -> Iterator[Piece]:
        """The rows of a share, piece by piece, in the order of the file; `drawn` tells those of the sample.

        Args:
            share: at least the sample's own for `drawn` to tell all of it.
            columns: the columns that are wanted; all by default.
        """
        import polars as pl

        lazy = pl.scan_parquet(self.path, glob=False, hive_partitioning=False)
        if columns is not None:
            lazy = lazy.select(columns)
        for number, start in enumerate(range(0, self.rows, PIECE_ROWS)):
            lots = np.random.default_rng([self.seed, number]).random(min(PIECE_ROWS, self.rows - start))
            held = lots < share
            frame = lazy.slice(start, PIECE_ROWS).collect()
            if not held.all():
                frame = frame.filter(held)
            yield Piece(settled(frame)[0], lots[held] < self.share)

    def to_json(self) -> dict[str, Any]:
        """Plain data: the fields."""
        return {"path": self.path, "rows": self.rows, "share": self.share, "seed": self.seed}


def lottery_for(path: str, memory_bytes: float, seed: int) -> Lottery | None:
    """A sample that a training within so much memory can bear, or None where the whole table fits."""
    import polars as pl

    lazy = pl.scan_parquet(path, glob=False, hive_partitioning=False)
    rows = int(lazy.select(pl.len()).collect().item())
    row_bytes = sum(_width(dtype) for dtype in lazy.collect_schema().dtypes())
    fitting = (memory_bytes - FIXED_BYTES) / (COPIES * max(1, row_bytes))
    if rows <= fitting or rows <= _LEAST_ROWS:
        return None
    return Lottery(path, rows, max(_LEAST_ROWS, fitting) / rows, seed)


def _width(dtype: pl.DataType) -> int:
    """Bytes of a typed value: numbers become float64, whatever they are in the file."""
    import polars as pl

    if dtype == pl.Boolean:
        return 1
    if dtype in (pl.String, pl.Binary) or isinstance(dtype, pl.Categorical | pl.Enum | pl.List | pl.Array | pl.Struct):
        return _STRING_BYTES
    return 8
