"""A split as a value: row numbers of training, validation and test, with the reasons for them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sevenfold.core.arrays import Ints
from sevenfold.core.report import Finding
from sevenfold.core.state import State


@dataclass(frozen=True, eq=False)
class Fold:
    """One training and validation part: sorted row numbers of the typed table, disjoint."""

    train: Ints
    valid: Ints


@dataclass(frozen=True, eq=False)
class Split:
    """Which rows are for what.

    Args:
        train: sorted row numbers that folds are made of; never a test row.
        test: sorted row numbers sealed away; empty where a test file is given.
        folds: repeat after repeat; every fold lies within `train`.
        strategy: stratified, shuffled, group, time.
        reasons: why it was split so, in words a user can check.
        findings: what the chosen split leaves open.
        repeats: how often the folds were drawn anew.
        column: the time or group column, where there is one.
    """

    train: Ints
    test: Ints
    folds: tuple[Fold, ...]
    strategy: str
    reasons: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    repeats: int = 1
    column: str | None = None

    @property
    def digest(self) -> str:
        """Hexadecimal digest of every row's part; equal splits, equal digest."""
        digest = hashlib.sha256(self.strategy.encode())
        for part in (self.train, self.test, *(p for fold in self.folds for p in (fold.train, fold.valid))):
            digest.update(len(part).to_bytes(8, "little"))
            digest.update(np.ascontiguousarray(part, dtype="<i8").tobytes())
        return digest.hexdigest()

    def to_json(self) -> dict[str, Any]:
        """Counts, reasons and digest for the journal and the report; the row numbers are in `state`."""
        return {
            "strategy": self.strategy,
            "column": self.column,
            "train": len(self.train),
            "test": len(self.test),
            "folds": [{"train": len(fold.train), "valid": len(fold.valid)} for fold in self.folds],
            "repeats": self.repeats,
            "reasons": list(self.reasons),
            "findings": [finding.to_json() for finding in self.findings],
            "digest": self.digest,
        }

    def state(self) -> State:
        """Everything, as data for `core.state`."""
        return {
            "strategy": self.strategy,
            "column": self.column,
            "repeats": self.repeats,
            "reasons": list(self.reasons),
            "findings": [finding.to_json() for finding in self.findings],
            "train": self.train,
            "test": self.test,
            "folds": [{"train": fold.train, "valid": fold.valid} for fold in self.folds],
        }

    @classmethod
    def of_state(cls, state: Mapping[str, Any]) -> Split:
        """The split that `state` gave."""
        return cls(
            state["train"],
            state["test"],
            tuple(Fold(fold["train"], fold["valid"]) for fold in state["folds"]),
            state["strategy"],
            tuple(state["reasons"]),
            tuple(Finding.from_json(finding) for finding in state["findings"]),
            state["repeats"],
            state["column"],
        )


@dataclass
class Notes:
    """What is said while a split is planned."""

    reasons: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
