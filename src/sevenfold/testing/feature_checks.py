"""What every feature must do, one function a check, for our own features and for those of others.

Each check takes a feature class and, where it matters, parameters; it raises an AssertionError that says what is
wrong. A package that adds features runs them over its own entries:

    for check in feature_checks.CHECKS:
        check(MyFeature, {})
"""

from __future__ import annotations

import struct
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeAlias

import numpy as np
import polars as pl

from sevenfold.core.dataset import Kind
from sevenfold.core.feature import Feature
from sevenfold.core.inputs import Block, Columns, Form
from sevenfold.core.space import Choice
from sevenfold.core.state import pack, unpack
from sevenfold.core.task import Goal, Target

Params: TypeAlias = Mapping[str, Any]
_ROWS = 240
_WORDS = [
    "red",
    "green",
    "blue",
    "fast",
    "slow",
    "engine",
    "wheel",
    "12",
    "of",
    "the",
    "and",
    "Great!",
    "a-b",
    "x_y",
    "über",
]


@dataclass(frozen=True)
class Subject:
    """A feature with something to learn from.

    Args:
        feature: not fitted.
        columns: training rows, with missing values in every column.
        target: theirs.
    """

    feature: Feature
    columns: Columns
    target: Target

    def fit(self, seed: int = 0) -> Block:
        """Fit with a stream of its own."""
        return self.feature.fit(self.columns, self.target, np.random.default_rng(seed))


@cache
def sample_table(rows: int, seed: int = 0, missing: float = 0.1) -> pl.DataFrame:
    """A typed table with two columns of every kind; `missing` is the share of nulls."""
    generator = np.random.default_rng(seed)

    def holed(values: list[Any], dtype: Any) -> pl.Series:
        holes = generator.random(rows) < missing
        return pl.Series([None if hole else value for hole, value in zip(holes, values, strict=True)], dtype=dtype)

    def phrase() -> str:
        return " ".join(generator.choice(_WORDS, int(generator.integers(1, 9))).tolist())

    start = datetime(2021, 11, 3, 4, 5)
    days = generator.integers(0, 900, rows).tolist()
    hours = generator.integers(0, 2000, rows).tolist()
    first = [start + timedelta(days=day, minutes=7 * day) for day in days]
    columns = {
        "size": holed(generator.normal(50, 12, rows).tolist(), pl.Float64),
        "price": holed(np.exp(generator.normal(3, 2, rows)).tolist(), pl.Float64),
        "member": holed((generator.random(rows) < 0.4).tolist(), pl.Boolean),
        "colour": holed(generator.choice(["red", "blue", "green", "ünd, so=on"], rows).tolist(), pl.String),
        "town": holed([f"town {i}" for i in generator.zipf(1.6, rows) % 60], pl.String),
        "opened": holed(list(first), pl.Datetime("us")),
        "closed": holed([f + timedelta(hours=h) for f, h in zip(first, hours, strict=True)], pl.Datetime("us")),
        "title": holed([phrase() for _ in range(rows)], pl.String),
        "story": holed([phrase() + " " + phrase() for _ in range(rows)], pl.String),
        "user": holed([f"u{i}" for i in generator.integers(0, 40, rows)], pl.String),
        "item": holed([f"i{i}" for i in generator.integers(0, 25, rows)], pl.String),
        "picture": holed([_png(generator) for _ in range(rows)], pl.Binary),
    }
    return pl.DataFrame(columns)


_COLUMNS: Mapping[Kind, tuple[str, ...]] = {
    Kind.NUMBER: ("size", "price"),
    Kind.FLAG: ("member",),
    Kind.CATEGORY: ("colour", "town"),
    Kind.DATE: ("opened", "closed"),
    Kind.TEXT: ("title", "story"),
    Kind.ID: ("user", "item"),
    Kind.IMAGE: ("picture",),
}


def subject(
    feature: type[Feature], params: Params, rows: int = _ROWS, goal: Goal = Goal.BINARY, seed: int = 0
) -> Subject:
    """The feature on columns of every kind that it takes, with a target that depends on some of them."""
    columns = columns_for(feature, sample_table(rows, seed))
    return Subject(feature(inputs_for(feature), **params), columns, _target(columns.table, goal, seed))


def inputs_for(feature: type[Feature]) -> tuple[str, ...]:
    """Inputs of every kind that the feature takes; those that take no source column get an earlier step."""
    if Kind.IMAGE in feature.spec.takes:
        return _COLUMNS[Kind.IMAGE]
    if not feature.spec.takes:
        return ("@earlier",)
    return tuple(name for kind, names in _COLUMNS.items() if kind in feature.spec.takes for name in names)


