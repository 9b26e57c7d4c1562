"""Checks that need a trained model, one file a check: `check` runs them all."""

from sevenfold.evaluation.checks.base import TrainedSubject, check

__all__ = ["TrainedSubject", "check"]
