"""A stored profile that was changed is refused, whatever was changed so that counting with it would fail."""

import json
from datetime import datetime

import polars as pl
import pytest

from sevenfold.core.dataset import Column, Kind, Schema
from sevenfold.core.errors import BundleError
from sevenfold.data.profile import Profile, profile

SCHEMA = Schema(
    (Column("x", Kind.NUMBER), Column("c", Kind.CATEGORY), Column("t", Kind.TEXT), Column("d", Kind.DATE),
     Column("i", Kind.ID), Column("nothing", Kind.NUMBER))
)  # fmt: skip


@pytest.fixture(scope="module")
def written():
    table = pl.DataFrame(
        {
            "x": [float(i) if i % 7 else None for i in range(60)],
            "c": [("a", "b", None)[i % 3] for i in range(60)],
            "t": [f"some words of text {i}" for i in range(60)],
            "d": [datetime(2025, 1, 1 + i % 28) for i in range(60)],
            "i": [f"id {i % 40}" for i in range(60)],
            "nothing": pl.Series([None] * 60, dtype=pl.Float64),
        }
    )
    return json.dumps(profile(table, SCHEMA).to_json())


def test_what_was_written_is_read(written):
    assert json.loads(json.dumps(Profile.from_json(json.loads(written)).to_json())) == json.loads(written)


@pytest.mark.parametrize(
    ("column", "key", "value"),
    [
        *((0, key, value) for key in ("rows", "missing", "distinct") for value in (-1, 2.5, "3", True, 10**400)),
        *((0, key, value) for key in ("low", "mean") for value in ("x", True, [1], 10**400, float("inf"))),
        *((0, key, value) for key in ("edges", "counts", "quantiles") for value in (7, None, "x", ["a"])),
        *((0, key, [1]) for key in ("edges", "counts")),
        (0, "edges", [3.0, 2.0, 1.0]),
        (0, "missing", 61),
        (0, "name", 3),
        (0, "surprise", 1),
        *((1, "top", value) for value in (7, [["a"]], [[{}, 3]], [[1, 3]], [["a", -3]], [["a", 3], ["a", 4]])),
        *((1, key, value) for key in ("rest", "singles") for value in (-1, 99, None)),
        *((2, "remembered", value) for value in (7, {"words": [3]}, {"words": "x"}, {"words": None})),
        *((4, "remembered", value) for value in ({"marks": [-1]}, {"marks": ["a"]}, {"marks": [1], "share": "x"})),
        *((2, "aspects", value) for value in (7, {"new words": 7}, {"new words": {}})),
    ],
)
def test_what_was_changed_is_refused(written, column, key, value):
    changed = json.loads(written)
    changed["columns"][column][key] = value
    with pytest.raises(BundleError):
        Profile.from_json(changed)
