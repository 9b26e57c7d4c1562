"""Splits: which rows train, validate and test, so that validation resembles the use of the model."""

from sevenfold.data.split.base import Fold, Split
from sevenfold.data.split.plan import plan_split

__all__ = ["Fold", "Split", "plan_split"]