def columns_for(feature: type[Feature], table: pl.DataFrame) -> Columns:
    """The working set, with an earlier step where the feature takes no source column.

    The earlier step is a fixed sparse map of each row, so that every table gets the same columns.
    """
    columns = Columns(table)
    if not feature.spec.takes:
        from scipy import sparse

        letters = [[(text or "").count(letter) for letter in "abcdefghijklmnopq"] for text in table["story"].to_list()]
        matrix = sparse.csr_matrix(np.array(letters, dtype=np.float64).reshape(table.height, 17))
        columns.made["earlier"] = Block(Form.SPARSE, tuple("abcdefghijklmnopq"), matrix)
    return columns


def variants(feature: type[Feature]) -> list[dict[str, Any]]:
    """The defaults, and each other option of each choice."""
    found: list[dict[str, Any]] = [{}]
    for name, dimension in feature.spec.space.items():
        if isinstance(dimension, Choice):
            found.extend({name: option} for option in dimension.options if option != dimension.default)
    return found


def check_statement(feature: type[Feature], params: Params) -> None:
    """The feature states its name, its purpose and valid defaults."""
    spec = feature.spec
    assert spec.name and spec.summary, "a feature states its name and a summary"
    assert feature(inputs_for(feature)).params == spec.space.defaults(), "defaults must be within their ranges"


def check_shapes(feature: type[Feature], params: Params) -> None:
    """`fit` and `transform` give the form that is stated, the same names, and a row for each row."""
    case = subject(feature, params)
    learned = case.fit()
    other = case.feature.transform(columns_for(feature, sample_table(31, seed=5)))
    for block, rows in ((learned, _ROWS), (other, 31)):
        _check_block(block, rows, feature)
    assert learned.names == other.names, f"names differ: {learned.names} in fit, {other.names} in transform"
    assert learned.levels == other.levels, "levels differ between fit and transform"
    assert len(set(learned.names)) == len(learned.names), f"names repeat: {learned.names}"


def check_restored(feature: type[Feature], params: Params) -> None:
    """A feature restored from its stored state gives the same, bit for bit."""
    case = subject(feature, params)
    case.fit()
    rows = columns_for(feature, sample_table(57, seed=6))
    twin = feature(inputs_for(feature), **params)
    twin.restore(unpack(pack(case.feature.state())))
    _same(case.feature.transform(rows), twin.transform(rows), "restored")
    assert pack(twin.state()) == pack(case.feature.state()), "the state of a restored feature differs"


def check_single_rows(feature: type[Feature], params: Params) -> None:
    """A row by itself gives, bit for bit, what it gives within a batch."""
    case = subject(feature, params)
    case.fit()
    table = sample_table(41, seed=7)
    batch = case.feature.transform(columns_for(feature, table))
    for row in range(0, 41, 5):
        alone = case.feature.transform(columns_for(feature, table[row : row + 1]))
        _same(alone, batch.take(np.array([row])), f"row {row} alone")


def check_large_batches(feature: type[Feature], params: Params) -> None:
    """Large batches may take another path inside; they give the same as small ones."""
    case = subject(feature, params)
    case.fit()
    table = sample_table(100, seed=8)
    many = pl.concat([table] * 25)
    batch = case.feature.transform(columns_for(feature, many))
    _same(batch.take(np.arange(100) + 1300), case.feature.transform(columns_for(feature, table)), "in a large batch")


def check_shuffled_rows(feature: type[Feature], params: Params) -> None:
    """Shuffled rows give shuffled output."""
    case = subject(feature, params)
    case.fit()
    table = sample_table(83, seed=9)
    order = np.random.default_rng(1).permutation(83)
    straight = case.feature.transform(columns_for(feature, table))
    _same(case.feature.transform(columns_for(feature, table[order])), straight.take(order), "shuffled")


def check_learns_from_training_only(feature: type[Feature], params: Params) -> None:
    """Converting other rows changes nothing that was learned, nor the inputs."""
    case = subject(feature, params)
    learned = case.fit()
    before = pack(case.feature.state())
    others = columns_for(feature, strange_table(40))
    kept = {name: block.values.copy() for name, block in others.made.items()}
    case.feature.transform(others)
    assert pack(case.feature.state()) == before, "transform changed the learned state"
    for name, values in kept.items():
        changed = others.made[name].values != values
        assert not (changed.nnz if hasattr(changed, "nnz") else changed.any()), "transform changed its inputs"
    if not feature.spec.uses_target:
        _same(learned, case.feature.transform(case.columns), "transform of the training rows")


