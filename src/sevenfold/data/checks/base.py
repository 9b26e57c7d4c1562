"""What data checks look at, and the audit that runs them all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

from sevenfold.core.arrays import Ints
from sevenfold.core.context import Streams
from sevenfold.core.dataset import Column, Kind, Schema
from sevenfold.core.report import Check, Finding, NotApplicable, Severity
from sevenfold.core.task import Target, Task
from sevenfold.data.split.base import Split
from sevenfold.data.split.order import date_columns, date_findings

if TYPE_CHECKING:
    import polars as pl

SAMPLE_ROWS = 50_000
_SHOWN_ROWS = 1_000
_DISTINCT_SHARE = 0.8
_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}


class Violation(Protocol):
    """A value that did not fit its column when the table was typed."""

    @property
    def column(self) -> str:
        """The column's name."""

    @property
    def row(self) -> int | None:
        """Row number, or None where a whole column is meant."""

    @property
    def code(self) -> str:
        """What was wrong: "unreadable", "wrong-type", ..."""

    @property
    def received(self) -> Any:
        """The value as it stood."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Some rows of the table, in their order.

    Args:
        table: those rows.
        rows: (sampled,) their row numbers.
        note: says in words that it is a sample; empty where it is the whole table.
    """

    table: pl.DataFrame
    rows: Ints
    note: str


