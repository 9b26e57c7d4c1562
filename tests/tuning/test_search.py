"""The search under a budget: what it starts, what it saves when time is short, when it stops by itself."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sevenfold.core.context import Deadline, Streams
from sevenfold.core.recipe import Recipe
from sevenfold.core.task import Goal, Task
from sevenfold.models.catalogue import MODELS
from sevenfold.tuning.candidates import Candidate, _settled
from sevenfold.tuning.executors.base import Executor, Outcome
from sevenfold.tuning.job import Job, JobResult
from sevenfold.tuning.proposals import Searcher, search_space
from sevenfold.tuning.samplers.catalogue import SAMPLERS
from sevenfold.tuning.search import Search
from sevenfold.tuning.trial import Status, Trial


class Clock:
    """Seconds that pass only when work is done."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Pretended(Executor):
    """One slot; each job takes and scores what is said of its model."""

    def __init__(self, clock: Clock, seconds: dict[str, float], losses: dict[str, float]) -> None:
        self.clock, self.seconds, self.losses = clock, seconds, losses
        self.waiting: list[Job] = []

    @property
    def slots(self) -> int:
        return 1

    def open(self, workspace: Path) -> None:
        pass

    def submit(self, job: Job) -> None:
        self.waiting.append(job)

    @property
    def running(self) -> int:
        return len(self.waiting)

    def wait(self, seconds: float) -> Sequence[Outcome]:
        outcomes = []
        while self.waiting:
            job = self.waiting.pop(0)
            model = str(job.recipe["model"])
            took, loss = self.seconds.get(model, 0.01), self.losses.get(model, 0.9)
            self.clock.now += took
            outcomes.append(Outcome(job, JobResult(loss, -loss, 5, took, 0.0, 0.0, 10, 10)))
        return outcomes

    def cancel(self, trial: str) -> None:
        self.waiting = [job for job in self.waiting if job.trial != trial]

    def close(self) -> None:
        self.waiting.clear()


class Plain(Candidate):
    """A candidate without features."""

    def recipe(self, params: dict[str, Any], style: str | None = None, target: str | None = None) -> Recipe:
        return Recipe(self.name, params)

    def seconds(self, params: dict[str, Any], rows: int, classes: int, threads: int) -> float:
        return 0.01


NAMES = ("constant", "logistic_l2", "lightgbm", "naive_bayes")


def plain_candidates(names: Sequence[str] = NAMES) -> list[Plain]:
    return [Plain(MODELS.get(name).spec, {"default": None}, ("identity",), 3) for name in names]  # type: ignore[dict-item]


def searched(
    folder: Path,
    budget: float,
    seconds: dict[str, float],
    losses: dict[str, float],
    variants: bool = False,
    names: Sequence[str] = NAMES,
    **more: Any,
) -> tuple[Search, list[str]]:
    clock, said = Clock(), []
    candidates = plain_candidates(names)
    search = Search(
        candidates,
        Searcher(candidates, SAMPLERS.get("random")(), "random", Streams(0)) if variants else None,
        Pretended(clock, seconds, {"constant": 1.0, **losses}),
        folder,
        folds=5,
        rows=100,
        valid_rows=25,
        classification=True,
        classes=2,
        journal=lambda kind, data: said.append(f"{data.get('what')}: {data.get('why')}"),
        deadline=Deadline(budget, 0.0, clock),
        **more,
    )
    search.run()
    return search, said


def best(search: Search) -> Trial:
    return min((t for t in search.trials if t.status is Status.FINISHED), key=lambda t: t.loss)


def test_with_time_enough_every_fold_of_every_model_is_done(tmp_path: Path) -> None:
    search, _ = searched(tmp_path, 1000.0, {}, {"lightgbm": 0.1, "logistic_l2": 0.12, "naive_bayes": 0.14})
    assert {t.recipe.model for t in search.trials} == {"constant", "logistic_l2", "lightgbm", "naive_bayes"}
    first = next(t for t in search.trials if t.recipe.model == "lightgbm")
    assert first.status is Status.FINISHED
    assert len(first.folds) == 5


def test_a_slow_model_that_leads_is_not_lost(tmp_path: Path) -> None:
    slow = {"lightgbm": 7.0, "logistic_l2": 0.01}
    search, said = searched(tmp_path, 20.0, slow, {"lightgbm": 0.1, "logistic_l2": 0.6, "naive_bayes": 0.7})
    assert best(search).recipe.model == "lightgbm", said
    assert 1 <= len(best(search).folds) < 5


def test_one_fold_of_a_model_is_not_given_up_for_whole_trials_of_worse_ones(tmp_path: Path) -> None:
    quick = ("constant", "lightgbm", "naive_bayes")
    search, said = searched(tmp_path, 10.0, {"lightgbm": 8.0}, {"lightgbm": 0.1, "naive_bayes": 0.7}, names=quick)
    assert any(t.recipe.model == "naive_bayes" and t.status is Status.FINISHED for t in search.trials), said
    assert best(search).recipe.model == "lightgbm", said
    assert len(best(search).folds) == 1


def test_one_fold_of_a_model_that_is_no_better_is_left(tmp_path: Path) -> None:
    slow = {"lightgbm": 8.0, "logistic_l2": 0.01}
    search, said = searched(tmp_path, 10.0, slow, {"lightgbm": 0.59, "logistic_l2": 0.6, "naive_bayes": 0.7})
    assert best(search).recipe.model == "logistic_l2", said
    assert len(best(search).folds) > 1


def test_a_perfect_score_ends_the_search(tmp_path: Path) -> None:
    search, _ = searched(tmp_path, 1000.0, {}, {"lightgbm": -1.0}, best_value=1.0)
    assert "more time would buy nothing" in search.stop_reason
    assert best(search).recipe.model == "lightgbm"


