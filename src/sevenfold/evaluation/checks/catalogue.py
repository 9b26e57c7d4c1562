"""Every check that needs a trained model."""

from __future__ import annotations

from sevenfold.core.registry import Catalogue
from sevenfold.core.report import Check
from sevenfold.evaluation.checks.base import TrainedSubject

_HERE = "sevenfold.evaluation.checks"

CHECKS: Catalogue[type[Check[TrainedSubject]]] = Catalogue(
    "Check",
    "sevenfold.model_checks",
    {
        "no-better-than-baseline": f"{_HERE}.no_better_than_baseline:NoBetterThanBaseline",
        "validation-test-gap": f"{_HERE}.validation_test_gap:ValidationTestGap",
        "overfit": f"{_HERE}.overfit:Overfit",
        "unstable-folds": f"{_HERE}.unstable_folds:UnstableFolds",
        "single-column-dominates": f"{_HERE}.single_column_dominates:SingleColumnDominates",
        "miscalibrated": f"{_HERE}.miscalibrated:Miscalibrated",
        "label-errors": f"{_HERE}.label_errors:LabelErrors",
        "flattered-by-copies": f"{_HERE}.flattered_by_copies:FlatteredByCopies",
        "slice-failure": f"{_HERE}.slice_failure:SliceFailure",
        "fairness-gap": f"{_HERE}.fairness_gap:FairnessGap",
    },
)
