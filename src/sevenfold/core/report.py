"""Scores with intervals, and findings: one kind for data checks, model checks and monitoring."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Generic, TypeVar


@dataclass(frozen=True)
class Score:
    """A metric's value with its 95 % interval.

    Args:
        value: point estimate.
        low, high: limits of the interval, low <= high.
        rows: rows it was measured on.
    """

    value: float
    low: float
    high: float
    rows: int = 0

    def to_json(self) -> dict[str, Any]:
        """value, low, high and rows."""
        return asdict(self)


class Severity(StrEnum):
    """How much a finding matters."""

    NOTE = "note"  # worth knowing
    WARNING = "warning"  # likely to cost quality or trust
    ERROR = "error"  # the score or the model cannot be trusted until this is settled


@dataclass(frozen=True)
class Finding:
    """The result of one check at one place.

    Args:
        code: the check's code.
        severity: how much it matters.
        text: what was found, with the figures.
        columns: columns concerned.
        rows: row numbers concerned, from 0, header not counted; the first 1,000 at most.
        why: why it matters.
        advice: what to do.
        evidence: further figures as plain data.
    """

    code: str
    severity: Severity
    text: str
    columns: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()
    why: str = ""
    advice: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain data for `--json`, the journal and the report."""
        return {
            "code": self.code,
            "severity": str(self.severity),
            "columns": list(self.columns),
            "rows": list(self.rows),
            "text": self.text,
            "why": self.why,
            "advice": self.advice,
            "evidence": dict(self.evidence),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Finding:
        """The finding that `to_json` wrote."""
        return cls(
            data["code"],
            Severity(data["severity"]),
            data["text"],
            tuple(data.get("columns", ())),
            tuple(data.get("rows", ())),
            data.get("why", ""),
            data.get("advice", ""),
            dict(data.get("evidence", {})),
        )


@dataclass(frozen=True)
class NotApplicable:
    """A check that does not apply, with its reason: a result, too."""

    code: str
    reason: str


@dataclass(frozen=True)
class CheckSpec:
    """What a check states about itself.

    Args:
        code: stable, in kebab case, unique among all checks ("duplicate-rows").
        title: a few words.
        summary: what it looks for and why that matters.
        slow: runs in more than about a second on 100,000 rows.
    """

    code: str
    title: str
    summary: str
    slow: bool = False


Subject = TypeVar("Subject", contravariant=True)


class Check(ABC, Generic[Subject]):
    """Looks at one subject (data, a trained run, a monitored window) for one kind of trouble."""

    spec: ClassVar[CheckSpec]

    @abstractmethod
    def run(self, subject: Subject) -> Sequence[Finding] | NotApplicable:
        """Findings, an empty sequence where all is well, or NotApplicable."""
