"""A vocabulary of one column: which code each of its values has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.arrays import Codes, Floats

if TYPE_CHECKING:
    import polars as pl

# Below so many rows a Python dictionary is quicker than building a join.
_FEW_ROWS = 2000


@dataclass(frozen=True)
class Levels:
    """Values of a category column in the order of their codes.

    Args:
        values: the codes' values, as strings.
    """

    values: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def _codes(self) -> dict[str, int]:
        return {value: code for code, value in enumerate(self.values)}

    @cached_property
    def _table(self) -> Any:
        import polars as pl

        return pl.DataFrame(
            {"value": pl.Series(self.values, dtype=pl.String), "code": np.arange(len(self.values), dtype=np.int32)}
        )

    def codes(self, series: pl.Series, missing: int = -1) -> Codes:
        """(rows,) int32 codes; -1 for an unseen value, `missing` for a missing one."""
        if len(series) <= _FEW_ROWS:
            known = self._codes
            found = [missing if value is None else known.get(value, -1) for value in series.to_list()]
            return np.array(found, dtype=np.int32)
        joined = series.alias("value").to_frame().join(self._table, on="value", how="left", maintain_order="left")
        codes = joined.get_column("code").fill_null(-1).to_numpy()
        if missing != -1 and series.null_count():
            codes = np.where(series.is_null().to_numpy(), np.int32(missing), codes)
        return np.ascontiguousarray(codes, dtype=np.int32)

    @classmethod
    def count(
        cls, series: pl.Series, minimum: int = 1, limit: int | None = None, weights: Floats | None = None
    ) -> tuple[Levels, Floats]:
        """Values by falling count (ties in alphabetical order), and their counts.

        Args:
            series: strings, null where missing.
            minimum: values that occur less often are left out.
            limit: keep at most so many.
            weights: (rows,) summed instead of counting rows.
        """
        import polars as pl

        amount = np.ones(len(series)) if weights is None else weights
        counted = (
            pl.DataFrame({"value": series.alias("value"), "amount": amount})
            .drop_nulls("value")
            .group_by("value")
            .agg(pl.col("amount").sum(), pl.len().alias("rows"))
            .filter(pl.col("rows") >= minimum)
            .sort(["amount", "value"], descending=[True, False])
        )
        if limit is not None:
            counted = counted.head(limit)
        return cls(tuple(counted.get_column("value").to_list())), counted.get_column("amount").to_numpy()


def stored(vocabularies: Sequence[Levels]) -> list[list[str]]:
    """Vocabularies as plain data for a state."""
    return [list(levels.values) for levels in vocabularies]


def restored(data: Sequence[Sequence[str]]) -> list[Levels]:
    """The inverse of `stored`."""
    return [Levels(tuple(values)) for values in data]
