"""A search starts with what leaves time for others, and tries several kinds of models before variants of one."""

from collections.abc import Sequence

import pytest

from sevenfold.core.recipe import Recipe
from sevenfold.models.catalogue import MODELS
from sevenfold.tuning.agenda import Agenda, Standing
from sevenfold.tuning.candidates import Candidate
from sevenfold.tuning.job import JobResult
from sevenfold.tuning.pace import Pace
from sevenfold.tuning.proposals import Proposal, Searcher
from sevenfold.tuning.trial import Status, Trial

ROWS = 10_000


def candidate(model: str) -> Candidate:
    return Candidate(MODELS.get(model).spec, {}, ("identity",), 16)


def agenda(models: Sequence[str], classes: int, searcher: Searcher | None = None, named: Sequence[str] = ()) -> Agenda:
    candidates = [candidate(model) for model in models]
    queue = [Proposal(c, Recipe(c.name), "", "portfolio") for c in candidates]
    return Agenda(queue, searcher, Pace(candidates, ROWS, classes, 1), named)


def standing(work_left: float, trials: Sequence[Trial] = ()) -> Standing:
    return Standing(trials, None, None, 5, work_left, None)


ORDER = ("lightgbm", "catboost", "extra_trees", "logistic_l2")


def first_of(classes: int, work_left: float, models: Sequence[str] = ORDER) -> str:
    found = agenda(models, classes).next(standing(work_left))
    assert found is not None
    return found.candidate.name


def test_with_many_classes_a_search_starts_with_what_takes_no_more_than_half_of_the_time() -> None:
    assert first_of(26, 100.0) == "extra_trees"
    assert first_of(26, 10_000.0) == "lightgbm"


def test_where_nothing_good_is_short_enough_the_order_stays() -> None:
    assert first_of(26, 100.0, ("lightgbm", "catboost", "logistic_l2")) == "lightgbm"


@pytest.mark.parametrize("classes", [0, 2])
def test_with_numbers_or_two_classes_an_estimate_does_not_change_the_order(classes: int) -> None:
    assert first_of(classes, 2.0) == "lightgbm"


def test_what_was_asked_for_is_started_whatever_it_should_take() -> None:
    assert agenda(["mlp"], 2).next(standing(3.0)) is None
    started = agenda(["mlp"], 2, named=["mlp"]).next(standing(3.0))
    assert started is not None
    assert started.candidate.name == "mlp"


def ended(name: str, model: str, loss: float, status: Status) -> Trial:
    made = Trial(name, Recipe(model), "", "portfolio", status=status)
    for fold in range(5):
        made.add(fold, JobResult(loss, -loss, None, 0.1, 0.0, 0.0, 0, 0))
    return made


class NoVariants(Searcher):
    """Has nothing to propose, and says so by being asked."""

    def __init__(self) -> None:
        self.asked = 0

    def propose(self, *_: object) -> None:
        self.asked += 1


def test_models_that_were_given_up_do_not_count_as_kinds_that_were_tried() -> None:
    strong = ("lightgbm", "catboost", "extra_trees", "random_forest")

    def next_is_a_start(statuses: Sequence[Status]) -> bool:
        searcher = NoVariants()
        made = agenda(("svm_rbf",), 26, searcher)
        trials = [ended(f"t{i}", m, 0.1 + 0.01 * i, s) for i, (m, s) in enumerate(zip(strong, statuses, strict=True))]
        # Far more is promised a second by a variant of what leads than by a model that takes this long.
        found = made.next(standing(40.0, trials))
        assert (found is None) == (searcher.asked > 0)
        return found is not None

    assert not next_is_a_start([Status.FINISHED] * 4)
    assert next_is_a_start([Status.FINISHED] * 3 + [Status.PRUNED])
