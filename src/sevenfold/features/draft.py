"""A plan in the making: the columns sorted by what can be done with them, and the steps so far."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sevenfold.core.dataset import Column, Kind, Schema
from sevenfold.core.model import ModelSpec
from sevenfold.core.recipe import Step
from sevenfold.core.task import Task

# An id or category whose values hardly ever come back teaches nothing about new rows.
_KEY_SHARE = 0.5
_KEY_LEVELS = 100


class ColumnFacts(Protocol):
    """What is read of a column's profile."""

    @property
    def distinct(self) -> int | None:
        """How many distinct values it has."""


class Facts(Protocol):
    """What is read of a profile (`data.profile.Profile` is one)."""

    @property
    def columns(self) -> Mapping[str, Any]:
        """`ColumnFacts` by column name."""


@dataclass(frozen=True)
class Decision:
    """What is done with a column, and why.

    Args:
        column: its name.
        choice: the features it goes through, or "left out".
        reason: in words that a user can check.
        declined: True where the model does not see the column.
    """

    column: str
    choice: str
    reason: str
    declined: bool = False

    def to_json(self) -> dict[str, Any]:
        """Plain data for the journal."""
        return {"column": self.column, "choice": self.choice, "reason": self.reason, "declined": self.declined}


@dataclass
class Draft:
    """What routes write into.

    Args:
        task: what is predicted.
        spec: the model that is planned for.
        style: variant of the plan.
        rows: training rows.
        numbers, flags, categories, dates, texts, images: usable columns.
        distinct: number of distinct values of each category column.
    """

    task: Task
    spec: ModelSpec
    style: str
    rows: int
    numbers: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    categories: list[str] = field(default_factory=list)
    dates: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    distinct: dict[str, int] = field(default_factory=dict)
    columns: dict[str, Column] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)

    @classmethod
    def of(cls, schema: Schema, profile: Facts | None, task: Task, spec: ModelSpec, rows: int, style: str) -> Draft:
        """The usable columns by kind; those that are not are declined with a reason."""
        draft = cls(task, spec, style, rows)
        apart = task.apart
        for column in schema:
            draft.columns[column.name] = column
            draft._sort(column, profile, apart)
        return draft

    def _sort(self, column: Column, profile: Facts | None, apart: frozenset[str]) -> None:
        name = column.name
        if name in apart:
            self.decline(name, _why_apart(name, self.task))
        elif not column.used:
            self.decline(name, column.reason or "The schema marks it as not used.")
        elif column.kind is Kind.SEQUENCE:
            self.decline(name, "No feature takes sequences yet.")
        elif column.kind is Kind.TEXT or self.task.roles.get("text") == name:
            self.texts.append(name)
        elif column.kind in (Kind.CATEGORY, Kind.ID):
            self._sort_category(column, profile)
        else:
            kinds = {Kind.NUMBER: self.numbers, Kind.FLAG: self.flags, Kind.DATE: self.dates, Kind.IMAGE: self.images}
            kinds[column.kind].append(name)

    def _sort_category(self, column: Column, profile: Facts | None) -> None:
        count = profile.columns[column.name].distinct if profile and column.name in profile.columns else None
        levels = len(column.levels) if count is None else int(count)
        self.distinct[column.name] = levels
        keyed = levels > max(_KEY_LEVELS, _KEY_SHARE * self.rows)
        keyed = keyed and column.name not in self.task.roles.values()
        if keyed and column.kind is Kind.ID:
            self.decline(column.name, f"An id with {levels:,} values in {self.rows:,} rows: they hardly come back.")
        elif keyed and max(_share(r"\w\s+\w", column.levels), _share(r"\d", column.levels)) < 0.3:
            self.decline(column.name, f"{levels:,} values in {self.rows:,} rows hardly come back, and are no words.")
        elif keyed:
            # What its words and figures say may still help, as they do in free text.
            self.texts.append(column.name)
        else:
            self.categories.append(column.name)

    def step(
        self, name: str, feature: str, inputs: Sequence[str], params: Mapping[str, Any] | None = None, give: bool = True
    ) -> str:
        """Add a step; with `give`, the model is given its output. Returns the reference to it."""
        self.steps.append(Step(name, feature, tuple(inputs), dict(params or {})))
        if give:
            self.outputs.append(name)
        return f"@{name}"

    def decide(self, columns: Sequence[str], choice: str, reason: str) -> None:
        """Note the same choice for several columns."""
        self.decisions.extend(Decision(column, choice, reason) for column in columns)

    def decline(self, column: str, reason: str) -> None:
        """Note that a column is left out."""
        self.decisions.append(Decision(column, "left out", reason, declined=True))

    def with_levels(self, low: int = 0, high: int | None = None) -> list[str]:
        """Category columns with more than `low` and at most `high` levels."""
        return [c for c in self.categories if low < self.distinct[c] and (high is None or self.distinct[c] <= high)]

    def figured(self) -> list[str]:
        """Category columns most of whose many levels hold figures ("190Nm@ 2000rpm")."""
        return [
            name
            for name in self.with_levels(20)
            if _share(r"\d", levels := self.columns[name].levels) > 0.5 and _share(r"[^\d\s.,-]", levels) > 0.5
        ]

    def worded(self) -> list[str]:
        """Category columns most of whose many levels are several words ("Maruti Swift Dzire")."""
        return [name for name in self.with_levels(50) if _share(r"\w\s+\w", self.columns[name].levels) > 0.5]


def _share(pattern: str, levels: Sequence[str]) -> float:
    if not levels:
        return 0.0
    head = levels[:500]
    return sum(bool(re.search(pattern, level)) for level in head) / len(head)


def _why_apart(name: str, task: Task) -> str:
    named = {
        task.target: "the target",
        task.weight: "the sample weight",
        task.id: "the row key",
        task.group: "the group",
    }
    return f"It is {named.get(name, 'a column the user dropped')}."