def check_strange_values(feature: type[Feature], params: Params) -> None:
    """Unseen, missing, empty, huge and infinite values give no infinity, no code out of range, and no error."""
    case = subject(feature, params)
    case.fit()
    block = case.feature.transform(columns_for(feature, strange_table(40)))
    _check_block(block, 40, feature)


def check_nothing_to_learn(feature: type[Feature], params: Params) -> None:
    """Columns that are all missing, constant, or of one row are no error."""
    missing = sample_table(30, missing=2.0)
    constant = pl.concat([sample_table(1, missing=0.0)] * 30)
    for table in (missing, constant, sample_table(1, missing=0.0)):
        fitted = feature(inputs_for(feature), **params)
        target = Target(Goal.REGRESSION, np.arange(table.height, dtype=np.float64))
        fitted.fit(columns_for(feature, table), target, np.random.default_rng(0))
        _check_block(fitted.transform(columns_for(feature, sample_table(20, seed=3))), 20, feature)


def check_empty_table(feature: type[Feature], params: Params) -> None:
    """A table without rows gives a block without rows."""
    case = subject(feature, params)
    learned = case.fit()
    block = case.feature.transform(columns_for(feature, sample_table(0)))
    _check_block(block, 0, feature)
    assert block.names == learned.names, "names differ on a table without rows"


def check_same_stream(feature: type[Feature], params: Params) -> None:
    """The same stream gives the same result."""
    first, second = subject(feature, params), subject(feature, params)
    _same(first.fit(3), second.fit(3), "a second fit with the same stream")
    assert pack(first.feature.state()) == pack(second.feature.state()), "two fits with one stream differ"


def check_goals(feature: type[Feature], params: Params) -> None:
    """A feature that learns from the target does so for every goal and with weights, and says if it is missing."""
    if not feature.spec.uses_target:
        return
    for goal in (Goal.BINARY, Goal.MULTICLASS, Goal.REGRESSION):
        case = subject(feature, params, goal=goal)
        weights = np.random.default_rng(2).uniform(0.1, 3.0, _ROWS)
        weighted = Target(goal, case.target.values, case.target.classes, weights)
        _check_block(case.fit(), _ROWS, feature)
        _check_block(case.feature.fit(case.columns, weighted, np.random.default_rng(0)), _ROWS, feature)
    case = subject(feature, params)
    try:
        case.feature.fit(case.columns, None, np.random.default_rng(0))
    except Exception as error:
        from sevenfold.core.errors import SevenfoldError

        assert isinstance(error, SevenfoldError), f"without a target it raised {error!r}"
    else:
        raise AssertionError("it learned from a target that was not there")


def check_cross_fitted(feature: type[Feature], params: Params) -> None:
    """Training output made from random columns does not tell the target."""
    if not feature.spec.uses_target:
        return
    rows = 2000
    generator = np.random.default_rng(11)
    table = sample_table(rows, seed=10, missing=0.0).with_columns(
        pl.Series(name, [f"v{i}" for i in generator.integers(0, 1000, rows)])
        for name in ("colour", "town", "user", "item", "title", "story")
    )
    target = Target(Goal.BINARY, (generator.random(rows) < 0.5).astype(np.float64), 2)
    fitted = feature(inputs_for(feature), **params)
    block = fitted.fit(columns_for(feature, table), target, np.random.default_rng(0))
    values = np.asarray(block.values.todense() if block.form is Form.SPARSE else block.values, dtype=np.float64)
    for name, column in zip(block.names, values.T, strict=True):
        present = ~np.isnan(column)
        if np.ptp(column[present], axis=0) > 0:
            correlation = float(np.corrcoef(column[present], target.values[present])[0, 1])
            assert abs(correlation) < 0.15, f"'{name}' tells the target of its own rows: correlation {correlation:.2f}"


def check_linear_time(feature: type[Feature], params: Params) -> None:
    """Ten times the rows take no more than some ten times as long (with room for noise)."""
    case = subject(feature, params)
    case.fit()
    rows = 120 if Kind.IMAGE in feature.spec.takes else 1200  # a picture costs a thousand times what a number does
    table = sample_table(rows, seed=12)
    few, many = (columns_for(feature, pl.concat([table] * times)) for times in (1, 10))
    short, long = (_seconds(lambda c=c: case.feature.transform(c)) for c in (few, many))  # type: ignore[misc]
    assert long < 40 * short + 0.2, f"{rows} rows take {short:.4f} s, {10 * rows} take {long:.4f} s"


