"""The next start is the one that promises most for its seconds."""

import pytest

from sevenfold.core.recipe import Recipe
from sevenfold.core.task import Goal, Task
from sevenfold.models.catalogue import MODELS
from sevenfold.tuning.candidates import Candidate
from sevenfold.tuning.gain import a_second, gap_of, promise, variant_promise
from sevenfold.tuning.job import JobResult
from sevenfold.tuning.proposals import Proposal
from sevenfold.tuning.trial import Status, Trial

TASK = Task(Goal.BINARY, "y", "roc_auc", (0, 1))


def proposal(model: str, level: int = 0) -> Proposal:
    return Proposal(Candidate(MODELS.get(model).spec, {}, ("identity",), 3), Recipe(model), "", "portfolio", level)


def trial(name: str, model: str, loss: float) -> Trial:
    made = Trial(name, Recipe(model), "default", "portfolio", status=Status.FINISHED)
    made.add(0, JobResult(loss, -loss, None, 1.0, 0.0, 0.0, 0, 0))
    return made


CONSTANT = trial("t000", "constant", 1.0)


def test_further_starts_promise_less() -> None:
    assert promise(proposal("catboost", 1), [], None) < promise(proposal("catboost"), [], None)


def test_a_model_that_did_badly_promises_less() -> None:
    told = [CONSTANT, trial("t001", "lightgbm", 0.0), trial("t002", "catboost", 0.5)]
    assert gap_of("catboost", told, CONSTANT) == pytest.approx(0.5)
    assert gap_of("xgboost", told, CONSTANT) is None
    assert promise(proposal("catboost", 1), told, CONSTANT) < 0.05 * promise(proposal("catboost", 1), [], None)


def test_one_linear_model_speaks_for_the_others() -> None:
    told = [CONSTANT, trial("t001", "lightgbm", 0.0), trial("t002", "logistic_l2", 0.5)]
    assert promise(proposal("logistic_l1"), told, CONSTANT) < 0.05 * promise(proposal("logistic_l1"), [], None)


def test_seconds_count_only_where_they_are_a_part_of_the_time_left() -> None:
    assert a_second(1.0, 0.1, 100.0) == a_second(1.0, 1.0, 100.0)
    assert a_second(1.0, 10.0, 100.0) > a_second(1.0, 20.0, 100.0)


def test_variants_wear_out() -> None:
    assert variant_promise(50) < variant_promise(0)
