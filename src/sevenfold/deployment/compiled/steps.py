"""Feature steps of all pipelines on one row: each computed once, however many pipelines share it."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any, TypeAlias

import numpy as np

from sevenfold.core.compiled import Reads, SparseRow
from sevenfold.core.dataset import Kind, Schema
from sevenfold.core.feature import Feature
from sevenfold.core.inputs import Block, Columns, Form
from sevenfold.core.pipeline import Pipeline
from sevenfold.core.recipe import Step
from sevenfold.core.state import pack

Row: TypeAlias = list[Any]
"""The working set of one row: typed source values, then views of them, then steps' outputs, each in its slot."""

Gather: TypeAlias = Callable[[Row], Any]

FORMS = (Form.NUMBERS, Form.CATEGORIES, Form.SPARSE)
"""Forms that one row can have."""

_EPOCH, _MICROSECOND = datetime(1970, 1, 1), timedelta(microseconds=1)


class Unsuited(Exception):  # noqa: N818
    """Something that has no form of one row; the text says what."""


@dataclass
class RowStepAt:
    """One computation of the row program.

    Args:
        name: for people.
        slot: where its output goes.
        gather: its inputs.
        convert: the feature's row step, or its frame form.
        block: what the frame form gave for sample rows: form, names and levels of the output.
        by_frame: computes the same through `transform`.
        quick: whether `convert` is a row step.
    """

    name: str
    slot: int
    gather: Gather
    convert: Callable[[Any], Any]
    block: Block
    by_frame: Callable[[Row], Any]
    quick: bool

    def take_frame(self) -> None:
        """From now on the frame form computes it."""
        self.gather, self.convert, self.quick = _whole, self.by_frame, False


@dataclass
class Program:
    """What is computed of one row, in order.

    Args:
        schema: of the records.
        slots: of each source column that a pipeline reads.
        late: what is computed of the working set after all steps, with its slot.
    """

    schema: Schema
    slots: Mapping[str, int]
    steps: list[RowStepAt] = field(default_factory=list)
    views: dict[tuple[str, Reads], int] = field(default_factory=dict)
    view_steps: list[tuple[int, int, Callable[[Any], Any]]] = field(default_factory=list)
    _known: dict[str, RowStepAt] = field(default_factory=dict)
    width: int = 0
    late: tuple[tuple[int, Callable[[Row], Any]], ...] = ()

    def __post_init__(self) -> None:
        self.width = len(self.slots)

    def begin(self, row: Row) -> Row:
        """The working set of a row from its source values, before any step."""
        row += [None] * (self.width - len(row))
        for slot, source, view in self.view_steps:
            row[slot] = view(row[source])
        return row

    def run(self, row: Row) -> Row:
        """The working set of a row from its source values."""
        self.begin(row)
        for step in self.steps:
            row[step.slot] = step.convert(step.gather(row))
        for slot, compute in self.late:
            row[slot] = compute(row)
        return row

    def add_late(self, compute: Callable[[Row], Any]) -> int:
        """Compute something of the working set after all steps; its slot."""
        slot, self.width = self.width, self.width + 1
        self.late = (*self.late, (slot, compute))
        return slot

    def add(self, pipeline: Pipeline, made: Mapping[str, Block]) -> dict[str, RowStepAt]:
        """The steps of one pipeline, by name; those that an earlier pipeline has are shared.

        Args:
            pipeline: fitted.
            made: what its steps gave for sample rows.
        """
        own: dict[str, RowStepAt] = {}
        keys: dict[str, str] = {}
        for step, feature in zip(pipeline.recipe.steps, pipeline.features, strict=True):
            keys[step.name] = _key(step, feature, keys)
            known = self._known.get(keys[step.name])
            if known is None:
                known = self._known[keys[step.name]] = self._made(step, feature, made[step.name], own)
                self.steps.append(known)
            own[step.name] = known
        return own

    def _made(self, step: Step, feature: Feature, block: Block, own: Mapping[str, RowStepAt]) -> RowStepAt:
        if block.form not in FORMS:
            raise Unsuited(f"feature '{step.feature}' gives {block.form}")
        slot, self.width = self.width, self.width + 1
        by_frame = self._by_frame(step, feature, own)
        quick = feature.row_step()
        gather = None if quick is None else self._gather(step.inputs, quick.reads, own)
        if quick is None or gather is None:
            return RowStepAt(f"{step.name} ({step.feature})", slot, _whole, by_frame, block, by_frame, False)
        return RowStepAt(f"{step.name} ({step.feature})", slot, gather, quick.convert, block, by_frame, True)

    def _gather(self, inputs: Sequence[str], reads: Reads, own: Mapping[str, RowStepAt]) -> Gather | None:
        """How the inputs' values are collected; None where they cannot be given in that way."""
        parts: list[tuple[bool, int, Callable[[Any], Any] | None]] = []
        for name in inputs:
            if name.startswith("@"):
                earlier = own[name.removeprefix("@")]
                if (earlier.block.form, reads) not in _SPREAD:
                    return None
                parts.append((True, earlier.slot, _SPREAD[earlier.block.form, reads]))
                continue
            slot = self._view(name, reads)
            if slot is None:
                return None
            parts.append((False, slot, None))
        return _collector(parts)

    def _view(self, name: str, reads: Reads) -> int | None:
        """The slot of a source column read in one way."""
        kind, source = self.schema[name].kind, self.slots[name]
        if (kind, reads) in _AS_IT_IS:
            return source
        if (kind, reads) not in _VIEWS:
            return None
        if (name, reads) not in self.views:
            self.views[name, reads], self.width = self.width, self.width + 1
            self.view_steps.append((self.views[name, reads], source, _VIEWS[kind, reads]))
        return self.views[name, reads]

    def _by_frame(self, step: Step, feature: Feature, own: Mapping[str, RowStepAt]) -> Callable[[Row], Any]:
        """The step through `transform` on a frame of one row."""
        sources = [(name, self.slots[name], self.schema[name].kind) for name in step.inputs if name in self.slots]
        earlier = [own[name.removeprefix("@")] for name in step.inputs if name.startswith("@")]
        names = [name.removeprefix("@") for name in step.inputs if name.startswith("@")]

        def convert(row: Row) -> Any:
            import polars as pl

            from sevenfold.data.clean import polars_type

            series = [pl.Series(name, [_plain(row[slot])], dtype=polars_type(kind)) for name, slot, kind in sources]
            table = pl.DataFrame(series) if series else pl.DataFrame(height=1)
            blocks = {name: block_of(at.block, row[at.slot]) for name, at in zip(names, earlier, strict=True)}
            return row_of(feature.transform(Columns(table, blocks)), 0)

        return convert


