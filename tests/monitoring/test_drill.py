"""The fire drill notices what it puts in and raises few false alarms."""

import numpy as np
import pytest
from tiny_parts import PARTS, contents, recommendation, table

from sevenfold.api.drill import drill as api_drill
from sevenfold.core.errors import DataError, RequestError
from sevenfold.core.task import Goal
from sevenfold.deployment.bundle import load, save
from sevenfold.monitoring.drill import drill


def loaded(folder, made):
    save(folder / "m.sevenfold", made)
    return load(folder / "m.sevenfold", parts=PARTS)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return loaded(tmp_path_factory.mktemp("model"), contents(rows=3000, members=1))


def test_every_fault_is_noticed_soon_and_clean_windows_are_quiet(model):
    found = api_drill(model, table(2000, seed=60), windows=5, repeats=2)
    by_name = {fault["fault"]: fault for fault in found["faults"]}
    assert {fault["column"] for fault in found["faults"]} >= {"age", "city"}
    for name, fault in by_name.items():
        assert fault["found"] == 2, name
        assert fault["delay_windows"]["longest"] <= 5, name
    assert "age" in by_name["another unit: values times 1,000"]["named"]
    assert by_name["another unit: values times 1,000"]["delay_windows"]["longest"] == 1
    late = next(fault for name, fault in by_name.items() if "late" in name)
    assert late["delay_windows"]["median"] >= 4  # labels come three windows late
    assert found["false_alarms"] <= 0.05 * found["clean_windows"]
    assert found["different"] == [] and found["not_found"] == []


def test_rows_that_differ_from_training_are_told_and_do_not_spoil_the_drill(model):
    found = drill(model, table(1500, seed=61, shift=1.0).drop("bought"), None, clean=4, after=4, repeats=1)
    assert "age" in found.different
    assert sum(outcome.false_alarms for outcome in found.outcomes) <= 1
    assert not any("late" in outcome.name for outcome in found.outcomes)


def test_the_same_seed_gives_the_same_drill(model):
    rows = table(600, seed=62).drop("bought")
    first, second = (drill(model, rows, None, clean=2, after=2, repeats=1, window_rows=100) for _ in range(2))
    assert first == second


def test_numbers_and_recommendations_are_drilled_too(tmp_path):
    (tmp_path / "a").mkdir()
    regression = loaded(tmp_path / "a", contents(Goal.REGRESSION, rows=1000, members=1))
    rows = table(500, seed=63)
    truth = rows["age"].to_numpy() * 2
    found = drill(regression, rows.drop("bought"), truth, clean=3, after=6, repeats=1, window_rows=200)
    assert any("late" in outcome.name and outcome.found for outcome in found.outcomes)
    recommended = loaded(tmp_path, recommendation())
    events = recommendation().golden
    many = events[np.arange(200) % events.height]
    assert drill(recommended, many, None, clean=2, after=2, repeats=1, window_rows=100).outcomes


def test_a_drill_wants_rows(model):
    with pytest.raises(DataError, match="too few rows"):
        drill(model, table(20).drop("bought"), None)
    with pytest.raises(RequestError, match="too small"):
        api_drill(model, table(200), window_rows=5)
