"""Rows of each class, for the checks that judge them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sevenfold.core.task import Label
from sevenfold.data.checks.base import DataSubject


def class_counts(subject: DataSubject) -> Mapping[Label, int] | None:
    """Rows of each class; None where there are no classes."""
    if subject.target is None or subject.task is None or not subject.target.goal.is_classification:
        return None
    if len(subject.target) == 0:
        return None
    counts = np.bincount(subject.target.codes, minlength=subject.target.classes)
    names = subject.task.classes or tuple(range(subject.target.classes))
    return {name: int(count) for name, count in zip(names, counts, strict=True)}
