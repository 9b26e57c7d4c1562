"""A student learns its teacher's answers, and nothing of the rows that judge it."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sevenfold.core.recipe import Recipe, Step
from sevenfold.core.state import load_state
from sevenfold.core.task import Target
from sevenfold.training.fit import StepCache
from sevenfold.training.workspace import Workspace
from sevenfold.tuning.job import Job, run_job
from sevenfold.tuning.lessons import MOST_MADE, made_rows
from sevenfold.tuning.teacher import Teacher

STEPS = (Step("filled", "impute", ("a", "b")),)
TEACHER, STUDENT = (Recipe(model, {}, STEPS, ("filled",)) for model in ("extra_trees", "logistic_l2"))
ONE = Teacher(("t1",), ("fold-0", "fold-1", "fold-2"), "average", {"weights": [1.0]}, 0.5)


def fit(
    workspace: Workspace, folder: Path, name: str, recipe: Recipe, fold: int, teacher: Teacher | None = None
) -> None:
    told = None if teacher is None else teacher.to_json()
    job = Job(name, recipe.to_json(), fold, str(folder / name), teacher=told, taught_in=str(folder))
    run_job(workspace, job, StepCache())


def predicted(folder: Path, name: str, fold: int = 0) -> np.ndarray:
    return np.asarray(load_state(folder / name / f"fold-{fold}")["predicted"])


def test_a_student_hears_nothing_of_its_validation_labels(workspace: Workspace, tmp_path: Path) -> None:
    """Neither directly nor through its teacher: with all of them turned round it learns the same."""
    valid = workspace.folds[0][1]
    turned = workspace.target.values.copy()
    turned[valid] = 1.0 - turned[valid]
    other = replace(workspace, target=Target(workspace.target.goal, turned, 2))
    for part, folder in ((workspace, tmp_path / "one"), (other, tmp_path / "other")):
        for fold in range(3):
            fit(part, folder, "t1", TEACHER, fold)
        fit(part, folder, "s1", STUDENT, 0, ONE)
        fit(part, folder, "s1", STUDENT, 1, ONE)
    np.testing.assert_array_equal(predicted(tmp_path / "one", "s1"), predicted(tmp_path / "other", "s1"))
    # Fold 1 does learn from those rows, as it should: the test would see it.
    assert (predicted(tmp_path / "one", "s1", 1) != predicted(tmp_path / "other", "s1", 1)).any()


def test_a_fold_is_taught_by_its_own_fit_alone(workspace: Workspace, tmp_path: Path) -> None:
    for fold in range(3):
        fit(workspace, tmp_path, "t1", TEACHER, fold)
    shutil.rmtree(tmp_path / "t1" / "fold-1")
    fit(workspace, tmp_path, "s1", STUDENT, 0, ONE)
    with pytest.raises(FileNotFoundError):
        fit(workspace, tmp_path, "s1", STUDENT, -1, ONE)


def test_a_student_learns_answers_and_repeats(workspace: Workspace, tmp_path: Path) -> None:
    fit(workspace, tmp_path, "t1", TEACHER, 0)
    fit(workspace, tmp_path, "plain", STUDENT, 0)
    fit(workspace, tmp_path, "s1", STUDENT, 0, ONE)
    first = predicted(tmp_path, "s1")
    fit(workspace, tmp_path, "s1", STUDENT, 0, ONE)
    np.testing.assert_array_equal(first, predicted(tmp_path, "s1"))
    assert (first != predicted(tmp_path, "plain")).any()
    np.testing.assert_allclose(first.sum(axis=1), 1.0)


def test_with_labels_alone_and_no_made_rows_it_is_the_trial(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sevenfold.tuning.lessons.MOST_MADE", 0)
    fit(workspace, tmp_path, "t1", TEACHER, 0)
    fit(workspace, tmp_path, "plain", STUDENT, 0)
    fit(workspace, tmp_path, "s1", STUDENT, 0, replace(ONE, trust=0.0))
    np.testing.assert_allclose(predicted(tmp_path, "plain"), predicted(tmp_path, "s1"), rtol=1e-6)


def test_members_are_joined_as_in_the_choice(workspace: Workspace, tmp_path: Path) -> None:
    fit(workspace, tmp_path, "t1", TEACHER, 0)
    fit(workspace, tmp_path, "t2", STUDENT, 0)
    both = Teacher(("t1", "t2"), ("fold-0",), "average", {"weights": np.array([0.25, 0.75])}, 1.0)
    read = Teacher.from_json(both.to_json())
    valid = workspace.table[workspace.folds[0][1]]
    told = read.answers(read.faculty(tmp_path, 0), valid)
    expected = 0.25 * predicted(tmp_path, "t1") + 0.75 * predicted(tmp_path, "t2")
    np.testing.assert_allclose(told, expected, atol=1e-12)


def test_rows_are_made_where_true_ones_are_few() -> None:
    assert made_rows(10) == 0
    assert made_rows(1000) == 1000
    assert made_rows(10**6) == MOST_MADE
