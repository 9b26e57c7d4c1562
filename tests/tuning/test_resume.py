"""A search taken up from its journal goes on as if it had never been broken off."""

from pathlib import Path

from sevenfold.core.events import Happening
from sevenfold.core.recipe import Recipe
from sevenfold.core.run import Journal
from sevenfold.tuning.job import JobResult
from sevenfold.tuning.trial import Status, Trial, fold_event, trials_from_journal


def _result(loss: float) -> JobResult:
    return JobResult(loss, -loss, None, 1.0, 0.1, 0.1, 100, 1000)


def _trial() -> Trial:
    return Trial("t000", Recipe("constant"), "default", "yardstick")


def test_folds_count_in_their_order_whichever_came_first() -> None:
    losses = [0.1, 0.2, 0.3, 0.7]
    straight, late = _trial(), _trial()
    for fold, loss in enumerate(losses):
        straight.add(fold, _result(loss))
    for fold in (3, 1, 0, 2):
        late.add(fold, _result(losses[fold]))
    assert list(late.folds) == [0, 1, 2, 3]
    assert late.loss == straight.loss


def test_a_pruned_trial_keeps_only_the_folds_it_was_judged_by(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append(Happening.TRIAL_STARTED, _trial().started_event())
    for fold in (0, 2):
        journal.append(Happening.FOLD_FINISHED, fold_event("t000", fold, _result(0.5 + fold)))
    journal.append(Happening.TRIAL_PRUNED, {"trial": "t000", "reason": "far behind", "counted": [0]})
    (trial,) = trials_from_journal(journal.events())
    assert trial.status is Status.PRUNED
    assert list(trial.folds) == [0]
    assert trial.loss == 0.5
