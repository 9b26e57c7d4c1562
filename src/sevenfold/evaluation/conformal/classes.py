"""Sets of classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sevenfold.core.arrays import Flags, Floats, Ints
from sevenfold.core.errors import RequestError
from sevenfold.evaluation.conformal.quantiles import Quantiles

KIND = "classes"
_RULES = ("least_ambiguous", "adaptive")
_IMBALANCED = 0.8  # of an even share; sets that are right on average leave a rarer class out too often
_LEAST_OF_A_CLASS = 100
_FINE_CLASSES, _MOST_CLASSES = 4, 30  # with a table each: more of them would weigh more than they tell


def strangeness(probabilities: Floats, rule: str) -> Floats:
    """(rows, classes) how strange each class would be: 1 less its probability, or the mass of the classes up to it.

    Source: least ambiguous sets, Sadinle, Lei and Wasserman 2019; adaptive ones (without their random part, which makes
    them larger and an answer repeatable), Romano, Sesia and Candès 2020.
    """
    if rule == "least_ambiguous":
        return 1.0 - probabilities
    order = np.argsort(-probabilities, axis=1, kind="stable")
    mass = np.cumsum(np.take_along_axis(probabilities, order, axis=1), axis=1)
    strange = np.empty_like(mass)
    np.put_along_axis(strange, order, mass, axis=1)
    return strange


@dataclass(frozen=True)
class ClassSets:
    """Which classes belong to the answer.

    Args:
        rule: see `strangeness`.
        ordered: the rows were split by time: the promise rests on the future being like the past.
        by_class: whether each class has a limit of its own where nobody says otherwise: then the promise holds for the
            rows of each class, not only on average.
        whole: scores of all calibration rows.
        each: (classes,) scores of the rows of each class; empty where the classes are too many.
    """

    rule: str
    ordered: bool
    by_class: bool
    whole: Quantiles
    each: tuple[Quantiles, ...]

    @classmethod
    def of(
        cls,
        probabilities: Floats,
        codes: Ints,
        *,
        ordered: bool = False,
        rule: str = "least_ambiguous",
        by_class: bool | None = None,
    ) -> ClassSets:
        """Learn from rows that the model had not learned from.

        Args:
            probabilities: (rows, classes).
            codes: (rows,) index of the true class.
            by_class: None for where a class has less than 0.8 of an even share and every class has 100 rows.
        """
        classes = probabilities.shape[1]
        own = np.take_along_axis(strangeness(probabilities, rule), codes[:, None], axis=1)[:, 0]
        counts = np.bincount(codes, minlength=classes)
        fits = classes <= _MOST_CLASSES
        if by_class is None:
            rare = counts.min() < _IMBALANCED * len(codes) / classes
            by_class = bool(fits and rare and counts.min() >= _LEAST_OF_A_CLASS)
        coarse = classes > _FINE_CLASSES
        each = tuple(Quantiles.of(own[codes == code], coarse=coarse) for code in range(classes)) if fits else ()
        return cls(rule, ordered, by_class, Quantiles.of(own), each)

    @property
    def rows(self) -> int:
        """Calibration rows."""
        return self.whole.rows

    def members(self, probabilities: Floats, decided: Ints, coverage: float, by_class: bool | None = None) -> Flags:
        """(rows, classes) whether each class belongs to the set of each row.

        The class that is decided for always does: no set is empty, and none speaks against its own prediction. Where
        calibration rows are too few for the coverage, all classes do.

        Args:
            decided: (rows,) index of the class that was decided for.
            by_class: a limit for each class; None as was found best in training.
        Raises:
            RequestError: limits by class are asked for where there are none.
        """
        reach = self._reach(coverage, self._by_class(by_class))
        inside = strangeness(probabilities, self.rule) <= reach
        np.put_along_axis(inside, decided[:, None].astype(np.int64), True, axis=1)
        return inside

    def blocks(self, coverage: float, code: int | None = None) -> tuple[int, int]:
        """See `Quantiles.blocks`; of one class where a code is given."""
        if not self.by_class:
            return self.whole.blocks(coverage)
        chosen = self.each if code is None else (self.each[code],)
        both = [quantiles.blocks(coverage) for quantiles in chosen]
        return sum(inside for inside, _ in both), sum(outside for _, outside in both)

    def _by_class(self, asked: bool | None) -> bool:
        wanted = self.by_class if asked is None else asked
        if wanted and not self.each:
            raise RequestError(
                "This model has no sets with a limit for each class.", f"at most {_MOST_CLASSES} classes",
                "more classes", "Leave by_class out.",
            )  # fmt: skip
        return wanted

    def _reach(self, coverage: float, by_class: bool) -> Floats:
        if by_class:
            return np.array([quantiles.reach(coverage) for quantiles in self.each])
        return np.array([self.whole.reach(coverage)])

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "kind": KIND,
            "rule": self.rule,
            "ordered": self.ordered,
            "by_class": self.by_class,
            "whole": self.whole.to_json(),
            "each": [quantiles.to_json() for quantiles in self.each],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], classes: int) -> ClassSets:
        """What `to_json` wrote.

        Raises:
            ValueError, KeyError, TypeError: it is not.
        """
        each = tuple(Quantiles.from_json(entry) for entry in data["each"])
        made = cls(
            str(data["rule"]), bool(data["ordered"]), bool(data["by_class"]), Quantiles.from_json(data["whole"]), each
        )
        if made.rule not in _RULES or len(each) not in (0, classes) or (made.by_class and not each):
            raise ValueError("another rule or other classes")
        return made
