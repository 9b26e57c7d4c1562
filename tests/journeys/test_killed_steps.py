"""A training killed before any of its writes, or halfway through one: told what it is, and finished by who goes on."""

from __future__ import annotations

from typing import Any

import pytest
from train_scenarios import STAGES


def check_trainings(swept: Any) -> list[int]:
    """Each stage lasts from one kill to a later one, no model is half, and every run ends with the same model."""
    before, (_, learned) = swept.before, swept.after
    assert before == ["nothing", None] and swept.after == ["finished", learned] and learned
    for death in swept.deaths:
        stage, found = death.found
        assert found in (None, learned) and (found is None) == (stage in STAGES[:3]), death
        assert death.again == swept.after, death
        assert not [name for name in death.left if name.endswith(".tmp") or "/.model" in name], death
    reached = [STAGES.index(death.found[0]) for death in swept.deaths]
    assert reached == sorted(reached)
    return reached


@pytest.mark.parametrize(
    ("models", "every"),
    [
        (["logistic_l2"], 155),
        pytest.param(["logistic_l2"], 2, marks=[pytest.mark.slow, pytest.mark.timeout(7200)]),
        pytest.param(["logistic_l2", "decision_tree"], 7, marks=[pytest.mark.slow, pytest.mark.timeout(7200)]),
    ],
)
def test_a_training_killed_at_any_write_is_told_and_finished(sweeper: Any, models: list[str], every: int) -> None:
    swept = sweeper.sweep("train_scenarios:Trained", settings={"models": models}, every=every)
    reached = check_trainings(swept)
    if swept.traced:
        assert len(reached) >= 300 // every
        assert len(set(reached)) >= (2 if every > 20 else len(STAGES))
