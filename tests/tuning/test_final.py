"""Settling on a model: size and time are kept."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from sevenfold.core.recipe import Recipe
from sevenfold.core.state import save_state
from sevenfold.training.workspace import Workspace
from sevenfold.tuning.final import choose, fit_bytes
from sevenfold.tuning.job import JobResult
from sevenfold.tuning.trial import Status, Trial


def laid_down(folder: Path, workspace: Workspace, name: str, model: str, noise: float, size: int) -> Trial:
    """A finished trial whose predictions are the truth and some noise."""
    generator = np.random.default_rng(int(name[1:]))
    trial = Trial(name, Recipe(model), "default", "portfolio", status=Status.FINISHED)
    for fold, (_, valid) in enumerate(workspace.folds):
        truth = workspace.target.values[valid]
        share = np.clip(0.5 + 0.3 * (truth - 0.5) + generator.normal(size=len(valid)) * noise, 0.01, 0.99)
        save_state(folder / name / f"fold-{fold}", {"predicted": np.stack([1 - share, share], axis=1)})
        trial.add(fold, JobResult(noise, -noise, None, 1.0, 0.0, 0.0, size, 0))
    return trial


def test_a_large_trial_that_is_no_better_gives_way(workspace: Workspace, tmp_path: Path) -> None:
    small = laid_down(tmp_path, workspace, "t001", "lightgbm", 0.2, 10)
    large = replace(small, name="t002", folds={f: replace(r, loss=0.1, bytes=1000) for f, r in small.folds.items()})
    (tmp_path / "t002").symlink_to(tmp_path / "t001")
    assert fit_bytes(large) == 1000
    assert choose([large, small], tmp_path, workspace, {}).members == (large,)
    choice = choose([large, small], tmp_path, workspace, {}, most_bytes=100)
    assert choice.members == (small,)
    assert any("left out for its size" in what for what, _ in choice.reasons)


def test_a_large_trial_that_is_better_is_kept(workspace: Workspace, tmp_path: Path) -> None:
    large = laid_down(tmp_path, workspace, "t001", "lightgbm", 0.01, 1000)
    small = laid_down(tmp_path, workspace, "t002", "logistic_l2", 1.0, 10)
    assert choose([large, small], tmp_path, workspace, {}, most_bytes=100).members == (large,)


def test_short_of_time_it_still_chooses(workspace: Workspace, tmp_path: Path) -> None:
    trials = [laid_down(tmp_path, workspace, f"t00{n}", "lightgbm", 0.1 + 0.1 * n, 10) for n in (1, 2, 3)]
    assert trials[0] in choose(trials, tmp_path, workspace, {}, seconds=0.0).members
