"""Columns that name an entity (customer, patient, device) whose rows repeat: a random split then shares entities."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.core.arrays import Floats, Ints, average_ranks
from sevenfold.core.dataset import Kind, Schema
from sevenfold.core.report import Finding, Severity
from sevenfold.core.task import Target

if TYPE_CHECKING:
    import polars as pl

_NAMED = re.compile(
    r"(^|[_\W])(id|uid|key|user|customer|client|patient|subject|person|member|account|device|machine|sensor|session|"
    r"player|student|driver|household|store|signer|speaker|participant)([_\W]|$)|(?<=[a-z])(Id|ID|Key|No)$"
)
_ALIKE = 0.2
_SURE = 6.0
_SAMPLE = 200_000


def likely_entities(table: pl.DataFrame, schema: Schema, apart: frozenset[str]) -> list[str]:
    """Columns of ids, or of categories named like ids, that have between 1.5 and 1,000 rows for each value."""
    found = []
    for column in schema.of_kind(Kind.ID, Kind.CATEGORY, Kind.TEXT, Kind.NUMBER):
        if column.name in apart or (column.kind is not Kind.ID and not _NAMED.search(column.name)):
            continue
        values = table.get_column(column.name)
        if column.kind is Kind.NUMBER and not bool((values.drop_nulls() % 1 == 0).all()):
            continue
        distinct = values.drop_nulls().n_unique()
        if distinct >= 10 and 1.5 * distinct <= len(values) <= 1_000 * distinct:
            found.append(column.name)
    return found


def agreement_within(groups: Ints, target: Target) -> tuple[float, float]:
    """How alike targets are within a group beyond chance (intraclass correlation), and that in standard errors.

    Args:
        groups: (rows,) number of each row's group, from 0.
    Source: Shrout and Fleiss 1979, ICC(1).
    """
    if target.goal.is_classification:
        effects = [
            _intraclass(groups, (target.codes == code).astype(np.float64))
            for code in range(target.classes)
            if 0 < (target.codes == code).sum() < len(target)
        ]
        return max(effects, default=(0.0, 0.0))
    return _intraclass(groups, average_ranks(target.values))


def entity_findings(
    table: pl.DataFrame, schema: Schema, apart: frozenset[str], target: Target, rows: Ints
) -> list[Finding]:
    """A finding for each entity column within whose values the target agrees."""
    from sevenfold.data.split.units import number_values

    findings = []
    shown = slice(None) if len(rows) <= _SAMPLE else slice(0, _SAMPLE)
    for name in likely_entities(table, schema, apart):
        column = table.get_column(name)[rows[shown]]
        groups = number_values(column)
        effect, errors = agreement_within(groups, target.take(np.arange(len(column))))
        if effect < _ALIKE or errors < _SURE:
            continue
        counts = np.bincount(groups)
        repeated = int((counts > 1).sum())
        findings.append(
            Finding(
                "group-leakage",
                Severity.WARNING,
                f"{repeated:,} values of '{name}' have several rows ({len(column) / len(counts):.1f} on average), and "
                f"their targets agree far beyond chance (intraclass correlation {effect:.2f}).",
                (name,),
                why="A random split puts rows of one entity on both sides: the model recognises the entity, "
                "and the score does not hold for new ones.",
                advice=f"If the model will meet new values of '{name}', name it with --group {name}.",
                evidence={"intraclass_correlation": round(effect, 4), "groups": len(counts), "repeated": repeated},
            )
        )
    return findings


def _intraclass(groups: Ints, values: Floats) -> tuple[float, float]:
    counts = np.bincount(groups).astype(np.float64)
    rows, number = len(values), len(counts)
    if number < 2 or rows - number < 10:
        return 0.0, 0.0
    means = np.bincount(groups, weights=values) / counts
    within = float(((values - means[groups]) ** 2).sum()) / (rows - number)
    between = float((counts * (means - values.mean()) ** 2).sum()) / (number - 1)
    size = (rows - float((counts**2).sum()) / rows) / (number - 1)
    scale = between + (size - 1) * within
    if scale <= 0:
        return 0.0, 0.0
    effect = (between - within) / scale
    # Standard error of the correlation of pairs within groups where there is none.
    pairs = float((counts * (counts - 1)).sum()) / 2
    return float(effect), float(effect * np.sqrt(max(pairs, 1.0)) / np.sqrt(max(1.0, float(size) - 1)))
