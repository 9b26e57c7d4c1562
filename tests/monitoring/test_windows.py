"""Stores cut into windows: by time, by rows, from counts or from rows."""

import datetime
import json
import time

import numpy as np
import polars as pl
import pytest
from tiny_parts import PARTS, contents, table

from sevenfold.api.monitor import monitor as api_monitor
from sevenfold.core.errors import RequestError
from sevenfold.deployment.bundle import load, save
from sevenfold.monitoring.log import Log, LogSettings
from sevenfold.monitoring.monitor import monitor, retrain_due
from sevenfold.monitoring.shift import tell_apart
from sevenfold.monitoring.windows import boot_of, chosen_seconds

START = datetime.datetime(2025, 3, 1, tzinfo=datetime.UTC)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    save(folder / "m.sevenfold", contents(rows=3000, members=1))
    return load(folder / "m.sevenfold", parts=PARTS)


def served(store, model, days, rows=600, replica="a", **changes):
    """Serve `rows` a day; `changes` gives the shift of a day."""
    for day in days:
        log = Log(
            store, model, LogSettings(replica=replica), clock=lambda day=day: START + datetime.timedelta(days=day)
        )
        shift = changes.get("shift", lambda day: 0.0)(day)
        log.record(f"{replica}{day}", model.answer(table(rows, seed=500 + day, shift=shift)))
        log.close()


@pytest.fixture(scope="module")
def store(model, tmp_path_factory):
    """Ten days, the last three shifted."""
    path = tmp_path_factory.mktemp("ten") / "store"
    served(path, model, range(10), shift=lambda day: 0.8 if day >= 7 else 0.0)
    return path


def test_days_are_windows_and_a_shift_shows_where_it_begins(store):
    report = monitor(store)
    assert [window.rows for window in report.windows] == [600] * 10
    age = next(column for column in report.drift if column.column == "age")
    assert age.drifted and age.flagged == (False,) * 7 + (True,) * 3
    assert [("age" in window.drifted) for window in report.windows] == [False] * 7 + [True] * 3
    assert report.windows[0].start == START.timestamp()
    assert all(window.expected for window in report.windows)


def test_what_is_new_is_not_diluted_by_what_was_before(model, tmp_path):
    served(tmp_path / "store", model, range(14), rows=400, shift=lambda day: 0.4 if day >= 12 else 0.0)
    age = next(column for column in monitor(tmp_path / "store").drift if column.column == "age")
    assert age.drifted and age.flagged == (False,) * 12 + (True, True)


def test_windows_by_rows_and_by_a_given_time(store):
    by_rows = monitor(store, window="1500")
    assert [window.rows for window in by_rows.windows] == [1500] * 4
    assert by_rows.rows == 6000
    by_time = monitor(store, window="48h")
    assert sum(window.rows for window in by_time.windows) == 6000
    with pytest.raises(RequestError, match="too short"):
        monitor(store, window="5m")
    with pytest.raises(RequestError, match="cannot be read"):
        monitor(store, window="often")


def test_several_servers_count_together_and_a_silent_one_is_told(model, tmp_path):
    path = tmp_path / "store"
    served(path, model, range(2), rows=200, replica="a")
    served(path, model, range(2), rows=300, replica="b")
    report = monitor(path, window="1d")
    assert report.rows == 1000 and [window.rows for window in report.windows] == [500, 500]
    assert "silent-replica" not in {alert.code for alert in report.alerts}


def test_a_server_that_died_is_told(model, tmp_path):
    path = tmp_path / "store"
    clock = [START]
    dying = Log(path, model, LogSettings(replica="dying", sync_seconds=0.01), clock=lambda: clock[0])
    dying.record("x", model.answer(table(50)))
    counts = path / "counts"
    for _ in range(2000):
        if list(counts.glob("*/*/dying.*.json")):
            break
        time.sleep(0.01)
    before = {file: file.read_bytes() for file in counts.glob("*/*/dying.*.json")}
    dying.close()
    for file, content in before.items():
        file.write_bytes(content)  # as if it had been killed: it never said that it ended
    log = Log(path, model, LogSettings(replica="living"), clock=lambda: START + datetime.timedelta(hours=5))
    log.record("y", model.answer(table(50)))
    log.close()
    assert "silent-replica" in {alert.code for alert in monitor(path).alerts}


def test_labels_give_performance_by_window_and_drift_of_the_target(model, tmp_path):
    path, labels = tmp_path / "store", []
    served(path, model, range(4), rows=300)
    for day in range(4):
        made = table(300, seed=500 + day).select("bought")
        if day == 3:
            made = made.with_columns(bought=pl.lit("yes"))
        labels.append(made.with_columns(request_id=pl.lit(f"a{day}"), row=pl.int_range(300)))
    report = monitor(path, pl.concat(labels))
    assert [w.measured is not None for w in report.windows] == [True] * 4
    assert report.windows[3].measured.low > report.windows[0].measured.high  # a log loss
    assert next(column for column in report.drift if column.column == "bought").drifted
    assert sum(column.column == "bought" for column in report.drift) == 1
    assert "slices" in report.performance.to_json()


def test_lengths_of_windows_suit_rows_and_the_rhythm_of_days():
    hours = [3600.0 * h for h in range(24)]
    assert chosen_seconds(hours, [600] * 24, 3600) == 3600
    assert chosen_seconds(hours, [100] * 24, 3600) == 6 * 3600
    week = [3600.0 * h for h in range(24 * 7)]
    assert chosen_seconds(week, [10_000] * len(week), 3600) == 86400
    assert chosen_seconds(week, [1] * len(week), 3600) == 30 * 86400
    assert chosen_seconds([0.0], [5], 3600) == 7 * 86400


