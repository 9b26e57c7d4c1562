"""What the search compares: predictions as the metric will see them."""

import numpy as np
import pytest

from sevenfold.core.arrays import Floats
from sevenfold.core.task import Goal, Target, Task
from sevenfold.tuning.objective import as_calibrated, score_predictions


def made(rows: int, distort: float) -> tuple[Task, Target, Floats]:
    """Four classes drawn from known probabilities, and those probabilities bent."""
    generator = np.random.default_rng(5)
    logits = generator.normal(size=(rows, 4)) * 1.5
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    codes = np.array([generator.choice(4, p=share) for share in shares])
    bent = np.exp(logits * distort)
    task = Task(Goal.MULTICLASS, "y", "log_loss", tuple("abcd"))
    return task, Target(Goal.MULTICLASS, codes.astype(float), 4), bent / bent.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("metric", ["log_loss", "brier"])
def test_a_cautious_model_is_compared_as_it_will_be_calibrated(metric: str) -> None:
    task, target, cautious = made(2000, 0.4)
    task = Task(task.goal, "y", metric, task.classes)
    right = made(2000, 1.0)[2]
    worse = right + 0.05
    worse /= worse.sum(axis=1, keepdims=True)
    assert score_predictions(task, target, cautious)[1] > score_predictions(task, target, worse)[1]
    shown = [score_predictions(task, target, as_calibrated(task, target, each))[1] for each in (cautious, worse, right)]
    assert shown[0] < shown[1]
    assert shown[0] == pytest.approx(shown[2], abs=2e-3)


def test_metrics_that_do_not_mind_see_what_was_predicted() -> None:
    task, target, shown = made(400, 0.4)
    assert as_calibrated(Task(task.goal, "y", "accuracy", task.classes), target, shown) is shown


def test_few_rows_are_left_as_they_are() -> None:
    task, target, shown = made(99, 0.4)
    assert as_calibrated(task, target, shown) is shown
