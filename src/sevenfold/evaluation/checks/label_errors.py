"""Rows whose label the model, having never seen it, confidently contradicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.report import Check, CheckSpec, Finding, NotApplicable, Severity
from sevenfold.data.checks.base import shown
from sevenfold.evaluation.checks.base import TrainedSubject

_MARGIN = 0.6
_FEWEST = 5
_LEARNED = 0.2  # of the mistakes of guessing, the model must avoid so many to be a witness
_TRUSTED = 0.75  # below it, most contradictions are chance and not error
_MOST_SHARE = 0.2


class LabelErrors(Check[TrainedSubject]):
    """Confident learning on out-of-fold probabilities, most doubtful rows first in the evidence."""

    spec: ClassVar[CheckSpec] = CheckSpec(
        "label-errors",
        "Likely label errors",
        "Rows whose label is confidently contradicted by a model that did not learn from them: look at these first.",
    )

    def run(self, subject: TrainedSubject) -> Sequence[Finding] | NotApplicable:
        """One finding with the rows."""
        judged = subject.judged
        if judged is None or not judged.target.goal.is_classification:
            return NotApplicable(self.spec.code, "there are no probabilities")
        codes = judged.target.codes
        base = float(np.bincount(codes).max() / len(codes))
        right = float((judged.decided == codes).mean())
        learned = (right - base) / (1 - base) if base < 1 else 0.0
        if learned < _LEARNED:
            return NotApplicable(self.spec.code, "the model is too little better than guessing to be a witness")
        doubt = doubtful(judged.predictions, codes)
        share = len(doubt) / len(codes)
        if len(doubt) < _FEWEST or share > _MOST_SHARE:
            return []
        known = len(subject.task.classes) == judged.target.classes
        names = subject.task.classes if known else tuple(range(judged.target.classes))
        pairs: dict[str, int] = {}
        for row in doubt:
            given, likely = int(codes[row]), int(judged.decided[row])
            title = f"{names[given]!r} looks like {names[likely]!r}"
            pairs[title] = pairs.get(title, 0) + 1
        commonest = sorted(pairs, key=lambda pair: -pairs[pair])[:3]
        return [
            Finding(
                self.spec.code,
                Severity.WARNING if learned >= _TRUSTED and share >= 0.01 else Severity.NOTE,
                f"{len(doubt):,} rows ({share:.1%}) have a label that the model confidently contradicts: "
                + "; ".join(f"{pair} {pairs[pair]:,} times" for pair in commonest)
                + ".",
                (subject.task.target,),
                shown(judged.rows[doubt]),
                why="Wrong labels teach the model mistakes and make its score look worse than it is; where the columns "
                "say too little, labels may be right all the same.",
                advice="Look at these rows, most doubtful first (evidence), and correct the labels that are wrong.",
                evidence={
                    "share": round(share, 6),
                    "most_doubtful_first": [int(row) for row in judged.rows[doubt][:1000]],
                    "pairs": pairs,
                },
            )
        ]


def doubtful(probabilities: Floats, codes: Ints) -> Ints:
    """Positions of rows that are confidently of another class, most doubtful first.

    A class is confident for a row where its probability reaches its own average among rows so labelled; of
    those rows, the ones whose likeliest class leads the label by a wide margin.

    Args:
        probabilities: (rows, classes) out of fold.
        codes: (rows,) given labels.
    Source: Northcutt, Jiang and Chuang 2021, equation 1 and ranking by normalised margin.
    """
    rows, classes = probabilities.shape
    thresholds = np.array(
        [probabilities[codes == code, code].mean() if (codes == code).any() else np.inf for code in range(classes)]
    )
    confident = probabilities >= thresholds[None, :]
    best = np.where(confident, probabilities, -1.0).argmax(axis=1)
    margin = probabilities[np.arange(rows), best] - probabilities[np.arange(rows), codes]
    chosen = np.flatnonzero(confident.any(axis=1) & (best != codes) & (margin >= _MARGIN))
    return chosen[np.argsort(-margin[chosen], kind="stable")].astype(np.int64)
