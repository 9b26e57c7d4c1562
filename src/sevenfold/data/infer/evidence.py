"""What is looked at to tell what a column is: a spread sample, its distinct values, and the whole where it matters."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.core.arrays import Ints
from sevenfold.data.parse.missing import is_missing, spellings
from sevenfold.data.parse.reading import as_text

if TYPE_CHECKING:
    import polars as pl

SAMPLE_ROWS = 20_000
"""Rows that inference looks at; a column that seems a flag, a key or a category is then looked at as a whole."""


FEW = 500
"""Up to so many different values are looked at one by one."""


def spread(rows: int, wanted: int = SAMPLE_ROWS) -> Ints:
    """Row numbers of a sample spread over the whole, the same for the same number of rows, in order."""
    if rows <= wanted:
        return np.arange(rows, dtype=np.int64)
    step = rows / wanted
    # A jitter inside each stride keeps the sample from beating with a period in the data.
    jitter = np.random.default_rng(7).random(wanted)
    return np.minimum(((np.arange(wanted) + jitter) * step).astype(np.int64), rows - 1)


class Evidence:
    """One column, looked at no more than needed.

    Args:
        raw: the whole column.
        sample: some of its rows, in order.
        is_target: whether it is what shall be predicted: then it is never set aside.
    """

    def __init__(self, raw: pl.Series, sample: pl.Series | None = None, *, is_target: bool = False) -> None:
        self.raw = raw
        self.name = raw.name
        self.rows = len(raw)
        self.is_target = is_target
        taken = raw.gather(spread(len(raw))) if sample is None else sample
        if len(taken) < len(raw) and taken.len() - taken.null_count() < 1_000:
            present = raw.drop_nulls()
            taken = present.gather(spread(len(present)))
        self.sample = taken

    @cached_property
    def stripped(self) -> pl.Series:
        """The sample as strings without surrounding blanks; null only where the raw value is."""
        return as_text(self.sample).str.strip_chars()

    @cached_property
    def distinct(self) -> pl.DataFrame:
        """`value` and `rows` of the sample's strings that are not missing, in the order in which they first occur."""
        import polars as pl

        if (few := self._few) is not None:
            return few
        present = self.stripped.filter(~is_missing(self.stripped, {}, words=False))
        grouped = pl.DataFrame({"value": present}).group_by("value", maintain_order=True)
        return grouped.agg(rows=pl.len().cast(pl.Int64))

    @cached_property
    def values(self) -> pl.DataFrame:
        """`distinct` less the words that mean missing among numbers, dates and flags."""
        import polars as pl

        words = spellings(words=True)
        if self.distinct.height <= FEW and words.isdisjoint(self.distinct.get_column("value").to_list()):
            return self.distinct
        return self.distinct.filter(~pl.col("value").is_in(sorted(words)))

    @cached_property
    def _few(self) -> pl.DataFrame | None:
        """`distinct` of a few strings without surrounding blanks, told apart in Python: where columns are many and
        short, expressions take longer than all else."""
        import polars as pl

        if self.sample.dtype != pl.String:
            return None
        grouped = pl.DataFrame({"value": self.sample}).group_by("value", maintain_order=True).agg(rows=pl.len())
        if grouped.height > FEW:
            return None
        values, rows = grouped.get_column("value").to_list(), grouped.get_column("rows").to_list()
        if any(value is not None and value != value.strip() for value in values):
            return None
        gone = spellings(words=False)
        kept = [
            (value, count) for value, count in zip(values, rows, strict=True) if value is not None and value not in gone
        ]
        schema = {"value": pl.String, "rows": pl.Int64}
        return pl.DataFrame([[value for value, _ in kept], [count for _, count in kept]], schema=schema)

    @cached_property
    def present(self) -> int:
        """Rows of the sample that are not missing in any column's sense."""
        return int(self.distinct.get_column("rows").sum())

    @cached_property
    def whole(self) -> pl.DataFrame:
        """`value` (raw type) and `rows` of the whole column's distinct values that are not null."""
        import polars as pl

        grouped = pl.DataFrame({"value": self.raw.drop_nulls()}).group_by("value", maintain_order=False)
        return grouped.agg(rows=pl.len().cast(pl.Int64))

    def missing_note(self, *, words: bool, kept: Sequence[str] = ()) -> str:
        """'; 3.1 % missing ('?', '')', or ''."""
        import polars as pl

        nulls = self.raw.null_count()
        if self.raw.dtype.is_integer() or self.raw.dtype.is_float():
            # No number is written like a word for missing.
            return f"; {percent(nulls / self.rows)} missing" if nulls else ""
        if self.raw.dtype == pl.String and not kept:
            there = int((self.values if words else self.distinct).get_column("rows").sum())
            if there == len(self.sample) - self.sample.null_count():
                return f"; {percent(nulls / self.rows)} missing" if nulls else ""
        text = self.stripped.drop_nulls()
        gone = text.filter(is_missing(text, {"kept": kept}, words=words))
        share = nulls / max(1, self.rows)
        if len(gone) and len(self.stripped):
            share = 1 - (1 - share) * (1 - len(gone) / max(1, len(text)))
        if not share:
            return ""
        seen = pl.DataFrame({"v": gone}).group_by("v").len().sort(["len", "v"], descending=[True, False])
        said = ", ".join(f"'{value}'" for value in seen.get_column("v").head(4))
        return f"; {percent(share)} missing" + (f" (written {said})" if said else "")


def percent(share: float) -> str:
    """A share for people: '97.3 %', and never '100 %' or '0 %' for what is not quite so."""
    if 0 < share < 0.001:
        return "under 0.1 %"
    if 0.999 < share < 1:
        return "over 99.9 %"
    return f"{share:.1%}".replace(".0%", "%").replace("%", " %")
