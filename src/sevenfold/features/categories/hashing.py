"""Categories of any number of levels in a fixed number of columns."""

from __future__ import annotations

from typing import final
from zlib import crc32

import numpy as np

from sevenfold.core.arrays import Ints
from sevenfold.core.compiled import Reads, RowStep, SparseRow
from sevenfold.core.dataset import Kind
from sevenfold.core.feature import FeatureSpec
from sevenfold.core.inputs import Block, Columns, Form
from sevenfold.core.space import Integer, Space
from sevenfold.core.state import State
from sevenfold.core.task import Target
from sevenfold.features.base import LearnedFeature, read_categories


@final
class Hashing(LearnedFeature):
    """Each value sets 1 in the column that its hash names; a missing value sets none. Learns nothing."""

    spec = FeatureSpec(
        name="hashing",
        takes=frozenset({Kind.CATEGORY, Kind.FLAG, Kind.ID}),
        gives=Form.SPARSE,
        summary="Categories hashed into a fixed number of columns: no vocabulary, and unseen levels keep a place.",
        space=Space(width=Integer(1024, 16, 1_048_576, log=True, help="Columns that all inputs share.")),
        source="Weinberger et al. 2009",
    )

    def learn(self, columns: Columns, target: Target | None, stream: np.random.Generator) -> State:
        """Nothing."""
        return {}

    def transform(self, columns: Columns) -> Block:
        """Columns "hash0", "hash1", ...; CRC-32 of "NAME=VALUE", the same on every machine and in every version."""
        import polars as pl
        from scipy import sparse

        width = self.params["width"]
        rows: list[Ints] = [np.empty(0, np.int64)]
        places: list[Ints] = [np.empty(0, np.int64)]
        for name, series in read_categories(columns, self.inputs):
            distinct = series.drop_nulls().unique()
            hashed = [crc32(f"{name}={value}".encode()) % width for value in distinct.to_list()]
            table = pl.DataFrame({"value": distinct.alias("value"), "place": pl.Series(hashed, dtype=pl.Int64)})
            joined = series.alias("value").to_frame().join(table, on="value", how="left", maintain_order="left")
            place = joined.get_column("place").fill_null(-1).to_numpy()
            known = np.flatnonzero(place >= 0)
            rows.append(known)
            places.append(place[known])
        all_rows, all_places = np.concatenate(rows), np.concatenate(places)
        matrix = sparse.csr_matrix((np.ones(len(all_rows)), (all_rows, all_places)), shape=(columns.rows, width))
        matrix.sum_duplicates()
        return Block(Form.SPARSE, tuple(f"hash{i}" for i in range(width)), matrix)

    def row_step(self) -> RowStep | None:
        """See `Feature.row_step`; columns of an earlier step have names that are not known here."""
        if any(name.startswith("@") for name in self.inputs):
            return None
        names, width = self.inputs, self.params["width"]

        def convert(values: list[str | None]) -> SparseRow:
            counts: dict[int, float] = {}
            for name, value in zip(names, values, strict=True):
                if value is not None:
                    place = crc32(f"{name}={value}".encode()) % width
                    counts[place] = counts.get(place, 0.0) + 1.0
            places = sorted(counts)
            return SparseRow(places, [counts[place] for place in places])

        return RowStep(Reads.STRINGS, convert)