def row_of(block: Block, row: int) -> Any:
    """One row of a block, as a row step gives it."""
    if block.form is not Form.SPARSE:
        return block.values[row].tolist()
    matrix = block.values.tocsr()
    start, end = int(matrix.indptr[row]), int(matrix.indptr[row + 1])
    return SparseRow(matrix.indices[start:end].tolist(), matrix.data[start:end].tolist())


def block_of(like: Block, values: Any) -> Block:
    """A block of one row from what a row step gave."""
    if like.form is Form.NUMBERS:
        return Block(like.form, like.names, np.array([values], dtype=np.float64), like.levels)
    if like.form is Form.CATEGORIES:
        return Block(like.form, like.names, np.array([values], dtype=np.int32), like.levels)
    from scipy import sparse

    shape = (1, int(like.values.shape[1]))
    starts = [0, len(values.places)]
    matrix = sparse.csr_matrix((np.array(values.values, dtype=np.float64), values.places, starts), shape=shape)
    return Block(like.form, like.names, matrix, like.levels)


def same(a: Any, b: Any) -> bool:
    """Whether two rows' outputs are the same; NaN is the same as NaN."""
    if isinstance(a, SparseRow) or isinstance(b, SparseRow):
        return isinstance(a, SparseRow) and isinstance(b, SparseRow) and a == b
    return len(a) == len(b) and all(x == y or (x != x and y != y) for x, y in zip(a, b, strict=True))


def _key(step: Step, feature: Feature, keys: Mapping[str, str]) -> str:
    """Equal steps with equal states on equal inputs have equal keys."""
    inputs = [f"@{keys[name[1:]]}" if name.startswith("@") else name for name in step.inputs]
    digest = hashlib.sha256(json.dumps([step.feature, inputs, feature.params], sort_keys=True, default=str).encode())
    for name, content in sorted(pack(feature.state()).items()):
        digest.update(name.encode() + content)
    return digest.hexdigest()


def _collector(parts: Sequence[tuple[bool, int, Callable[[Any], Any] | None]]) -> Gather:
    if len(parts) == 1 and parts[0][0]:
        _, slot, spread = parts[0]
        return itemgetter(slot) if spread is None else lambda row: spread(row[slot])
    if not any(several for several, _, _ in parts):
        slots = [slot for _, slot, _ in parts]
        if len(slots) == 1:
            only = slots[0]
            return lambda row: [row[only]]
        take = itemgetter(*slots)
        return lambda row: list(take(row))

    def gather(row: Row) -> list[Any]:
        values: list[Any] = []
        for several, slot, spread in parts:
            if not several:
                values.append(row[slot])
            else:
                values += row[slot] if spread is None else spread(row[slot])
        return values

    return gather


def _whole(row: Row) -> Row:
    return row


def _plain(value: Any) -> Any:
    return None if value != value else value


def _finite(values: list[float]) -> list[float]:
    return [value if value - value == 0.0 else math.nan for value in values]


def _seconds(value: datetime | None) -> float:
    return math.nan if value is None else ((value - _EPOCH) // _MICROSECOND) / 1e6


_AS_IT_IS = frozenset(
    {(Kind.NUMBER, Reads.NUMBERS), (Kind.DATE, Reads.DATES)}
    | {(kind, Reads.STRINGS) for kind in (Kind.CATEGORY, Kind.TEXT, Kind.ID)}
)
_VIEWS: Mapping[tuple[Kind, Reads], Callable[[Any], Any]] = {
    (Kind.FLAG, Reads.NUMBERS): {None: math.nan, True: 1.0, False: 0.0}.__getitem__,
    (Kind.FLAG, Reads.STRINGS): {None: None, True: "true", False: "false"}.__getitem__,
    (Kind.DATE, Reads.NUMBERS): _seconds,
}
_SPREAD: Mapping[tuple[Form, Reads], Callable[[Any], Any] | None] = {
    (Form.NUMBERS, Reads.NUMBERS): _finite,
    (Form.CATEGORIES, Reads.NUMBERS): lambda codes: [float(code) for code in codes],
    (Form.SPARSE, Reads.SPARSE): lambda entries: [entries],
    (Form.CATEGORIES, Reads.STRINGS): lambda codes: [str(code) if code >= 0 else None for code in codes],
}