def test_the_boot_stands_in_the_name_of_a_file():
    assert boot_of("1700000000000-77-abc123-0001.parquet") == "abc123"
    assert boot_of("other.jsonl") == ""


def test_rows_are_told_apart_by_a_relation_that_no_single_column_shows():
    stream = np.random.default_rng(0)
    schema = contents().schema
    first, second = (pl.DataFrame(stream.normal(size=(2000, 2)), schema=["age", "income"]) for _ in range(2))
    turned = second.with_columns(income=pl.col("age") * 0.9 + pl.col("income") * 0.44)
    same, found = (tell_apart(first, live, schema, ["age", "income"], "x") for live in (second, turned))
    assert not same.shifted and abs(same.auc - 0.5) < 0.05
    assert found.shifted and found.auc > 0.6
    assert {name for name, _ in found.columns} == {"age", "income"}
    assert tell_apart(first[:50], second, schema, ["age"], "x") is None


def test_clean_rows_are_seldom_told_apart():
    stream = np.random.default_rng(1)
    schema = contents().schema
    drawn = [pl.DataFrame(stream.normal(size=(400, 3)), schema=["age", "income", "x"]) for _ in range(16)]
    found = [tell_apart(a, b, schema, ["age", "income"], "") for a, b in zip(drawn[::2], drawn[1::2], strict=True)]
    assert not any(shift.shifted for shift in found)


def test_the_page_is_whole_and_shows_what_users_wrote_as_text(store, tmp_path):
    found = api_monitor(store, page=tmp_path / "page.html", alerts=[str(tmp_path / "alerts.log")])
    page = (tmp_path / "page.html").read_text()
    assert page.startswith("<!doctype html>") and page.rstrip().endswith("</html>")
    assert "<script" not in page and "http" not in page.replace("http-equiv", "")
    assert "Effect by column and window" in page and "log_loss by window" in page
    assert "drift" in found["told"] and found["untold"] == []
    assert json.loads((tmp_path / "alerts.log").read_text().splitlines()[0])["code"]
    again = api_monitor(store, alerts=[str(tmp_path / "alerts.log")])
    assert again["told"] == []
    assert json.loads(json.dumps(again)) == again


def test_training_rows_to_compare_with_are_read_as_the_model_reads_them(store, tmp_path):
    table(2000, seed=9).write_csv(tmp_path / "train.csv")
    shift = api_monitor(store, compare_with=tmp_path / "train.csv")["shift"]
    assert shift["shifted"] and shift["columns"][0]["column"] == "age"


def test_the_rule_to_train_anew_wants_a_drop():
    from sevenfold.core.report import Finding, Severity

    def due(*codes):
        return retrain_due([Finding(code, Severity.WARNING, "") for code in codes])["due"]

    assert due("performance-drop") and due("expected-drop", "drift")
    assert not due() and not due("drift", "rows-differ") and not due("expected-drop")


def test_a_sample_is_the_same_however_its_rows_are_cut_ordered_or_repeated(store, monkeypatch):
    from sevenfold.monitoring import windows
    from sevenfold.monitoring.rows import joined, read_rows
    from sevenfold.monitoring.store import Store

    monkeypatch.setattr(windows, "SAMPLED", 100)
    opened = Store.open(store)
    reference = opened.reference()
    rows = joined([part for _, part in read_rows(opened, reference)], reference)
    half, order = np.arange(rows.rows // 2), np.random.default_rng(0).permutation(rows.rows)

    def sample(*parts):
        _, kept = windows._thinned([windows._keyed(part) for part in parts], reference)
        return set(kept.keys)

    once = sample(rows)
    assert len(once) == 100
    first, second = rows.take(half), rows.take(np.arange(len(half), rows.rows))
    assert sample(second, first) == once
    assert sample(rows.take(order), first) == once
    thinned = [windows._thinned([windows._keyed(part)], reference)[1] for part in (first, second)]
    assert sample(*thinned) == once  # samples of samples: merging is associative


def test_an_alarm_lasts_as_long_as_its_cause():
    """A window that alone is odd is passed over; what was mended is no alarm any more; what is small adds up."""
    from sevenfold.monitoring.drift import drift_over_windows
    from sevenfold.monitoring.reference import Watched
    from sevenfold.monitoring.sketches import NumberBins

    watched = {"x": Watched(NumberBins((0.0, 1.0, 2.0, 3.0, 4.0)), np.array([0, 0, 5000, 5000, 5000, 5000, 0]), "x")}
    clean, odd = np.array([0, 0, 250, 250, 250, 250, 0]), np.array([0, 0, 190, 230, 250, 330, 0])
    far = np.array([0, 0, 0, 0, 0, 0, 1000])

    def drifted(*counts):
        return drift_over_windows(watched, [{"x": c} for c in counts])[0].drifted

    assert not drifted(*[clean] * 9)
    assert not drifted(*[clean] * 8, odd)
    assert drifted(*[clean] * 8, odd, odd)
    assert drifted(*[clean] * 8, far)
    assert drifted(*[clean] * 8, *[far] * 4)
    assert not drifted(*[clean] * 8, *[far] * 4, clean, clean)
    assert [c.drifted for c in drift_over_windows(watched, [{"x": c} for c in [odd // 10] * 20])] == [True]
