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

        present = self.stripped.filter(~is_missing(self.stripped, {}, words=False))
        grouped = pl.DataFrame({"value": present}).group_by("value", maintain_order=True)
        return grouped.agg(rows=pl.len().cast(pl.Int64))

    @cached_property
    def values(self) -> pl.DataFrame:
        """`distinct` less the words that mean missing among numbers, dates and flags."""
        import polars as pl

        return self.distinct.filter(~pl.col("value").is_in(sorted(spellings(words=True))))

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
