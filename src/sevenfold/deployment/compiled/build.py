"""Compiling a runtime: one row's way from record to prediction, proved equal to the frames' way before it is used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from time import perf_counter, thread_time
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.inputs import Columns, Inputs
from sevenfold.core.pipeline import Pipeline
from sevenfold.core.task import Goal
from sevenfold.deployment.compiled.forms import choose_form
from sevenfold.deployment.compiled.predict import ModelAt, RowModel, whole
from sevenfold.deployment.compiled.records import RecordReader
from sevenfold.deployment.compiled.samples import sample_records
from sevenfold.deployment.compiled.shared_trees import Tried, share_trees
from sevenfold.deployment.compiled.steps import Program, Row, RowStepAt, Unsuited, row_of, same
from sevenfold.deployment.runtime import Answer, Reading, Runtime

if TYPE_CHECKING:
    import numpy.typing as npt
    import polars as pl

    from sevenfold.core.dataset import Schema
    from sevenfold.core.predictor import Predictor
    from sevenfold.data.clean import Violation

MOST_RECORDS = 256
_PROOF_SECONDS = 0.5
_TIMED_ROUNDS, _TIMED_ROWS = 3, 24


@dataclass(frozen=True)
class Refusal:
    """Why a runtime has no compiled form; the frames' way goes on."""

    reason: str


@dataclass(frozen=True)
class Compiled:
    """Answers records without data frames, bit for bit as the runtime does. Threads may share it.

    Args:
        runtime: what was compiled.
        reader: from records to values.
        program: feature steps.
        model: from the working set to the prediction.
        reasons: parts that go through their frame form, and why.
        most_rows: with more rows than this, the frames' way is quicker.
        models: which forms of each model were tried, as plain data: `model`, `chosen`, and `forms` with the
            microseconds of one row, or why a form was refused.
    """

    runtime: Runtime
    reader: RecordReader
    program: Program
    model: RowModel
    reasons: tuple[str, ...]
    most_rows: int
    models: tuple[dict[str, Any], ...] = ()

    def values(self, record: dict[str, Any], row: int = 0) -> tuple[Floats, tuple[Violation, ...]]:
        """(1,) or (1, classes) prediction of a record, and its violations.

        Raises:
            DataError: more than half of the columns that the model uses are missing.
        """
        source, violations = self.reader.read(record, row)
        return self.model(self.program.run(source)), violations

    def answer(self, records: Sequence[dict[str, Any]]) -> Answer:
        """Everything about some records.

        Raises:
            DataError: more than half of the columns that the model uses are missing.
        """
        if len(records) == 1:
            values, violations = self.values(records[0])
            labels = self._label(values)
        else:
            answers = [self.values(record, row) for row, record in enumerate(records)]
            values = np.concatenate([found for found, _ in answers])
            violations = tuple(dict.fromkeys(violation for _, found in answers for violation in found))
            labels = self.runtime.decide(values)
        runtime = self.runtime
        reading = Reading(lambda: runtime.read(list(records)).table, violations, len(records))
        return Answer(reading, labels, values, self.classifies)

    @cached_property
    def _label(self) -> Callable[[Floats], npt.NDArray[Any]]:
        """`Runtime.decide` of one row."""
        decision, classes = self.runtime.predictor.decision, self.runtime.classes
        if not self.classifies or decision.costs is not None:
            return self.runtime.decide
        labels = [classes[[code]] for code in range(len(classes))]
        for label in labels:  # many answers share them
            label.setflags(write=False)
        threshold = decision.threshold
        if threshold is None or len(classes) != 2:
            return lambda values: labels[values.argmax()]
        least = threshold
        return lambda values: labels[values.item(1) >= least]

    @cached_property
    def classifies(self) -> bool:
        """Whether the values are probabilities."""
        return self.runtime.predictor.task.goal.is_classification


def compile_runtime(
    runtime: Runtime, typical: pl.DataFrame, onnx: Callable[[int], bool] | None = None
) -> Compiled | Refusal:
    """The compiled form of a runtime.

    It is tried on typical rows and on strange ones made from them (missing, infinite, unseen, misspelt, at and beside
    known values). A part that does not give the same, bit for bit, is left to its frame form; if the whole still
    differs, or records are read otherwise, there is no compiled form.

    Args:
        runtime: predicts the same through frames.
        typical: typed rows such as the model was trained on.
        onnx: whether the model of that number, counted through all members, is tried by onnxruntime as well; by
            default none is.
    """
    if runtime.predictor.task.goal is Goal.RECOMMENDATION:
        return Refusal("a recommendation may rank items, which is no answer for one row")
    try:
        return _compiled(runtime, typical, onnx or (lambda number: False))
    except Unsuited as reason:
        return Refusal(str(reason))
    except Exception as error:  # a compiled form is a convenience: without it the answers are the same
        return Refusal(f"it could not be built: {error!r}")


def measured(predictor: Predictor, schema: Schema, typical: pl.DataFrame) -> list[dict[str, Any]]:
    """`Compiled.models` of a predictor with every candidate, onnxruntime among them; empty without a compiled form.

    Args:
        predictor: to be written into a bundle.
        schema: the columns it was trained on.
        typical: some typed rows of them.
    """
    runtime = Runtime.of(predictor, schema)
    rows = typical.select([column.name for column in runtime.schema])
    compiled = compile_runtime(runtime, rows, lambda number: True)
    return [dict(entry) for entry in compiled.models] if isinstance(compiled, Compiled) else []


