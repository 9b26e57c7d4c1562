"""Realised coverage from delayed labels: overall, by window, by class, by part; the alarm and its silence."""

import numpy as np
import polars as pl
import pytest
from tiny_parts import PARTS, contents, table, with_conformal

from sevenfold.core.task import Goal
from sevenfold.deployment.bundle import load, save
from sevenfold.monitoring.coverage import alerts_about_coverage
from sevenfold.monitoring.log import Log
from sevenfold.monitoring.monitor import monitor
from sevenfold.report.monitoring import monitor_page


def loaded(folder, made):
    save(folder / "m.sevenfold", made)
    return load(folder / "m.sevenfold", parts=PARTS)


def logged(store, model, rows):
    log = Log(store, model)
    log.record("r0", model.answer(rows))
    log.close()


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return loaded(tmp_path_factory.mktemp("model"), with_conformal(contents(rows=2000, members=1)))


def numbers(rows, seed, later=1.0):
    """Rows whose last third errs `later` times as much."""
    data = table(rows, seed=seed)
    errors = np.random.default_rng(1000 + seed).normal(0, 1, rows) * np.where(np.arange(rows) < 2 * rows / 3, 1, later)
    return data.with_columns(bought=data["age"] * 2 + pl.Series(errors))


def test_a_promise_that_is_kept_is_told_and_raises_no_alarm(model, tmp_path):
    data = table(800, seed=51)
    logged(tmp_path / "store", model, data)
    report = monitor(tmp_path / "store", data)
    found = report.to_json()["performance"]["coverage"]
    realised = np.mean([t in s for t, s in zip(data["bought"], model.predict_set(data), strict=True)])
    assert found["value"] == pytest.approx(realised) and found["low"] < realised < found["high"]
    assert (found["level"], found["rows"], found["unit"]) == (0.9, 800, "classes")
    assert {entry["label"] for entry in found["classes"]} == {"no", "yes"}
    assert "coverage-missed" not in {alert.code for alert in report.alerts}
    windows = [window.coverage for window in report.windows]
    assert sum(window["rows"] for window in windows) == 800
    assert "Sets of classes that promise 90 % coverage" in monitor_page(report.to_json(), 0.1)


def test_a_promise_that_is_broken_is_an_alarm(tmp_path):
    model = loaded(tmp_path, with_conformal(contents(Goal.REGRESSION, rows=1000, members=1)))
    data = numbers(900, 1, later=2.5)
    logged(tmp_path / "store", model, data)
    report = monitor(tmp_path / "store", data)
    found = report.performance.coverage
    assert found["unit"] == "width" and found["value"] < 0.85
    (alert,) = [alert for alert in report.alerts if alert.code == "coverage-missed"]
    assert "90%" in alert.text and alert.evidence["missed"]


def test_labels_for_a_model_without_scores_tell_no_coverage(tmp_path):
    model = loaded(tmp_path, contents(members=1))
    data = table(100, seed=52)
    logged(tmp_path / "store", model, data)
    report = monitor(tmp_path / "store", data)
    assert report.performance.coverage == {}
    assert all(window.coverage is None for window in report.windows)


def test_a_part_that_is_covered_less_is_named(tmp_path):
    model = loaded(tmp_path, with_conformal(contents(Goal.REGRESSION, rows=1000, members=1)))
    data = numbers(900, 53)
    off = pl.Series(np.where((data["city"] == "Oslo").to_numpy(), 2.6, 0.0) * np.sign(np.sin(np.arange(900))))
    data = data.with_columns(bought=pl.col("bought") + off)
    logged(tmp_path / "store", model, data)
    found = monitor(tmp_path / "store", data).performance.coverage
    assert found["segments"][0]["column"] == "city" and found["segments"][0]["label"] == "Oslo"


def entry(value, p_value, rows=100):
    return {"value": value, "low": value - 0.05, "high": value + 0.05, "rows": rows, "p_value": p_value}


def test_the_alarm_allows_for_the_number_of_looks():
    found = {**entry(0.9, 0.5), "level": 0.9, "by_class": False, "classes": [], "segments": []}
    windows = [None, *[entry(0.9, 0.4)] * 8, entry(0.8, 0.002)]
    assert list(alerts_about_coverage(found, windows, 0.01)) == []
    (alert,) = alerts_about_coverage(found, [*windows[:-1], entry(0.7, 0.0005)], 0.01)
    assert "window 10" in alert.text and "70.0%" in alert.text
    by_class = {**found, "by_class": True, "classes": [{**entry(0.5, 1e-6), "label": "yes"}]}
    (alert,) = alerts_about_coverage(by_class, [], 0.01)
    assert "class 'yes'" in alert.text
    assert list(alerts_about_coverage({}, windows, 0.01)) == []
    (note,) = alerts_about_coverage(
        {**found, "segments": [{**entry(0.7, 1e-9), "column": "c", "label": "x"}]}, [], 0.01
    )
    assert note.severity == "note" and note.columns == ("c",)
