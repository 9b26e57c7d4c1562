"""A model as its fits left it in the run's folder: it is judged without being in memory as a whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sevenfold.core.arrays import Floats
from sevenfold.core.pipeline import Pipeline
from sevenfold.core.predictor import Calibrator, Combiner, Decision, Member, Predictor
from sevenfold.core.task import Task
from sevenfold.training.code_pages import give_back_code
from sevenfold.tuning.final import load_pipeline

if TYPE_CHECKING:
    import polars as pl

HELD_BYTES = 40 * 10**6
"""Of files, whose pipelines stay in memory between questions: reading small ones again takes longer than asking them.
A larger one takes a small part of the time of its answers to read."""

ALL = 1 << 62
"""Of `held_bytes`: what is asked is needed as a whole afterwards."""


@dataclass(frozen=True)
class StoredMember:
    """One trial in the whole: where its pipelines lie.

    Args:
        trial: the trial's name in the journal.
        folders: of its pipelines, at least one.
    """

    trial: str
    folders: tuple[Path, ...]


@dataclass
class StoredPredictor:
    """Answers bit for bit as the `Predictor` that `load` gives, and holds no more than a few of its pipelines: small
    ones that together take `held_bytes`, and one of the others for as long as it is asked."""

    task: Task
    members: tuple[StoredMember, ...]
    combiner: Combiner
    calibrator: Calibrator | None = None
    decision: Decision = field(default_factory=Decision)
    held_bytes: int = HELD_BYTES
    _held: dict[Path, Pipeline] = field(default_factory=dict, repr=False)

    def predict(self, table: pl.DataFrame) -> Floats:
        """(rows,) values, or (rows, classes) calibrated probabilities."""
        answers: list[Floats] = []
        for member in self.members:
            answers.append(self._mean(member, table))
            give_back_code()  # of the library that was asked: the next member has another
        combined = self.combiner.combine(answers)
        return combined if self.calibrator is None else self.calibrator.apply(combined)

    def load(self) -> Predictor:
        """All of it."""
        members = [
            Member(member.trial, tuple(self._held.get(folder) or load_pipeline(folder) for folder in member.folders))
            for member in self.members
        ]
        return Predictor(self.task, tuple(members), self.combiner, self.calibrator, self.decision)

    def let_go(self) -> None:
        """Forget what is held between questions."""
        self._held.clear()

    def _mean(self, member: StoredMember, table: pl.DataFrame) -> Floats:
        """As `Member.predict`, in the same order."""
        first, *others = member.folders
        total = self._answers(first, table)
        if not others:
            return total
        total = total.copy()
        for folder in others:
            total += self._answers(folder, table)
        return total / len(member.folders)

    def _answers(self, folder: Path, table: pl.DataFrame) -> Floats:
        held = self._held.get(folder)
        if held is not None:
            return held.predict(table)
        pipeline = load_pipeline(folder)
        if folder in self._small:
            self._held[folder] = pipeline
        return pipeline.predict(table)

    @cached_property
    def _small(self) -> frozenset[Path]:
        """The smallest, as many as `held_bytes` allow."""
        folders = {folder for member in self.members for folder in member.folders}
        left, small = self.held_bytes, set()
        for size, folder in sorted((_bytes(folder), folder) for folder in folders):
            left -= size
            if left < 0:
                break
            small.add(folder)
        return frozenset(small)


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())