def _compiled(runtime: Runtime, typical: pl.DataFrame, onnx: Callable[[int], bool]) -> Compiled:
    reader = RecordReader.of(runtime)
    batches = sample_records(runtime.schema, runtime.sources, typical)
    readings = [runtime.read(batch, every_violation=True) for batch in batches]
    read = [_check_reading(reader, batch, reading) for batch, reading in zip(batches, readings, strict=True)]
    import polars as pl

    table = pl.concat([reading.table for reading in readings])
    program = Program(runtime.schema, reader.slots)
    reasons: list[str] = []
    models: list[list[ModelAt]] = []
    checks: list[tuple[Pipeline, dict[str, RowStepAt], ModelAt, Inputs, Columns]] = []
    for member in runtime.predictor.members:
        models.append([])
        for pipeline in member.pipelines:
            columns = Columns(table)
            for step, feature in zip(pipeline.recipe.steps, pipeline.features, strict=True):
                columns.made[step.name] = feature.transform(columns)
            steps = program.add(pipeline, columns.made)
            model = ModelAt.of(pipeline, steps, f"{pipeline.recipe.model} of {member.trial}")
            models[-1].append(model)
            given = Inputs.of(table.height, [columns.block(name) for name in pipeline.recipe.outputs])
            checks.append((pipeline, steps, model, given, columns))
    sources = [source for of_batch in read for source in of_batch]
    blocks = {id(at): (columns, name) for _, steps, _, _, columns in checks for name, at in steps.items()}
    rows = _check_steps(program, sources, blocks, reasons)
    told: list[dict[str, Any]] = []
    tried: list[Tried] = []
    for number, (pipeline, _, model, given, _) in enumerate(checks):
        expected = pipeline.model.predict(given).reshape(len(rows), -1).tolist()
        inputs = [model.gather(row) for row in rows]
        seconds, forms = choose_form(model, inputs, expected, _row_seconds, onnx(number))
        if not model.quick:
            differs = "gives other values in its form of one row" if model.forms else "has no form of one row"
            reasons.append(f"{model.name} {differs}")
        told.append(forms)
        tried.append(Tried(model, expected, seconds))
    share_trees(program, tried, rows, _row_seconds)
    return replace(_proved(runtime, reader, program, models, reasons, sources, table), models=tuple(told))


def _check_reading(reader: RecordReader, batch: list[dict[str, Any]], reading: Reading) -> list[Row]:
    """Each record's source values, read as the frames' way reads them, with the same violations.

    Raises:
        Unsuited: they are not.
    """
    names = list(reader.slots)
    expected = reading.table.select(names).rows() if names else [()] * reading.rows
    sources: list[Row] = []
    for row, (record, violations) in enumerate(zip(batch, reading.by_row(), strict=True)):
        values, found = reader.read(record, row)
        sources.append(values)
        plain = [None if value != value else value for value in values]
        if not same(plain, expected[row]) or [type(v) for v in plain] != [type(v) for v in expected[row]]:
            raise Unsuited(f"a sample is read otherwise: {record}")
        if sorted(map(repr, found)) != sorted(map(repr, violations)):
            raise Unsuited(f"a sample has other violations: {record}")
    return sources


def _check_steps(
    program: Program, sources: list[list[Any]], blocks: dict[int, tuple[Columns, str]], reasons: list[str]
) -> list[Row]:
    """Leave to its frame form each step that does not give what that gives, or that has no other.

    Returns:
        the working set of each row.
    """
    rows = [program.begin(list(source)) for source in sources]
    for at in program.steps:
        columns, name = blocks[id(at)]
        block = columns.made[name]
        # Earlier steps are right already: their outputs are what this one's inputs are made of.
        expected = [row_of(block, number) for number in range(len(rows))]
        if not at.quick:
            reasons.append(f"step {at.name} has no form of one row")
        elif not all(_agrees(at, row, wanted) for row, wanted in zip(rows, expected, strict=True)):
            at.take_frame()
            reasons.append(f"step {at.name} gives other values in its form of one row")
        for row, wanted in zip(rows, expected, strict=True):
            row[at.slot] = wanted
    return rows


def _agrees(at: RowStepAt, row: Row, wanted: Any) -> bool:
    try:
        return same(at.convert(at.gather(row)), wanted)
    except Exception:  # whatever a part does wrong, the frame form stands in
        return False


def _row_seconds(form: Callable[[Any], Any], inputs: Sequence[Any]) -> float:
    return _seconds(form, inputs) / min(_TIMED_ROWS, len(inputs))


def _seconds(form: Callable[[Any], Any], inputs: Sequence[Any]) -> float:
    """The least of a few rounds, by this thread's own clock: what else the machine does counts little."""
    rounds = []
    for _ in range(_TIMED_ROUNDS):
        started = thread_time()
        for row in inputs[:_TIMED_ROWS]:
            form(row)
        rounds.append(thread_time() - started)
    return min(rounds)


def _proved(
    runtime: Runtime,
    reader: RecordReader,
    program: Program,
    models: list[list[ModelAt]],
    reasons: list[str],
    sources: list[Row],
    table: pl.DataFrame,
) -> Compiled:
    """The whole, where it answers every sample as the frames do."""
    made = Compiled(runtime, reader, program, whole(runtime.predictor, models), tuple(dict.fromkeys(reasons)), 1)
    expected = runtime.predict(table)
    quickest, began = float("inf"), perf_counter()
    for row, source in enumerate(sources):
        started = perf_counter()
        if row and started - began > _PROOF_SECONDS:
            break  # every part has been tried on every sample already
        values = made.model(program.run(list(source)))
        quickest = min(quickest, perf_counter() - started)
        if not np.array_equal(values[0], expected[row], equal_nan=True):
            raise Unsuited(f"sample {row} is predicted otherwise")
    started = perf_counter()
    runtime.predict(table[:1])
    most = int(min(MOST_RECORDS, max(1.0, (perf_counter() - started) / quickest)))
    return replace(made, most_rows=most)
