"""What must hold of CatBoost's binary before the library reads it: it follows indices and tables without looking.

The library verifies that the trees are a FlatBuffer, not that their numbers fit together, and its tables of category
statistics it does not verify at all. Here both are checked first, so that a forged model is refused with an error.
Source: CatBoost, catboost/libs/model: model.cpp, ctr_value_table.cpp, static_ctr_provider.cpp and flatbuffers/.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import numpy as np

from sevenfold.core.arrays import Ints
from sevenfold.core.errors import BundleError
from sevenfold.models.trees.flatbuffer import Buffer, Table

_MAGIC = b"CBM1"
_FORMAT = b"FlabuffersModel_v1"
_PARTS: tuple[list[bytes], ...] = ([], [b"static_provider_v1"])
_DEPTH_LIMIT = 16
_INDEX_LIMIT = 10_000_000
_BORDERS, _BUCKETS, _MEAN, _FLOAT_MEAN, _COUNTER, _FREQUENCY = range(6)  # kinds of statistics
_BUCKET = np.dtype([("hash", "<u8"), ("index", "<u4")])
_EMPTY = np.uint64(2**64 - 1)


@dataclass(frozen=True)
class _Known:
    """What splits may ask: columns of categories; a column and a border or a level, as they stand in the file."""

    categories: set[int]
    borders: set[bytes] = field(default_factory=set)
    levels: set[bytes] = field(default_factory=set)


def check_binary(content: bytes, outputs: int) -> None:
    """Refuse a model whose numbers do not fit together.

    Args:
        outputs: 1, or the number of classes where there are more than two.
    Raises:
        BundleError: they do not.
    """
    try:
        _check(content, outputs)
    except (ValueError, struct.error, OverflowError) as error:
        raise BundleError("A stored CatBoost model is damaged.", "CatBoost's binary", str(error)[:100]) from None


def _check(content: bytes, outputs: int) -> None:
    _need(content[:4] == _MAGIC, "its head")
    core, position = _sized(content, 4)
    root = core.root()
    _need(bytes(root.array(0, "u1")) == _FORMAT, "its format")
    parts = root.texts(3)
    _need(parts in _PARTS, "parts that are not ours")
    kinds = _check_trees(root.table(1), outputs)
    if parts:
        position = _check_statistics(content, position, kinds)
    _need(position == len(content), "something after its end")
    _need(bool(parts) or not kinds, "statistics missing")


def _check_trees(trees: Table, outputs: int) -> dict[bytes, int]:
    """Kinds of statistics that the trees ask for, and the highest class that they ask each about."""
    _need(trees.number(0, "i") == outputs, "numbers of classes that differ")
    for place, what in ((10, "trees of another shape"), (11, "trees of another shape"), (12, "texts"),
                        (13, "estimates"), (18, "embeddings")):  # fmt: skip
        _need(trees.length(place) == 0, what)
    splits, sizes, starts = (trees.array(place, "i4").astype(np.int64) for place in (1, 2, 3))
    _need(bool(((sizes >= 0) & (sizes <= _DEPTH_LIMIT)).all()), "depths of trees")
    _need(np.array_equal(starts, np.cumsum(sizes) - sizes) and int(sizes.sum()) == len(splits), "places of trees")
    leaves = int((1 << sizes).sum())
    values, weights = trees.array(8, "f8"), trees.array(9, "f8")
    _need(len(values) == leaves * outputs and bool(np.isfinite(values).all()), "values of leaves")
    _need(len(weights) in (0, leaves), "weights of leaves")
    _need(len(trees.array(16, "f8")) in (0, outputs), "what is added to the trees")
    count, kinds = _check_features(trees)
    _need(bool(((splits >= 0) & (splits < count)).all()), "splits that are none")
    return kinds


def _check_features(trees: Table) -> tuple[int, dict[bytes, int]]:
    categories, numbers = trees.tables(4), trees.tables(5)
    places = [[(table.number(first, "i", -1), table.number(first + 1, "i", -1)) for table in found]
              for found, first in ((numbers, 1), (categories, 0))]  # fmt: skip
    for found in places:
        _need(_ascending([index for index, _ in found]) and _ascending([flat for _, flat in found]), "columns")
    both = [flat for found in places for _, flat in found]
    _need(len(set(both)) == len(both), "columns that are two")
    known = _Known({index for table, (index, _) in zip(categories, places[1], strict=True) if table.number(3, "b", 1)})
    count = 0
    for table, (index, _) in zip(numbers, places[0], strict=True):
        borders = table.array(3, "f4")
        count += _borders(borders)
        _need(table.number(5, "b") in (0, 1, 2), "ways of missing values")
        known.borders.update(struct.pack("<if", index, border) for border in borders.tolist())
    for table in trees.tables(6):
        index, levels = table.number(0, "i", -1), table.array(1, "i4").tolist()
        _need(index in known.categories and table.length(2) in (0, len(levels)), "splits by category")
        known.levels.update(struct.pack("<ii", index, level) for level in levels)
        count += len(levels)
    kinds: dict[bytes, int] = {}
    for table in trees.tables(7):
        count += _borders(table.array(1, "f4"))
        statistic = table.table(0)
        name, asked = _name(statistic.table(0), known), statistic.number(1, "i")
        _need(0 <= asked < _INDEX_LIMIT, "a class that is none")
        kinds[name] = max(asked, kinds.get(name, 0))
    return count, kinds


def _borders(values: object) -> int:
    found = np.asarray(values, dtype=np.float64)
    _need(not np.isnan(found).any() and bool((np.diff(found) > 0).all()), "borders out of order")
    return len(found)


def _name(base: Table, known: _Known | None) -> bytes:
    """What tells one table of statistics from another, as bytes."""
    combination, kind = base.table(0), base.number(1, "b")
    columns = combination.array(0, "i4")
    borders, levels = combination.records(1, 8), combination.records(2, 8)
    _need(_BORDERS <= kind <= _FREQUENCY and len(columns) > 0, "statistics of another kind")
    if known is not None:
        _need(set(columns.tolist()) <= known.categories, "categories that are none")
        _need(_pairs(borders) <= known.borders and _pairs(levels) <= known.levels, "splits that are none")
    return b"|".join([bytes([kind]), columns.tobytes(), borders, levels])


def _pairs(records: bytes) -> set[bytes]:
    return {records[at : at + 8] for at in range(0, len(records), 8)}


def _check_statistics(content: bytes, position: int, kinds: dict[bytes, int]) -> int:
    count, position = _length(content, position)
    found = set()
    for _ in range(count):
        buffer, position = _sized(content, position)
        table = buffer.root()
        base = table.table(0)
        name = _name(base, None)
        _need(name not in found, "statistics that are there twice")
        found.add(name)
        _check_table(table, base.number(1, "b"), kinds.get(name, 0))
    _need(set(kinds) <= found, "statistics missing")
    return position


def _check_table(table: Table, kind: int, asked: int) -> None:
    """Hashes lead to entries that are there, and a search for one that is not there comes to its end."""
    raw, blob, classes = table.array(1, "u1"), table.array(2, "u1"), table.number(4, "i")
    count = len(raw) // _BUCKET.itemsize
    _need(len(raw) == count * _BUCKET.itemsize and count > 0 and count & (count - 1) == 0, "a table of hashes")
    buckets = np.frombuffer(raw.tobytes(), _BUCKET)
    full = buckets["hash"] != _EMPTY
    _need(not full.all(), "a table of hashes without an end")
    if kind in (_MEAN, _FLOAT_MEAN):
        entry_bytes = 8
    elif kind in (_COUNTER, _FREQUENCY):
        entry_bytes = 4
    else:
        _need(max(2, asked + 1) <= classes <= 1_000_000, "classes of statistics")
        entry_bytes = 4 * classes
    _need(len(blob) % entry_bytes == 0, "statistics cut short")
    indices: Ints = buckets["index"][full].astype(np.int64)
    _need(bool((indices < len(blob) // entry_bytes).all()), "statistics that are none")


def _ascending(values: list[int]) -> bool:
    return all(0 <= value < _INDEX_LIMIT for value in values) and values == sorted(set(values))


def _sized(content: bytes, position: int) -> tuple[Buffer, int]:
    size, position = _length(content, position)
    _need(size <= len(content) - position, "cut short")
    return Buffer(content[position : position + size]), position + size


def _length(content: bytes, position: int) -> tuple[int, int]:
    _need(position + 4 <= len(content), "cut short")
    (size,) = struct.unpack_from("<I", content, position)
    _need(size < 2**32 - 1, "a size that is too large")
    return int(size), position + 4


def _need(sound: bool, what: str) -> None:
    if not sound:
        raise ValueError(what)
