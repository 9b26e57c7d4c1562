"""Targets spelled in several ways, cut off at a limit, or with absurd extremes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.report import Check, CheckSpec, Finding, NotApplicable, Severity
from sevenfold.data.checks.base import DataSubject, shown
from sevenfold.data.checks.spelling import plain_spelling
from sevenfold.data.checks.tail import chance_of_gap

_CAP_SHARE = 0.01
_EXTREME = 100.0  # times the spread of the middle half


class BrokenTarget(Check[DataSubject]):
    """Faults of the target itself."""

    spec: ClassVar[CheckSpec] = CheckSpec(
        "broken-target",
        "Broken target",
        "One class, one class in several spellings, numbers cut off at a limit, absurd extremes: the model learns the "
        "fault.",
    )

    def run(self, subject: DataSubject) -> Sequence[Finding] | NotApplicable:
        """A finding for each fault."""
        if subject.task is None or subject.task.target not in subject.table.columns:
            return NotApplicable(self.spec.code, "no target column is named")
        if subject.task.goal.is_classification:
            return [*self._spellings(subject), *self._single(subject)]
        if subject.target is None or len(subject.target) < 50:
            return NotApplicable(self.spec.code, "there are too few targets to judge")
        values, rows = subject.target.values, subject.labelled_rows
        return [*self._capped(subject.task.target, values, rows), *self._extremes(subject.task.target, values, rows)]

    def _spellings(self, subject: DataSubject) -> list[Finding]:
        import polars as pl

        name = subject.task.target if subject.task else ""
        raw = subject.raw_text(subject.schema[name])
        column = subject.table[name] if raw is None else raw
        if column.dtype != pl.String:
            return []
        counts = {str(label): int(rows) for label, rows in column.drop_nulls().value_counts(name="rows").iter_rows()}
        groups: dict[str, list[str]] = {}
        for label in counts:
            groups.setdefault(plain_spelling(label), []).append(label)
        findings = []
        for spellings in groups.values():
            # A space before every label is a way of writing the file, not a second spelling.
            if len(spellings) < 2:
                continue
            spellings.sort(key=lambda label: -counts[label])
            odd = spellings[1:]
            rows = np.flatnonzero(column.is_in(odd).fill_null(False).to_numpy())
            listed = ", ".join(f"{label!r} ({counts[label]:,} rows)" for label in spellings[:6])
            apart = len({str(c) for c in subject.task.classes} & set(spellings)) > 1 if subject.task else False
            findings.append(
                Finding(
                    self.spec.code,
                    Severity.ERROR if apart else Severity.WARNING,
                    f"The target '{name}' spells what looks like one class in {len(spellings)} ways: {listed}.",
                    (name,),
                    shown(rows),
                    why="Taken for different classes, one class is split and the score measures spelling.",
                    advice="Write the class in one way.",
                    evidence={"spellings": {label: counts[label] for label in spellings}},
                )
            )
        return findings

    def _single(self, subject: DataSubject) -> list[Finding]:
        target = subject.target
        if target is None or len(target) == 0 or len(np.unique(target.codes)) > 1:
            return []
        name = subject.task.target if subject.task else ""
        return [
            Finding(
                self.spec.code,
                Severity.ERROR,
                f"The target '{name}' has one class only.",
                (name,),
                why="There is nothing to tell apart.",
                advice="Add rows of the other class, or name another target.",
            )
        ]

    def _capped(self, name: str, values: Floats, rows: Ints) -> list[Finding]:
        findings = []
        distinct, counts = np.unique(values, return_counts=True)
        if len(distinct) < 50:
            return []
        for word, at, near in (("above", -1, counts[-21:-1]), ("below", 0, counts[1:21])):
            share = counts[at] / len(values)
            if word == "below" and distinct[0] == 0:
                continue  # a natural floor
            if share >= _CAP_SHARE and counts[at] >= 10 * max(1.0, float(np.median(near))):
                chosen = rows[values == distinct[at]]
                findings.append(
                    Finding(
                        self.spec.code,
                        Severity.WARNING,
                        f"The target '{name}' seems cut off {word} at {distinct[at]:g}: {len(chosen):,} rows "
                        f"({share:.1%}) hold exactly this value.",
                        (name,),
                        shown(chosen),
                        why="The true values lie beyond the limit; the model learns that nothing does.",
                        advice="Get the true values, leave these rows out, or take predictions near the limit so.",
                        evidence={"limit": float(distinct[at]), "share": round(float(share), 6)},
                    )
                )
        return findings

    def _extremes(self, name: str, values: Floats, rows: Ints) -> list[Finding]:
        low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
        if high <= low:
            return []
        far = np.abs(values - middle) > _EXTREME * (high - low)
        count = int(far.sum())
        # Many far values are a heavy tail, a few are mistakes.
        if count == 0 or count > max(3, 0.001 * len(values)):
            return []
        kept = values[~far]
        reach = float(np.abs(kept - middle).max())
        nearest = float(np.abs(values[far] - middle).min())
        if nearest < 5 * reach or chance_of_gap(np.abs(kept - middle), nearest) > 1e-3:
            return []
        return [
            Finding(
                self.spec.code,
                Severity.WARNING,
                f"The target '{name}' has {count:,} absurd extremes, such as {values[far][0]:g}; "
                f"all others lie in {kept.min():g} to {kept.max():g}.",
                (name,),
                shown(rows[far]),
                why="A single such value can outweigh all other rows in the squared error.",
                advice="Check these rows: correct them or leave them out.",
                evidence={"count": count},
            )
        ]
