"""What wants somebody's attention, as findings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sevenfold.core.report import Finding, Score, Severity
from sevenfold.monitoring import shares
from sevenfold.monitoring.drift import ALPHA, ColumnDrift
from sevenfold.monitoring.performance import Performance
from sevenfold.monitoring.shares import clearly_worse, told_after_training, worse_on_rows
from sevenfold.monitoring.shift import Shift
from sevenfold.monitoring.snapshots import Counts
from sevenfold.monitoring.store import Reference


def alerts_about_rows(rows: int, damaged: int, foreign: int, least_rows: int) -> Iterator[Finding]:
    """Too few rows to judge, lines that cannot be read, rows of other models."""
    if rows < least_rows:
        yield Finding(
            "few-rows",
            Severity.NOTE,
            f"{rows} rows were logged; drift is judged from {least_rows} on.",
            why="Chance alone makes small windows differ.",
            advice="Wait for more requests.",
        )
    if damaged:
        yield Finding(
            "damaged-log",
            Severity.WARNING,
            f"{damaged} lines of the log could not be read and were passed over.",
            why="A line is torn where the machine failed while it was written; many are a sign of another fault.",
            advice="Look at the disk if there are more than one for each failure.",
        )
    if foreign:
        yield Finding(
            "other-models",
            Severity.NOTE,
            f"{foreign} rows were answered by other models than the last one and are left out.",
            why="Each model is compared with its own training rows.",
            advice="Nothing, after a new version has come; what a canary or a second model answers has its own store.",
        )


_SILENT_WINDOWS = 2  # a server that has counted nothing for so long while others have
_LATELY_WINDOWS = 48  # longer ago, and it is no news


def alerts_about_counts(counts: Counts) -> Iterator[Finding]:
    """Snapshots that are damaged, and servers that fell silent without saying that they end."""
    if counts.damaged:
        yield Finding(
            "damaged-counts",
            Severity.WARNING,
            f"{len(counts.damaged)} files of counts are not what their digest says, and are left out.",
            why="Rows that they counted are missing in what is said about drift.",
            advice="Look at the disk; the server writes whole files only.",
            evidence={"files": list(counts.damaged[:20])},
        )
    newest = max(counts.windows, default=0)
    for life in counts.lives:
        behind = (newest - life.last) / counts.window_seconds
        if not life.closed and _SILENT_WINDOWS <= behind <= _LATELY_WINDOWS and life.last < newest:
            yield Finding(
                "silent-replica",
                Severity.WARNING,
                f"A server on {life.replica} has been silent for {behind:.0f} windows while others answered, "
                "and has not said that it ends.",
                why="It may have died, or it cannot write to the store.",
                advice="Look whether it runs; a server that is stopped with SIGTERM says so.",
                evidence={"replica": life.replica, "boot": life.boot, "windows": behind},
            )


def alerts_about_shift(shift: Shift | None, found: Sequence[ColumnDrift]) -> Iterator[Finding]:
    """Rows that can be told from earlier ones although no column differs by itself."""
    if shift is None or not shift.shifted:
        return
    names = tuple(name for name, _ in shift.columns)
    alone = " although no column has drifted by itself" if not any(c.drifted for c in found) else ""
    yield Finding(
        "rows-differ",
        Severity.WARNING,
        f"A model tells the newest rows from {shift.compared_with} with ROC AUC {shift.auc:.3f} "
        f"({shift.low:.3f} to {shift.high:.3f}){alone}, most by {', '.join(names)}.",
        columns=names,
        why="Columns may keep their distributions while their relations change.",
        advice="Look at these columns together; train again with newer rows if the change is real.",
        evidence=shift.to_json(),
    )


def alerts_about_expectation(
    expected: Mapping[str, Score], reference: Reference, alpha: float = ALPHA
) -> Iterator[Finding]:
    """A score that is expected to be worse than what was told after training."""
    metric, told = reference.task.metric, told_after_training(reference.metadata)
    score = expected.get(metric)
    if score is None or told is None:
        return
    from sevenfold.evaluation.metrics.catalogue import METRICS

    if clearly_worse(told, score, METRICS.get(metric).spec.greater_is_better, alpha * shares.EXPECTED):
        yield Finding(
            "expected-drop",
            Severity.WARNING,
            f"{metric} is expected to be {score.value:.4g} ({score.low:.4g} to {score.high:.4g}) on the newest rows; "
            f"after training it was {told.low:.4g} to {told.high:.4g}.",
            why="The newest rows are harder for the model, as its own predictions tell.",
            advice="Bring labels with --labels to measure it; train again with newer rows.",
            evidence={"metric": metric, "expected": score.to_json(), "told": [told.low, told.high]},
        )


def alerts_about_drift(found: Sequence[ColumnDrift]) -> Iterator[Finding]:
    """Each column that has drifted."""
    for column in found:
        if column.drifted:
            yield Finding(
                "drift",
                Severity.WARNING,
                f"'{column.column}'{_aspect(column)} differs from the training rows: {column.cell} "
                f"(effect {column.effect:.2f}).",
                columns=(column.column,),
                why="The model has not learned from rows like these; its score may not hold.",
                advice="Check where the column comes from; if the change is real, train again with newer rows.",
                evidence={**column.to_json(), "where": column.cell},
            )


def alerts_about_performance(
    measured: Performance | None, reference: Reference, alpha: float = ALPHA
) -> Iterator[Finding]:
    """A score that is worse than what was told after training, and labels that contradict each other."""
    if measured is None:
        return
    if measured.contradictory:
        yield Finding(
            "contradictory-labels",
            Severity.WARNING,
            f"{measured.contradictory} rows have labels that contradict each other and are left out.",
            advice="Send one label a row, the last one.",
        )
    metric = reference.task.metric
    told, now = told_after_training(reference.metadata), measured.metrics.get(metric)
    if told is None or now is None:
        return
    from sevenfold.evaluation.metrics.catalogue import METRICS

    if worse_on_rows(told, now, METRICS.get(metric).spec.greater_is_better, alpha * shares.PERFORMANCE):
        yield Finding(
            "performance-drop",
            Severity.ERROR,
            f"{metric} is {now.value:.4g} ({now.low:.4g} to {now.high:.4g}) on {now.rows} labelled rows; "
            f"after training it was {told.low:.4g} to {told.high:.4g}.",
            why="Both intervals allowed for, chance does not explain it.",
            advice="See which columns drifted; train again with newer rows.",
            evidence={"metric": metric, "now": now.to_json(), "told": [told.low, told.high]},
        )


def _aspect(column: ColumnDrift) -> str:
    return "" if column.aspect == "values" else f" ({column.aspect})"
