"""What wants somebody's attention, as findings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sevenfold.core.report import Finding, Severity
from sevenfold.monitoring.drift import ColumnDrift
from sevenfold.monitoring.performance import Performance
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
        )


def alerts_about_drift(found: Sequence[ColumnDrift]) -> Iterator[Finding]:
    """Each column that has drifted."""
    for column in found:
        if column.drifted:
            yield Finding(
                "drift",
                Severity.WARNING,
                f"'{column.column}' differs from the training rows: {column.cell} (effect {column.effect:.2f}).",
                columns=(column.column,),
                why="The model has not learned from rows like these; its score may not hold.",
                advice="Check where the column comes from; if the change is real, train again with newer rows.",
                evidence={**column.to_json(), "where": column.cell},
            )


def alerts_about_performance(measured: Performance | None, reference: Reference) -> Iterator[Finding]:
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

    low, high = told
    worse = now.high < low if METRICS.get(metric).spec.greater_is_better else now.low > high
    if worse:
        yield Finding(
            "performance-drop",
            Severity.ERROR,
            f"{metric} is {now.value:.4g} ({now.low:.4g} to {now.high:.4g}) on {now.rows} labelled rows; "
            f"after training it was {low:.4g} to {high:.4g}.",
            why="The intervals do not touch: chance does not explain it.",
            advice="See which columns drifted; train again with newer rows.",
            evidence={"metric": metric, "now": now.to_json(), "told": [low, high]},
        )


def told_after_training(metadata: Mapping[str, Any]) -> tuple[float, float] | None:
    """Limits of the test score that the bundle's metadata hold, `test.low` and `test.high`."""
    test = metadata.get("test")
    if isinstance(test, Mapping) and all(isinstance(test.get(end), int | float) for end in ("low", "high")):
        return float(test["low"]), float(test["high"])
    return None
