"""What `sevenfold.load` returns: a model that predicts rows in any form."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sevenfold.core.arrays import Flags, Floats
from sevenfold.core.context import Streams
from sevenfold.core.dataset import Kind, Schema
from sevenfold.core.errors import RequestError
from sevenfold.core.task import Goal, Task
from sevenfold.data.classes import spelled
from sevenfold.deployment.compiled.build import MOST_RECORDS, Compiled, Refusal, compile_runtime
from sevenfold.deployment.compiled.forms import chosen_by
from sevenfold.deployment.compiled.frames import records_of
from sevenfold.deployment.documents import number
from sevenfold.deployment.runtime import Answer, Reading, Runtime

if TYPE_CHECKING:
    import numpy.typing as npt
    import polars as pl

    from sevenfold.core.task import Label
    from sevenfold.data.clean import Violation
    from sevenfold.evaluation.conformal.stored import Conformal

_COMPILING = threading.Lock()
_CLASSES = (Goal.BINARY, Goal.MULTICLASS)
EXPLAINED_COLUMNS = 10  # the others move together, which keeps an explanation fast and readable


@dataclass(frozen=True)
class LoadedModel:
    """A model as it was saved. Threads may share it.

    Rows are a polars, pandas or Arrow frame, a record (dict) or a list of records. Columns may come in any order;
    columns that the model does not know are ignored; missing columns, values that cannot be read and categories that
    training has not seen count as missing values and are listed by `violations`.

    Args:
        runtime: predicts.
        schema: columns of the training data, the target among them.
        profile: profile of the training rows.
        prediction_profile: profile of predictions on rows the model had not learned from; may be empty.
        source: how the training data were read.
        metadata: run id, data fingerprint, scores.
        card: the model card, Markdown.
        example: a record such as the model was trained on.
        background: typed golden rows, ordinary cases that explanations compare with.
        digest: SHA-256 that identifies the bundle.
    """

    runtime: Runtime
    schema: Schema
    profile: Mapping[str, Any]
    prediction_profile: Mapping[str, Any]
    source: Mapping[str, Any]
    metadata: Mapping[str, Any]
    card: str
    example: Mapping[str, Any]
    background: pl.DataFrame
    digest: str
    _compiled: list[Compiled | Refusal] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def task(self) -> Task:
        """What is predicted."""
        return self.runtime.predictor.task

    @property
    def inputs(self) -> Schema:
        """The columns of a row to predict: the schema without the target."""
        return self.runtime.schema

    @property
    def classes(self) -> npt.NDArray[Any]:
        """(classes,) labels in the order of `predict_proba`'s columns; empty where the task has none."""
        return self.runtime.classes

    def answer(self, rows: Any, *, every_violation: bool = False) -> Answer:
        """Everything about some rows at once: values, decisions, violations.

        Args:
            every_violation: list all of them; otherwise the first 100 of each column and code.
        Raises:
            DataError: more than half of the columns that the model uses are missing.
        """
        if type(rows) is list and len(rows) == 1 and type(rows[0]) is dict and self._compiled:
            compiled = self._compiled[0]
            if isinstance(compiled, Compiled):
                return compiled.answer(rows)
        if self.task.goal is Goal.RECOMMENDATION:
            from sevenfold.deployment import recommend

            return recommend.answer(self.runtime, rows, every_violation=every_violation)
        records = self._as_records(rows)
        if records is not None and isinstance(self.compiled, Compiled):
            return self.compiled.answer(records)
        return self.runtime.answer(rows, every_violation=every_violation)

    @property
    def compiled(self) -> Compiled | Refusal:
        """The way of single records without data frames, or why there is none.

        Built when it is first asked for, which takes some tenths of a second; a server asks before it listens.
        """
        if not self._compiled:
            with _COMPILING:
                if not self._compiled:
                    self._compiled.append(compile_runtime(self.runtime, self.background, chosen_by(self.metadata)))
        return self._compiled[0]

    @cached_property
    def _dates(self) -> frozenset[str]:
        """Raw columns that are read as dates and as nothing else."""
        sources = self.runtime.sources
        others = {sources[column.name] for column in self.inputs if column.kind is not Kind.DATE}
        return frozenset(sources[column.name] for column in self.inputs if column.kind is Kind.DATE) - others

    def _as_records(self, rows: Any) -> Sequence[dict[str, Any]] | None:
        """The rows as records, where they are few and so plain that records say the same."""
        if type(rows) is dict:
            return (rows,)
        records = records_of(rows, MOST_RECORDS, self._dates)
        if records is None or not isinstance(self.compiled, Compiled) or len(records) > self.compiled.most_rows:
            return None
        return records

    def predict(self, rows: Any) -> npt.NDArray[Any]:
        """(rows,) labels in their own type, or numbers in the target's unit.

        For a recommendation: (rows,) scores of pairs of user and item; rows that have users only give (rows, 10) best
        items, None where there are fewer.

        Raises:
            DataError: more than half of the columns that the model uses are missing.
        """
        return self.answer(rows).labels

    def predict_proba(self, rows: Any) -> Floats:
        """(rows, classes) probabilities, in the order of `classes`.

        Raises:
            RequestError: the task has no classes.
            DataError: more than half of the columns that the model uses are missing.
        """
        if not self.task.goal.is_classification:
            raise RequestError(
                "This model has no probabilities.",
                "a model for a binary or multiclass task",
                f"a model for {self.task.goal}",
                "Use predict.",
            )
        if type(rows) is dict and isinstance(self.compiled, Compiled):
            return self.compiled.values(rows)[0]
        return self.answer(rows).values

    def predict_set(self, rows: Any, coverage: float = 0.9, *, by_class: bool | None = None) -> list[list[Label]]:
        """The classes among which the true one is, for each row, in the order of `classes`: the more the model doubts,
        the more of them. The prediction is always one. For new rows like the training rows, the true class is among
        them with a probability of at least `coverage`; what that rests on, `evaluation.conformal.stored.learn` states.

        Args:
            coverage: above 0 and below 1. Where the model has too few calibration rows for it, all classes are given.
            by_class: keep the promise for the rows of each class, which makes sets larger; by default where a class is
                rare.
        Raises:
            RequestError: the coverage is out of range, the task has no classes, or the bundle holds no scores.
            DataError: more than half of the columns that the model uses are missing.
        """
        self.check_coverage(coverage, classes=True)
        return self.sets_of(self.answer(rows), coverage, by_class=by_class)

    def predict_interval(self, rows: Any, coverage: float = 0.9) -> Floats:
        """(rows, 2) low and high end, in the target's unit. For new rows like the training rows, the true number lies
        between them with a probability of at least `coverage`; see `predict_set`.

        Args:
            coverage: above 0 and below 1. Where the model has too few calibration rows for it, ends are infinite.
        Raises:
            RequestError: the coverage is out of range, the task has no numbers, or the bundle holds no scores.
            DataError: more than half of the columns that the model uses are missing.
        """
        self.check_coverage(coverage, classes=False)
        return self.intervals_of(self.answer(rows), coverage)

    @cached_property
    def conformal(self) -> Conformal | None:
        """What sets and intervals are made from; None in bundles of older versions and of other tasks."""
        from sevenfold.evaluation.conformal.stored import stored

        return stored(self.metadata, self.task)

    def check_coverage(self, coverage: float, *, classes: bool | None = None) -> None:
        """Refuse a coverage that this model cannot give.

        Args:
            classes: whether sets of classes are wanted, or intervals; None for whichever the task has.
        Raises:
            RequestError: it is out of range, of another task, or the bundle holds no scores.
        """
        from sevenfold.evaluation.conformal.quantiles import checked

        checked(coverage)
        goal = self.task.goal
        if classes is not None and goal.is_classification != classes and goal in (*_CLASSES, Goal.REGRESSION):
            raise RequestError(
                "This model has no sets of classes." if classes else "This model has no intervals.",
                "a model for classes" if classes else "a model for numbers", f"a model for {goal}",
                "Use predict_interval." if classes else "Use predict_set.",
            )  # fmt: skip
        if self.conformal is None:
            raise RequestError(
                "This model cannot say how sure it is with a coverage.",
                "a bundle of a classification or regression that holds conformity scores",
                f"a model for {goal} without them",
                "Bundles made by older versions have none: train again.",
            )

    def sets_of(self, answer: Answer, coverage: float, *, by_class: bool | None = None) -> list[list[Label]]:
        """`predict_set` for rows that are answered already."""
        members = self.members_of(answer, coverage, by_class=by_class)
        labels = self.classes.tolist()
        return [[labels[code] for code, inside in enumerate(row) if inside] for row in members.tolist()]

    def members_of(self, answer: Answer, coverage: float, *, by_class: bool | None = None) -> Flags:
        """(rows, classes) whether each class belongs to `predict_set` of each row."""
        from sevenfold.evaluation.conformal.classes import ClassSets

        self.check_coverage(coverage, classes=True)
        assert isinstance(self.conformal, ClassSets)
        decided = self.runtime.predictor.decision.decide(answer.values)
        return self.conformal.members(answer.values, decided, coverage, by_class)

    def intervals_of(self, answer: Answer, coverage: float) -> Floats:
        """`predict_interval` for rows that are answered already."""
        from sevenfold.evaluation.conformal.numbers import Intervals

        self.check_coverage(coverage, classes=False)
        assert isinstance(self.conformal, Intervals)
        return self.conformal.limits(answer.values, coverage)

    def violations(self, rows: Any) -> tuple[Violation, ...]:
        """All that is wrong with some rows: column, row (None for all rows), code, what was received."""
        return self.runtime.read(rows, every_violation=True).violations

    def read(self, rows: Any) -> Reading:
        """Rows as the model sees them: a typed table and the violations."""
        return self.runtime.read(rows)

    def explain(self, rows: Any) -> list[dict[str, Any]]:
        """Why each row got its answer: `baseline` plus the sum of `contributions` (by column, largest first) is
        `prediction`; for a class, of the probability of `output`.

        Shapley values by sampling, see `evaluation.explain`; the golden rows are the cases to compare with.
        """
        return self.explain_reading(self.read(rows))

    def explain_reading(self, reading: Reading) -> list[dict[str, Any]]:
        """`explain` for rows that are read already."""
        from sevenfold.evaluation.explain import explain_rows

        named = sorted(self.runtime.used, key=lambda name: (-self.importance(name), self.schema.names.index(name)))
        stream = Streams(0).generator("explain")  # the same rows always get the same explanation
        found = explain_rows(self.runtime.predictor, reading.table, self.background, named[:EXPLAINED_COLUMNS], stream)
        explained = [found.to_json(row) for row in range(reading.table.height)]
        if self.task.goal.is_classification:
            names = spelled(self.task.classes)
            explained = [{**entry, "output": names[entry["output"]]} for entry in explained]
        return explained

    def importance(self, name: str) -> float:
        """How much a column counts for the model's score, 0 where that is not known."""
        importance = self.metadata.get("importance", {})
        return (number(importance.get(name)) if isinstance(importance, Mapping) else None) or 0.0