def test_variants_in_vain_end_the_search(tmp_path: Path) -> None:
    search, said = searched(tmp_path, 10_000.0, {}, {"lightgbm": 0.1}, variants=True)
    assert search.deadline.left() > 5_000.0
    assert "more time would buy nothing" in search.stop_reason, said
    assert 100 < len(search.trials) < 200


def test_less_is_kept_while_there_is_nothing_to_end_with(tmp_path: Path) -> None:
    search, _ = searched(tmp_path, 10.0, {"lightgbm": 1.0}, {"lightgbm": 0.1}, kept_seconds=lambda trials: 1e9)
    assert any(t.folds and t.recipe.model != "constant" for t in search.trials)


def test_what_is_too_slow_for_the_time_left_leaves_it_to_what_is_not(tmp_path: Path) -> None:
    slow = {"lightgbm": 30.0, "logistic_l2": 1.0, "naive_bayes": 1.0}
    search, _ = searched(tmp_path, 400.0, slow, {"lightgbm": 0.1, "logistic_l2": 0.101}, variants=True)
    assert search.deadline.left() < 20.0
    assert search.trials[-1].recipe.model != "lightgbm"


def test_a_declined_proposal_is_followed_by_another() -> None:
    searcher = Searcher(plain_candidates(), SAMPLERS.get("random")(), "random", Streams(0))
    made = [searcher.propose([], [], None, declined) for declined in (0, 0, 1, 2)]
    digests = [proposal.recipe.digest for proposal in made if proposal is not None]
    assert len(digests) == 4 and digests[0] == digests[1] and len(set(digests)) == 3


def test_the_first_model_is_judged_on_fewer_folds_before_it_is_given_up(tmp_path: Path) -> None:
    slow = {"logistic_l2": 8.0, "lightgbm": 9.0, "naive_bayes": 9.0}
    search, said = searched(tmp_path, 38.0, slow, {"logistic_l2": 0.03, "lightgbm": 0.16, "naive_bayes": 0.3})
    assert best(search).recipe.model == "logistic_l2"
    assert 2 <= len(best(search).folds) <= 4
    assert any("4 of 5 folds are used" in line and "the first" in line for line in said)


def test_a_later_trial_that_fits_into_the_time_left_is_given_it(tmp_path: Path) -> None:
    search, _ = searched(tmp_path, 200.0, {"lightgbm": 2.0}, {"lightgbm": 0.1})
    trial = next(t for t in search.trials if t.recipe.model == "lightgbm")
    late = Trial("t099", trial.recipe, "default", "random")
    clock = search.deadline.clock
    clock.now = 200.0 - 12.0  # type: ignore[attr-defined]
    job = search._job(late, 0)
    assert job.stop_at - time.monotonic() > 2.0  # a fold, of which five take 10 of the 12 seconds


def test_rounds_are_not_searched_where_validation_ends_the_learning() -> None:
    def settled(name: str, metric: str) -> frozenset[str]:
        return _settled(MODELS.get(name).spec, Task(Goal.BINARY, "y", metric, (0, 1)))

    assert settled("lightgbm", "roc_auc") == {"rounds", "class_weight"}
    assert settled("lightgbm", "accuracy") == {"rounds"}
    assert settled("random_forest", "accuracy") == frozenset()
    kept = Candidate(MODELS.get("lightgbm").spec, {"default": None}, ("identity",), 3, frozenset({"rounds"}))  # type: ignore[dict-item]
    assert "rounds" not in search_space(kept) and "leaves" in search_space(kept)


def test_before_much_kept_time_is_all_that_is_left_it_is_found_out_what_it_is_needed_for(tmp_path: Path) -> None:
    looks: list[int] = []

    def kept(trials: Sequence[Trial]) -> float:
        return 2.0 if looks else 8.0

    def look(trials: Sequence[Trial]) -> None:
        looks.append(sum(trial.status is Status.FINISHED for trial in trials))

    seconds, losses = {"lightgbm": 0.2, "naive_bayes": 0.2}, {"lightgbm": 0.4, "naive_bayes": 0.5}
    once, _ = searched(tmp_path / "a", 20.0, seconds, losses, variants=True, kept_seconds=kept, reconsider=look)
    assert len(looks) == 1 and looks[0] > 1
    never, _ = searched(tmp_path / "b", 20.0, seconds, losses, variants=True, kept_seconds=lambda trials: 8.0)
    assert len(once.trials) > len(never.trials)


def test_a_model_that_was_asked_for_is_tried_however_long_it_should_take(tmp_path: Path) -> None:
    losses = {"lightgbm": 0.1, "logistic_l2": 0.3, "naive_bayes": 0.2}
    names = ["constant", "logistic_l2", "lightgbm"]
    search, said = searched(tmp_path, 20.0, {"lightgbm": 9.0}, losses, True, names, named=("lightgbm",))
    assert best(search).recipe.model == "lightgbm", said
    # All else is a yardstick: it is measured once, and no variants of it take the time of what was asked for.
    assert {t.origin for t in search.trials if t.recipe.model == "logistic_l2"} == {"yardstick"}


def test_variants_are_of_the_models_that_were_asked_for(tmp_path: Path) -> None:
    losses = {"lightgbm": 0.5, "logistic_l2": 0.1, "naive_bayes": 0.4}
    search, _ = searched(tmp_path, 60.0, {}, losses, False, named=("lightgbm", "naive_bayes"))
    started = {t.recipe.model for t in search.trials if t.origin == "portfolio"}
    assert started == {"lightgbm", "naive_bayes"}
