from __future__ import annotations

import datetime as dt

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.data.fingerprint import fingerprint

TABLE = pl.DataFrame(
    {
        "n": [1.5, None, -0.0],
        "c": ["a", None, "ä"],
        "f": [True, None, False],
        "d": [dt.datetime(2020, 1, 1), None, dt.datetime(1960, 1, 1)],
        "l": [[1.0, None], [], None],
        "b": [b"x", None, b""],
    },
    schema_overrides={"d": pl.Datetime("us")},
)


def test_it_is_frozen() -> None:
    assert fingerprint(TABLE) == "1efd04bb703321eeb057de5f53bc24a7"
    assert fingerprint(TABLE.with_columns(n=pl.Series([1.5, None, 0.0]))) == fingerprint(TABLE)


def test_any_change_changes_it() -> None:
    others = [
        TABLE.rename({"n": "m"}),
        TABLE.select("c", "n", "f", "d", "l", "b"),
        TABLE.reverse(),
        TABLE.head(2),
        TABLE.with_columns(n=pl.Series([1.5, 0.0, 0.0])),
        TABLE.with_columns(c=pl.Series(["a", "", "ä"])),
        TABLE.with_columns(f=pl.Series([True, False, False])),
        TABLE.with_columns(l=pl.Series([[1.0, None], None, []], dtype=pl.List(pl.Float64))),
        TABLE.with_columns(l=pl.Series([[1.0], [], None], dtype=pl.List(pl.Float64))),
        TABLE.with_columns(b=pl.Series([b"x", b"", b""])),
    ]
    assert len({fingerprint(table) for table in [TABLE, *others]}) == len(others) + 1


@settings(deadline=None, max_examples=50)
@given(st.lists(st.none() | st.text(max_size=4), max_size=8), st.integers(0, 8))
def test_chunks_and_slices_do_not_matter(values: list[str | None], cut: int) -> None:
    whole = pl.DataFrame({"x": pl.Series(values, dtype=pl.String)})
    parts = pl.concat([whole.head(cut), whole.slice(cut)], rechunk=False)
    assert fingerprint(parts) == fingerprint(whole)


def test_many_different_strings_are_frozen_too() -> None:
    many = pl.DataFrame({"x": [f"é{i}" for i in range(10_500)] + [None, ""]})
    assert fingerprint(many) == "34f02d69d4bca0007a29e73a4c7de0d3"
    assert fingerprint(many.with_columns(x=pl.col("x").fill_null(""))) != fingerprint(many)
