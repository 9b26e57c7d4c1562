"""A fire drill before a model goes live: good rows are replayed, faults are put in, and the alarms are timed.

Windows are drawn from the given rows and compared with all of them, so that the first ones are clean for certain: an
alarm in them is a false one. Then the fault sets in, and what counts is in which window the first alarm is raised, by
the same rules as `monitor` has. Whether the given rows themselves differ from the training rows is told beside.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.context import Streams
from sevenfold.core.errors import DataError
from sevenfold.core.metric import Needs
from sevenfold.deployment.model import LoadedModel
from sevenfold.deployment.people import to_plain
from sevenfold.monitoring.alerts import alerts_about_counts
from sevenfold.monitoring.counting import sketch_rows
from sevenfold.monitoring.drift import ALPHA, LEAST_EFFECT, LEAST_ROWS, drift_over_windows
from sevenfold.monitoring.injections import Injection, usual
from sevenfold.monitoring.reference import Watchlist, watchlist
from sevenfold.monitoring.sketches import Sketch, Snapshot, Snapshots
from sevenfold.monitoring.snapshots import Counts, Life
from sevenfold.monitoring.store import Reference, reference_of

if TYPE_CHECKING:
    import polars as pl

_LEAST_ROWS = 100
_REPLICAS = 4
_LATE_WINDOWS = 3


@dataclass(frozen=True)
class Outcome:
    """What came of one fault.

    Args:
        name, column: the fault.
        delays: (repeats,) windows from the fault's onset to the first alarm, 1 for the first window; None where there
            was no alarm.
        false_alarms: clean windows in which an alarm was raised, over all repeats.
        clean_windows: clean windows, over all repeats.
        named: columns that the first alarms named, the most frequent first.
    """

    name: str
    column: str
    delays: tuple[int | None, ...]
    false_alarms: int
    clean_windows: int
    named: tuple[str, ...] = ()

    @property
    def found(self) -> int:
        """Repeats in which the alarm was raised."""
        return sum(delay is not None for delay in self.delays)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        known = [delay for delay in self.delays if delay is not None]
        return {
            "fault": self.name,
            "column": self.column,
            "repeats": len(self.delays),
            "found": self.found,
            "delay_windows": {"median": float(np.median(known)), "longest": max(known)} if known else None,
            "false_alarms": self.false_alarms,
            "clean_windows": self.clean_windows,
            "named": list(self.named),
        }


@dataclass(frozen=True)
class Drilled:
    """What a drill found.

    Args:
        outcomes: one a fault.
        different: columns in which the given rows themselves differ from the training rows.
    """

    outcomes: tuple[Outcome, ...]
    different: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """All outcomes as plain data, with the share of clean windows that raised an alarm."""
        windows = sum(outcome.clean_windows for outcome in self.outcomes)
        false = sum(outcome.false_alarms for outcome in self.outcomes)
        return {
            "faults": [outcome.to_json() for outcome in self.outcomes],
            "false_alarms": false,
            "clean_windows": windows,
            "false_alarm_rate": false / windows if windows else 0.0,
            "stated_rate": ALPHA,
            "not_found": [outcome.name for outcome in self.outcomes if outcome.found < len(outcome.delays)],
            "different": list(self.different),
        }


def drill(
    model: LoadedModel,
    table: pl.DataFrame,
    truth: Floats | None,
    *,
    window_rows: int = 500,
    clean: int = 10,
    after: int = 10,
    repeats: int = 5,
    seed: int = 0,
) -> Drilled:
    """Rehearse every fault that suits the model.

    Args:
        model: the one that is to go live.
        table: typed rows that it was not trained on.
        truth: (rows,) encoded target, NaN where unknown; None without labels.
        window_rows: rows of one window.
        clean, after: windows before and from the fault's onset.
        repeats: how often each fault is rehearsed.
        seed: of the draws.
    Raises:
        DataError: fewer than 100 rows.
    """
    if table.height < _LEAST_ROWS:
        raise DataError("There are too few rows for a drill.", f"{_LEAST_ROWS} or more", str(table.height))
    reference = reference_of(model)
    watched = watchlist(reference)
    inputs = [n for n, w in watched.columns.items() if w.column == n and n in model.inputs]
    ranked = sorted(inputs, key=lambda name: -model.importance(name))
    labelled = truth is not None and int((~np.isnan(truth)).sum()) >= _LEAST_ROWS and _form(model) is not None
    whole = _counted(model, reference, watched, table)
    different = drift_over_windows(watched.columns, [whole.counts])
    stage = _Stage(model, reference, _rebased(watched, whole), table, truth, window_rows, clean, after)
    streams = Streams(seed)
    outcomes: list[Outcome] = []
    for place, fault in enumerate(usual(model.schema, ranked, _LATE_WINDOWS, labelled)):
        played = [stage.play(fault, streams.generator("drill", place, repeat)) for repeat in range(repeats)]
        named = [name for _, _, names in played for name in names]
        counts = {name: named.count(name) for name in dict.fromkeys(named)}
        outcomes.append(
            Outcome(
                fault.name, fault.column, tuple(delay for delay, _, _ in played), sum(f for _, f, _ in played),
                clean * repeats, tuple(sorted(counts, key=lambda n: -counts[n])[:3]),
            )
        )  # fmt: skip
    return Drilled(tuple(outcomes), tuple(column.column for column in different if column.drifted))


def _counted(model: LoadedModel, reference: Reference, watched: Watchlist, table: pl.DataFrame) -> Sketch:
    """Counts of all given rows with their predictions."""
    answer = model.answer(table)
    labels = None if answer.labels.ndim == 2 else to_plain(answer)
    return sketch_rows(watched, reference.task, answer.reading.table, labels, answer.probabilities)


def _rebased(watched: Watchlist, whole: Sketch) -> Watchlist:
    """The watchlist with the given rows in the training rows' place, as if there were as many of them."""
    columns = {
        name: replace(entry, counts=whole.counts[name] * max(1, round(entry.counts.sum() / max(1, whole.rows))))
        for name, entry in watched.columns.items()
        if name in whole.counts
    }
    return replace(watched, columns=columns)