@dataclass(frozen=True, eq=False)
class DataSubject:
    """The data of a run, or of an audit without one.

    Args:
        table: typed table.
        schema: its columns.
        task: resolved task; checks that need a target do not apply without one.
        target: encoded target of `rows`.
        rows: (labelled,) row numbers that have a target; all rows where None.
        test_table: typed table of the given test file.
        profile: profile of the table, where there is one.
        raw: the table before typing; columns of text hold what the file held.
        source: how it was read.
        violations: values that could not be read; of many in one column, the first ones.
        counts: how many violations there are in all, by column, then by code.
        streams: random streams, for samples.
        split: how the rows are split, where that is decided; what it settles is no finding.
    """

    table: pl.DataFrame
    schema: Schema
    task: Task | None = None
    target: Target | None = None
    rows: Ints | None = None
    test_table: pl.DataFrame | None = None
    profile: Any = None
    raw: pl.DataFrame | None = None
    source: Mapping[str, Any] = field(default_factory=dict)
    violations: Sequence[Violation] = ()
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    streams: Streams = field(default_factory=lambda: Streams(0))
    split: Split | None = None

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Columns that a model may see unless the schema sets them aside: all but target, weight, id, group, drops."""
        apart = self.task.apart if self.task else frozenset()
        return tuple(c for c in self.schema if c.name not in apart and c.name in self.table.columns)

    @cached_property
    def inputs(self) -> tuple[Column, ...]:
        """Columns that a model will see."""
        return tuple(column for column in self.columns if column.used)

    @cached_property
    def labelled_rows(self) -> Ints:
        """(labelled,) row numbers that have a target."""
        return np.arange(self.table.height, dtype=np.int64) if self.rows is None else self.rows

    def raw_text(self, column: Column) -> pl.Series | None:
        """What the file held for a column, row for row; None where that is not at hand or was no text."""
        import polars as pl

        name = str(column.parse.get("from", column.name))
        if self.raw is None or name not in self.raw.columns or self.raw.height != self.table.height:
            return None
        values = self.raw.get_column(name)
        return values if values.dtype == pl.String else None

    @cached_property
    def time_column(self) -> str | None:
        """The column by which the split is ordered."""
        if self.task is not None and self.task.time is not None:
            return self.task.time
        return self.split.column if self.split is not None and self.split.strategy == "time" else None

    @cached_property
    def distinct_rows(self) -> Ints:
        """Row numbers less later copies of the same inputs, ids left aside; all rows where inputs are coarse."""
        everything = np.arange(self.table.height, dtype=np.int64)
        names = [column.name for column in self.inputs if column.kind is not Kind.ID]
        if not names:
            return everything
        first = np.flatnonzero(self.input_hashes.is_first_distinct().to_numpy()).astype(np.int64)
        return first if len(first) >= _DISTINCT_SHARE * self.table.height else everything

    @cached_property
    def input_hashes(self) -> pl.Series:
        """(rows,) a number that is equal for rows with equal inputs, ids left aside."""
        return self.table.select([c.name for c in self.inputs if c.kind is not Kind.ID]).hash_rows(seed=7)

    @cached_property
    def date_findings(self) -> list[Finding]:
        """What date columns say about the order of the rows; empty without a target."""
        if self.task is None or self.target is None:
            return []
        names = date_columns(self.table, self.schema, self.task.apart)
        return date_findings(self.table, names, self.target, self.labelled_rows)

    @cached_property
    def sample(self) -> Sample:
        """At most 50,000 rows, with or without a target."""
        return self._draw(np.arange(self.table.height, dtype=np.int64))

    @cached_property
    def learned(self) -> tuple[Sample, Target] | None:
        """At most 50,000 rows that have a target, and their target; None without a target."""
        if self.target is None or self.task is None or len(self.target) == 0:
            return None
        if len(self.labelled_rows) != len(self.target):
            return None
        sample = self._draw(self.labelled_rows)
        return sample, self.target.take(np.searchsorted(self.labelled_rows, sample.rows))

    def _draw(self, rows: Ints) -> Sample:
        if len(rows) <= SAMPLE_ROWS:
            table = self.table if len(rows) == self.table.height else self.table[rows]
            return Sample(table, rows, "")
        generator = self.streams.generator("audit", "sample")
        chosen = np.sort(generator.choice(rows, SAMPLE_ROWS, replace=False))
        return Sample(self.table[chosen], chosen, f" (looked at {SAMPLE_ROWS:,} of {len(rows):,} rows)")


@dataclass(frozen=True)
class AuditResult:
    """What the checks found.

    Args:
        findings: worst first.
        not_applicable: checks that did not apply, with the reason.
        failures: checks that broke; a fault of ours, never silent.
    """

    findings: tuple[Finding, ...]
    not_applicable: tuple[NotApplicable, ...] = ()
    failures: tuple[NotApplicable, ...] = ()

    def of(self, code: str) -> tuple[Finding, ...]:
        """Findings of one check."""
        return tuple(finding for finding in self.findings if finding.code == code)

    def to_json(self) -> dict[str, Any]:
        """Plain data for `findings.json`."""
        return {
            "findings": [finding.to_json() for finding in self.findings],
            "not_applicable": [{"code": item.code, "reason": item.reason} for item in self.not_applicable],
            "failures": [{"code": item.code, "reason": item.reason} for item in self.failures],
        }


_Subject = TypeVar("_Subject")


def run_checks(
    checks: Iterable[tuple[str, type[Check[_Subject]]]], subject: _Subject, slow: bool = True
) -> AuditResult:
    """Run checks on one subject. A check that breaks is listed and does not end the others."""
    findings: list[Finding] = []
    not_applicable: list[NotApplicable] = []
    failures: list[NotApplicable] = []
    for code, check in checks:
        if check.spec.slow and not slow:
            not_applicable.append(NotApplicable(code, "slow checks were left out"))
            continue
        try:
            result = check().run(subject)
        except Exception as error:
            failures.append(NotApplicable(code, f"{type(error).__name__}: {error}"))
            continue
        if isinstance(result, NotApplicable):
            not_applicable.append(result)
        else:
            findings.extend(result)
    findings.sort(key=lambda finding: _ORDER[finding.severity])
    return AuditResult(tuple(findings), tuple(not_applicable), tuple(failures))


def audit(subject: DataSubject, slow: bool = True) -> AuditResult:
    """Every data check on one subject.

    Args:
        slow: also those that take more than about a second on 100,000 rows.
    """
    from sevenfold.data.checks.catalogue import CHECKS

    return run_checks(CHECKS, subject, slow)


def shown(rows: Ints | Sequence[int]) -> tuple[int, ...]:
    """Row numbers for a finding: ascending, the first 1,000."""
    return tuple(int(row) for row in np.sort(np.asarray(rows, dtype=np.int64))[:_SHOWN_ROWS])


def listed(names: Sequence[str], most: int = 6) -> str:
    """Names in quotes for a sentence."""
    quoted = [f"'{name}'" for name in names[:most]]
    return ", ".join(quoted) + (f" and {len(names) - most} more" if len(names) > most else "")


def counted(number: int, thing: str) -> str:
    """ "1 row", "2,000 rows", "3 classes"."""
    plural = thing + ("es" if thing.endswith("s") else "s")
    return f"{number:,} {thing if number == 1 else plural}"
