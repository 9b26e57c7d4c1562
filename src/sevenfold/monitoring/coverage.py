"""Whether sets and intervals hold the truth as often as they promise, once labels have come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.dataset import Kind
from sevenfold.core.report import Finding, Severity
from sevenfold.evaluation.conformal.coverage import LEAST_ROWS, Realised, coverage_report
from sevenfold.evaluation.conformal.quantiles import LEVEL
from sevenfold.evaluation.conformal.stored import stored

if TYPE_CHECKING:
    from sevenfold.core.arrays import Flags, Floats, Ints
    from sevenfold.monitoring.rows import LoggedRows
    from sevenfold.monitoring.store import Reference


def coverage_of(truth: Floats, logged: LoggedRows, places: Ints, reference: Reference) -> Mapping[str, Any]:
    """What `coverage_report` says of some logged rows, with every input as a segment; empty where the model's bundle
    holds nothing to make sets or intervals from, or rows are few.

    The log holds predictions; sets and intervals follow from them, whether or not anybody asked for them.

    Args:
        truth: (logged rows,) class indices or numbers.
        places: rows whose truth is known.
    """
    from sevenfold.evaluation.evaluate import slice_columns

    conformal, task, schema = stored(reference.metadata, reference.task), reference.task, reference.schema
    answers = None if conformal is None else _answers(logged, reference)
    if conformal is None or answers is None:
        return {}
    places = places[_finite(answers[places])]
    if len(places) < LEAST_ROWS:
        return {}
    decided = _decided(logged, places, reference)
    table = logged.inputs[places]
    names = [n for n in table.columns if n in schema and schema[n].kind not in (Kind.IMAGE, Kind.ID)]
    table = table.select(names)
    columns = slice_columns(schema, task, table)
    return coverage_report(conformal, answers[places], decided, truth[places], task, table, schema, columns)


def coverage_of_window(
    truth: Floats, logged: LoggedRows, places: Ints, reference: Reference
) -> Mapping[str, Any] | None:
    """Coverage of the rows of one window: value, low, high, rows, size and `p_value`, the chance of so little; None
    where it cannot be told."""
    conformal = stored(reference.metadata, reference.task)
    answers = None if conformal is None else _answers(logged, reference)
    if conformal is None or answers is None:
        return None
    places = places[_finite(answers[places])]
    if len(places) < LEAST_ROWS:
        return None
    decided = _decided(logged, places, reference)
    realised = Realised.of(conformal, answers[places], decided, truth[places], LEVEL)
    return {**realised.to_json(), "p_value": realised.shortfall()}


def alerts_about_coverage(
    found: Mapping[str, Any], windows: Sequence[Mapping[str, Any] | None], alpha: float
) -> Iterator[Finding]:
    """Coverage below the promise in all labelled rows, in a window, or of a class that has a promise of its own.

    Each look spends its share of `alpha`, and the chance of each counts the luck of the calibration rows: a model that
    keeps its promise raises this alarm with a probability of at most `alpha`.

    Args:
        found: what `coverage_of` gave.
        windows: what `coverage_of_window` gave, oldest first.
    """
    if not found:
        return
    looks = [("all labelled rows", found)]
    looks += [(f"window {number}", window) for number, window in enumerate(windows, 1) if window is not None]
    if found["by_class"]:
        looks += [(f"rows of class '{entry['label']}'", entry) for entry in found["classes"]]
    missed = [(name, entry) for name, entry in looks if entry["p_value"] < alpha / len(looks)]
    if missed:
        name, worst = min(missed, key=lambda look: float(look[1]["p_value"]))
        others = f", and in {len(missed) - 1} further of {len(looks)} looks" if len(missed) > 1 else ""
        yield Finding(
            "coverage-missed",
            Severity.WARNING,
            f"Sets or intervals that promise to hold the truth in {found['level']:.0%} of rows held it in "
            f"{worst['value']:.1%} ({worst['low']:.1%} to {worst['high']:.1%}) of {worst['rows']:,}: {name}{others}.",
            why="Whoever relies on them is wrong more often than was said; chance does not explain it.",
            advice="See which columns drifted; train again with newer rows.",
            evidence={
                "level": found["level"],
                "missed": [{"where": where, **_figures(entry)} for where, entry in missed[:20]],
            },
        )
    elif found["segments"]:
        parts = [f"{entry['column']}: {entry['label']} ({entry['value']:.0%})" for entry in found["segments"][:5]]
        yield Finding(
            "coverage-of-parts",
            Severity.NOTE,
            f"In parts of the rows sets or intervals hold the truth less often than in {found['level']:.0%}: "
            + ", ".join(parts) + ".",
            columns=tuple(dict.fromkeys(entry["column"] for entry in found["segments"])),
            why="The promise holds on average over all rows, not for each part of them.",
            advice="Ask for a larger coverage where such rows matter.",
            evidence={"segments": found["segments"]},
        )  # fmt: skip


def _figures(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: entry[name] for name in ("value", "low", "high", "rows", "p_value")}


def _answers(logged: LoggedRows, reference: Reference) -> Floats | None:
    return logged.probabilities if reference.task.goal.is_classification else logged.values()


def _decided(logged: LoggedRows, places: Ints, reference: Reference) -> Ints | None:
    if not reference.task.goal.is_classification:
        return None
    return logged.codes(reference.task.classes)[places].astype(np.int64)


def _finite(answers: Floats) -> Flags:
    return np.isfinite(answers if answers.ndim == 1 else answers.sum(axis=1))
