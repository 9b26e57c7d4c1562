"""A search taken up from its journal goes on as if it had never been broken off."""

from pathlib import Path

from sevenfold.core.events import Happening
from sevenfold.core.recipe import Recipe
from sevenfold.core.run import Journal
from sevenfold.tuning.job import JobResult
from sevenfold.tuning.trial import STUDENT, Status, Trial, fold_event, trials_from_journal


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


def test_students_are_no_trials_of_the_search(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    taught = Trial("s1", Recipe("ridge"), "default", STUDENT, teacher={"trials": ["t000"]})
    for trial in (_trial(), taught):
        journal.append(Happening.TRIAL_STARTED, trial.started_event())
        journal.append(Happening.FOLD_FINISHED, fold_event(trial.name, 0, _result(0.5)))
        trial.add(0, _result(0.5))
        trial.status = Status.FINISHED
        journal.append(*trial.ended_event())
    assert [t.name for t in trials_from_journal(journal.events())] == ["t000"]
    started = [e.data for e in journal.events() if e.kind == Happening.TRIAL_STARTED]
    assert "teacher" not in started[0]
    assert started[1]["teacher"] == {"trials": ["t000"]}
