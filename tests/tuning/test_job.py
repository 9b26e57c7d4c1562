from pathlib import Path

import numpy as np
import pytest

from sevenfold.core.errors import LimitError
from sevenfold.core.recipe import Recipe, Step
from sevenfold.core.state import load_state
from sevenfold.training.fit import StepCache
from sevenfold.training.memory import need_of
from sevenfold.training.workspace import Workspace, out_of_fold
from sevenfold.tuning.final import load_pipeline
from sevenfold.tuning.job import Job, run_job

RECIPE = Recipe(
    "logistic_l2", {}, (Step("filled", "impute", ("a", "b")), Step("scaled", "scale", ("@filled",))), ("scaled",)
)


def test_a_job_leaves_predictions_and_a_pipeline_that_repeats_them(workspace: Workspace, tmp_path: Path) -> None:
    result = run_job(workspace, Job("t000", RECIPE.to_json(), 1, str(tmp_path)), StepCache())
    assert result.value > 0.8
    assert result.loss == -result.value
    stored = load_state(tmp_path / "fold-1")["predicted"]
    again = load_pipeline(tmp_path / "fold-1").predict(workspace.table[workspace.folds[1][1]])
    np.testing.assert_array_equal(again, stored)


def test_a_cache_changes_nothing(workspace: Workspace, tmp_path: Path) -> None:
    cache = StepCache()
    first = run_job(workspace, Job("a", RECIPE.to_json(), 0, str(tmp_path / "a")), cache)
    second = run_job(workspace, Job("b", RECIPE.to_json(), 0, str(tmp_path / "b")), cache)
    assert first.value == second.value
    a, b = (load_state(tmp_path / name / "fold-0")["predicted"] for name in "ab")
    np.testing.assert_array_equal(a, b)


def test_a_fit_on_every_row_has_no_validation(workspace: Workspace, tmp_path: Path) -> None:
    result = run_job(workspace, Job("t", RECIPE.to_json(), -1, str(tmp_path)), StepCache())
    assert np.isnan(result.loss)
    assert "predicted" not in load_state(tmp_path / "full")


def test_the_cache_keeps_its_limit(workspace: Workspace, tmp_path: Path) -> None:
    cache = StepCache(limit_bytes=1)
    run_job(workspace, Job("t", RECIPE.to_json(), 0, str(tmp_path)), cache)
    assert not cache._kept


def test_a_job_survives_its_json() -> None:
    job = Job("t", RECIPE.to_json(), 2, "x", rounds=5)
    assert Job.from_json(job.to_json()) == job


@pytest.mark.parametrize("repeat", [1, 2])
def test_out_of_fold_predictions_are_averaged_over_repeats(repeat: int) -> None:
    order = np.arange(6)
    folds = [(order[order % 2 != k], order[order % 2 == k]) for _ in range(repeat) for k in range(2)]
    parts = {number: np.full(3, float(number)) for number in range(2 * repeat)}
    joined, seen = out_of_fold(parts, folds, 7)
    assert seen.tolist() == [True] * 6 + [False]
    assert joined[0] == np.mean(range(0, 2 * repeat, 2))
    assert np.isnan(joined[6])


def test_a_job_that_would_not_fit_into_memory_learns_from_fewer_rows_or_is_skipped(
    larger_workspace: Workspace, tmp_path: Path
) -> None:
    workspace = larger_workspace
    plain = Recipe("lightgbm", {"rounds": 20}, (Step("numbers", "passthrough", ("a", "b")),), ("numbers",))
    roomy = run_job(workspace, Job("t", plain.to_json(), 0, str(tmp_path / "a")), StepCache(), 4e9)
    assert "memory_share" not in roomy.notes
    rows, valid = (len(part) for part in workspace.folds[0])
    need = need_of(plain, workspace.table, workspace.target, valid, rows)
    tight = run_job(workspace, Job("t", plain.to_json(), 0, str(tmp_path / "b")), StepCache(), need.of(rows // 2))
    assert tight.notes["memory_share"] == 0.5
    assert tight.value > 0.8
    again = run_job(workspace, Job("t", plain.to_json(), 0, str(tmp_path / "c")), StepCache(), need.of(rows // 2))
    assert again.value == tight.value
    with pytest.raises(LimitError, match="skipped"):
        run_job(workspace, Job("t", plain.to_json(), 0, str(tmp_path / "d")), StepCache(), need.fixed)