Check: TypeAlias = Callable[[type[Feature], Params], None]
CHECKS: tuple[Check, ...] = (
    check_statement,
    check_shapes,
    check_restored,
    check_single_rows,
    check_large_batches,
    check_shuffled_rows,
    check_learns_from_training_only,
    check_strange_values,
    check_nothing_to_learn,
    check_empty_table,
    check_same_stream,
    check_goals,
    check_cross_fitted,
    check_linear_time,
)


def strange_table(rows: int) -> pl.DataFrame:
    """A typed table of what training rows never hold."""
    floats = [np.inf, -np.inf, 1.7e308, -1.7e308, 5e-324, -0.0, None, 1e15]
    strings = ["never seen", "", None, "\x00", "🙂" * 50, " red", "RED", "9" * 400, "<", "-", "1e999", "\u2028"]
    dates = [datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59), None, datetime(1970, 1, 1), datetime(2024, 2, 29)]

    def cycle(values: list[Any], dtype: Any) -> pl.Series:
        return pl.Series([values[i % len(values)] for i in range(rows)], dtype=dtype)

    known = sample_table(rows, seed=13, missing=0.0)
    made = [cycle(floats, pl.Float64).alias(name) for name in ("size", "price")]
    made += [cycle(strings, pl.String).alias(name) for name in ("colour", "town", "title", "story", "user", "item")]
    made += [cycle(dates, pl.Datetime("us")).alias(name) for name in ("opened", "closed")]
    return known.with_columns(*made, pl.Series("member", [None] * rows, dtype=pl.Boolean))


def _target(table: pl.DataFrame, goal: Goal, seed: int) -> Target:
    generator = np.random.default_rng([seed, 1])
    score = table["size"].fill_null(50).to_numpy() / 12 + (table["colour"] == "red").fill_null(False).to_numpy() * 2.0
    score = score + generator.normal(0, 0.5, table.height)
    if goal is Goal.REGRESSION:
        return Target(goal, score)
    classes = 2 if goal is Goal.BINARY else 4
    limits = np.quantile(score, np.linspace(0, 1, classes + 1)[1:-1])
    return Target(goal, np.searchsorted(limits, score).astype(np.float64), classes)


def _check_block(block: Block, rows: int, feature: type[Feature]) -> None:
    assert block.form is feature.spec.gives, f"it states {feature.spec.gives} and gives {block.form}"
    assert block.rows == rows, f"{rows} rows in, {block.rows} out"
    kinds = {
        Form.NUMBERS: np.float64,
        Form.SPARSE: np.float64,
        Form.CATEGORIES: np.int32,
        Form.IDS: np.int32,
        Form.IMAGES: np.uint8,
        Form.TOKENS: np.int32,
    }
    assert block.values.dtype == kinds[block.form], f"{block.form} of dtype {block.values.dtype}"
    if block.form in (Form.IMAGES, Form.TOKENS):
        assert len(block.names) == 1, f"one name for {block.form}, not {block.names}"
        return
    assert block.values.shape == (rows, len(block.names)), f"{block.values.shape} for {len(block.names)} names"
    if block.form is Form.NUMBERS:
        assert not np.isinf(block.values).any(), "infinite output"
    elif block.form is Form.SPARSE:
        assert np.isfinite(block.values.data).all(), "missing or infinite entries in a sparse block"
    else:
        assert len(block.levels) == len(block.names), "a number of levels for each column"
        assert (block.values >= -1).all(), "codes below -1"
        assert (block.values < np.array(block.levels, dtype=np.int64)).all(), "codes beyond the number of levels"


def _same(one: Block, other: Block, what: str) -> None:
    assert one.names == other.names, f"{what}: names differ"
    assert one.values.shape == other.values.shape, f"{what}: {one.values.shape} and {other.values.shape}"
    if one.form is Form.SPARSE:
        assert (one.values != other.values).nnz == 0, f"{what}: entries differ"
        return
    exact = one.values.dtype.kind != "f"
    equal = np.array_equal(one.values, other.values, equal_nan=not exact)
    assert equal, f"{what}: values differ"


def _seconds(act: Callable[[], Any]) -> float:
    taken: list[float] = []
    for _ in range(2):
        # Processor time: what else the machine does is no fault of the feature's.
        begin = time.process_time()
        act()
        taken.append(time.process_time() - begin)
    return min(taken)


def _png(generator: np.random.Generator, side: int = 6) -> bytes:
    """A tiny random picture."""
    pixels = generator.integers(0, 256, (side, side * 3), dtype=np.uint8)
    lines = b"".join(b"\x00" + line.tobytes() for line in pixels)

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