class _Stage:
    """Rows to replay, and the rules by which alarms are raised."""

    def __init__(
        self,
        model: LoadedModel,
        reference: Reference,
        watched: Watchlist,
        table: pl.DataFrame,
        truth: Floats | None,
        window_rows: int,
        clean: int,
        after: int,
    ) -> None:
        self._model, self._reference, self._watched = model, reference, watched
        self._table, self._truth = table, truth
        self._size, self._clean, self._after = window_rows, clean, after

    def play(self, fault: Injection, stream: np.random.Generator) -> tuple[int | None, int, list[str]]:
        """Delay in windows, false alarms before, and the columns that the first alarm named."""
        alarms = [self._alarms(fault, stream)] if not fault.dead else [self._silence()]
        flags = alarms[0]
        false = sum(bool(names) for names in flags[: self._clean])
        for place, names in enumerate(flags[self._clean :], 1):
            if names:
                return place, false, sorted(names)
        return None, false, []

    def _alarms(self, fault: Injection, stream: np.random.Generator) -> list[set[str]]:
        if fault.flipped:
            return self._performance(fault, stream)
        changed = self._table if fault.change is None else fault.change(self._table, stream)
        before, after = self._cut(self._table, self._clean, stream), self._cut(changed, self._after, stream)
        windows = [*before, *after]
        raised: list[set[str]] = []
        for end in range(1, len(windows) + 1):
            found = drift_over_windows(
                self._watched.columns, [w.counts for w in windows[:end]],
                alpha=ALPHA, least_effect=LEAST_EFFECT, least_rows=LEAST_ROWS,
            )  # fmt: skip
            raised.append({column.column for column in found if column.drifted})
        return raised

    def _cut(self, table: pl.DataFrame, count: int, stream: np.random.Generator) -> list[Sketch]:
        """Windows of rows drawn from a table, predicted and counted as a server does it."""
        answer = self._model.answer(table)
        ranked = answer.labels.ndim == 2
        plain = to_plain(answer)
        made: list[Sketch] = []
        for _ in range(count):
            rows: Ints = stream.integers(0, table.height, self._size)
            values = None if ranked or answer.probabilities is None else answer.probabilities[rows]
            labels = None if ranked else [plain[row] for row in rows]
            made.append(sketch_rows(self._watched, self._reference.task, answer.reading.table[rows], labels, values))
        return made

    def _performance(self, fault: Injection, stream: np.random.Generator) -> list[set[str]]:
        """Windows at whose end the score of the labels that have come is below that of all given rows."""
        from sevenfold.evaluation.intervals import interval
        from sevenfold.evaluation.metrics.catalogue import metric_for

        form, truth = _form(self._model), self._truth
        assert form is not None and truth is not None, "asked for only where there are labels"
        known = np.flatnonzero(~np.isnan(truth))
        predicted = form(self._table[known])
        metric = metric_for(self._reference.task, None)
        whole = interval(metric, truth[known], predicted, stream, draws=200)
        raised: list[set[str]] = []
        for window in range(self._clean + self._after):
            come = window - fault.late_windows  # the newest window whose labels are there
            rows = stream.integers(0, len(known), self._size)
            labels = truth[known][rows]
            if come >= self._clean:
                hit = stream.random(len(rows)) < fault.flipped
                labels = np.where(hit, stream.permutation(labels), labels)
            if come < 0:
                raised.append(set())
                continue
            score = interval(metric, labels, predicted[rows], stream, draws=100)
            worse = score.high < whole.low if metric.spec.greater_is_better else score.low > whole.high
            raised.append({self._reference.task.target} if worse else set())
        return raised

    def _silence(self) -> list[set[str]]:
        """One of the servers counts until the onset and then no more."""
        raised: list[set[str]] = []
        for last in range(self._clean + self._after):
            lives = [
                Life(f"server {number}", "1", 0, last if number else min(last, self._clean - 1), False)
                for number in range(_REPLICAS)
            ]
            seen = {window: Snapshots({("r", "1"): Snapshot(1, Sketch(1))}) for window in range(last + 1)}
            raised.append({f.code for f in alerts_about_counts(Counts(seen, 1, tuple(lives)))})
        return raised


def _form(model: LoadedModel) -> Any:
    """What the task's metric looks at, as a function of typed rows; None where that is a ranking."""
    from sevenfold.evaluation.metrics.catalogue import metric_for

    needs = metric_for(model.task, None).spec.needs
    runtime = model.runtime
    if needs is Needs.PROBABILITIES or (needs is Needs.VALUES and not model.task.classes):
        return runtime.predict
    if needs is Needs.LABELS:
        return lambda rows: runtime.predictor.decision.decide(runtime.predict(rows)).astype(np.float64)
    return None
