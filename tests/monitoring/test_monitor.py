"""From requests over HTTP to a report: log, store, drift, delayed labels."""

import base64
import datetime
import json
import shutil
import sys
import time
from pathlib import Path

import httpx
import numpy as np
import polars as pl
import pytest
from serving import running
from tiny_parts import PARTS, contents, pictures, recommendation, table, with_test_score

from sevenfold.core.errors import DataError, RequestError
from sevenfold.core.task import Goal
from sevenfold.deployment.bundle import load, save
from sevenfold.deployment.service import Service
from sevenfold.monitoring.log import Log, LogSettings
from sevenfold.monitoring.monitor import monitor
from sevenfold.monitoring.rows import read_rows
from sevenfold.monitoring.store import Store


def loaded(folder, made):
    save(folder / "m.sevenfold", made)
    return load(folder / "m.sevenfold", parts=PARTS)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return loaded(tmp_path_factory.mktemp("model"), contents(rows=3000, members=1))


def wait_until(condition):
    for _ in range(2000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it has not come about")


def logged(store, model, parts, settings=None):
    """Log some tables, one request each."""
    log = Log(store, model, settings)
    for number, rows in enumerate(parts):
        log.record(f"r{number}", model.answer(rows))
    log.close()
    return log


def test_what_is_posted_is_what_is_monitored(model, tmp_path):
    data = table(300, seed=31)
    records = json.loads(data.drop("bought").write_json())
    log = Log(tmp_path / "store", model)
    with running(Service(model, recorder=log)) as url:
        for record in records[:20]:
            assert httpx.post(url + "/predict", json=record).status_code == 200
        assert httpx.post(url + "/predict", json=records[20:]).status_code == 200
    report = monitor(tmp_path / "store", data)
    assert report.rows == 300
    assert report.performance.rows == 300
    truth = (data["bought"] == "yes").to_numpy()
    accuracy = ((model.predict(data) == "yes") == truth).mean()
    assert report.performance.metrics["accuracy"].value == pytest.approx(accuracy)
    assert log.dropped == 0


def test_the_report_has_the_promised_shape(model, tmp_path):
    logged(tmp_path / "store", model, [table(500, seed=32)])
    data = monitor(tmp_path / "store").to_json()
    assert list(data)[:4] == ["rows", "drift", "performance", "alerts"]
    assert data["rows"] == 500
    assert all({"column", "effect", "p_value", "drifted"} <= set(entry) for entry in data["drift"])
    columns = {entry["column"] for entry in data["drift"]}
    assert columns == {"age", "income", "city", "member", "since", "prediction", "probability_yes"}
    assert data["performance"] == {}
    assert data["alerts"] == []
    assert json.loads(json.dumps(data)) == data


def test_a_shift_is_found_in_its_column_and_in_the_predictions(model, tmp_path):
    logged(tmp_path / "store", model, [table(2000, seed=33, shift=0.6)])
    report = monitor(tmp_path / "store")
    drifted = {column.column for column in report.drift if column.drifted}
    assert "age" in drifted and "probability_yes" in drifted
    assert not drifted & {"income", "city", "member", "since"}
    assert {alert.code for alert in report.alerts} == {"drift"}


def test_unseen_categories_and_missing_values_are_drift(model, tmp_path):
    data = table(1000, seed=34).with_columns(
        city=pl.when(pl.int_range(1000) % 10 == 0).then(pl.lit("Atlantis")).otherwise("city"),
        member=pl.when(pl.int_range(1000) % 5 > 0).then("member"),
    )
    logged(tmp_path / "store", model, [data])
    assert {"city", "member"} <= {column.column for column in monitor(tmp_path / "store").drift if column.drifted}


def test_few_rows_are_a_note_and_no_alarm(model, tmp_path):
    logged(tmp_path / "store", model, [table(20, seed=35, shift=3.0)])
    report = monitor(tmp_path / "store")
    assert [alert.code for alert in report.alerts] == ["few-rows"]
    assert not any(column.drifted for column in report.drift)


def labels_of(data, model):
    return data["bought"].to_list(), model.predict(data).tolist()


def test_labels_by_request_id(model, tmp_path):
    data = table(60, seed=36)
    logged(tmp_path / "store", model, [data[i : i + 1] for i in range(60)])
    given = pl.DataFrame({"request_id": [f"r{i}" for i in range(40)], "bought": data["bought"][:40]})
    given = pl.concat([given, given[:3], pl.DataFrame({"request_id": ["other"], "bought": ["no"]})])
    flipped = pl.DataFrame({"request_id": ["r39"], "bought": ["no" if data["bought"][39] == "yes" else "yes"]})
    result = monitor(tmp_path / "store", pl.concat([given, flipped]).sample(fraction=1, shuffle=True, seed=1))
    performance = result.performance
    assert performance.to_json()["joined_by"] == "request_id"
    assert (performance.rows, performance.unlabelled, performance.unmatched, performance.contradictory) == (
        39,
        20,
        1,
        1,
    )
    assert "contradictory-labels" in {alert.code for alert in result.alerts}
    truth, predicted = labels_of(data[:39], model)
    expected = np.mean([a == b for a, b in zip(truth, predicted, strict=True)])
    assert performance.metrics["accuracy"].value == pytest.approx(expected)


def test_labels_by_request_id_and_row(model, tmp_path):
    data = table(50, seed=37)
    logged(tmp_path / "store", model, [data[:30], data[30:]])
    given = pl.DataFrame(
        {"request_id": ["r0"] * 30 + ["r1"] * 20, "row": [*range(30), *range(20)], "bought": data["bought"]}
    )
    truth, predicted = labels_of(data, model)
    expected = np.mean([a == b for a, b in zip(truth, predicted, strict=True)])
    for labels in (given.reverse(), given.drop("row")):
        performance = monitor(tmp_path / "store", labels).performance
        assert performance.rows == 50
        assert performance.metrics["accuracy"].value == pytest.approx(expected)


@pytest.mark.parametrize("by", ["key", "inputs", "order"])
def test_labels_by_id_by_inputs_and_by_order(model, tmp_path, by):
    data = table(80, seed=38)
    rows = data.drop("key") if by == "inputs" else data
    logged(tmp_path / "store", model, [rows[:50], rows[50:]])
    labels = {
        "key": data.select("key", "bought").reverse(),
        "inputs": data.drop("key").reverse(),
        "order": data.select("bought"),
    }[by]
    labels.write_csv(tmp_path / "labels.csv")
    performance = monitor(tmp_path / "store", tmp_path / "labels.csv").performance
    truth, predicted = labels_of(data, model)
    assert performance.joined_by == by
    assert performance.rows == 80
    expected = np.mean([a == b for a, b in zip(truth, predicted, strict=True)])
    assert performance.metrics["accuracy"].value == pytest.approx(expected)


def test_labels_that_cannot_be_joined_are_told(model, tmp_path):
    data = table(20, seed=39)
    logged(tmp_path / "store", model, [data])
    with pytest.raises(RequestError, match="which label"):
        monitor(tmp_path / "store", data.select("bought")[:10])
    with pytest.raises(DataError, match="target"):
        monitor(tmp_path / "store", data.drop("bought"))


def test_a_score_that_fell_is_an_alert(tmp_path):
    made = contents(Goal.REGRESSION, rows=400, members=1)
    model = loaded(tmp_path, with_test_score(made, 0.9, 1.1))
    data = table(300, seed=40).with_columns(bought=pl.col("age") * 2 + 30)
    logged(tmp_path / "store", model, [data])
    report = monitor(tmp_path / "store", data)
    assert report.performance.metrics["rmse"].value > 10
    assert "performance-drop" in {alert.code for alert in report.alerts}
    better = data.with_columns(bought=pl.Series(model.predict(data)))
    assert "performance-drop" not in {alert.code for alert in monitor(tmp_path / "store", better).alerts}


def test_a_recommendation_is_logged_and_monitored(tmp_path):
    made = recommendation()
    model = loaded(tmp_path, made)
    logged(tmp_path / "store", model, [made.golden, pl.DataFrame({"who": ["u1", "u2"]})])
    report = monitor(tmp_path / "store", None)
    assert report.rows == 12
    assert {"who", "what"} <= {column.column for column in report.drift}


def test_pictures_are_served_logged_as_digests_and_joined(tmp_path):
    made, data = pictures()
    model = loaded(tmp_path, made)
    log = Log(tmp_path / "store", model)
    records = [{"image": base64.b64encode(content).decode()} for content in data["image"]]
    with running(Service(model, recorder=log)) as url:
        answers = httpx.post(url + "/predict", json=records).json()
        tensor = {"name": "image", "datatype": "BYTES", "shape": [1], "data": [records[0]["image"]]}
        infer = httpx.post(url + "/v2/models/model/infer", json={"inputs": [tensor]}).json()
        assert httpx.post(url + "/predict", json={"image": "no base64!"}).status_code == 400
    assert [a["prediction"] for a in answers] == model.predict(data).tolist()
    assert infer["outputs"][0]["data"] == [answers[0]["prediction"]]
    (segment,) = Store(tmp_path / "store").segments()
    assert segment.stat().st_size < 61 * 400
    performance = monitor(tmp_path / "store", data.reverse()).performance
    assert (performance.joined_by, performance.rows, performance.unlabelled) == ("inputs", 60, 1)


def as_older_versions_left_it(store):
    """A store of lines without counts."""
    shutil.rmtree(store / "counts")
    for packed in (store / "rows").glob("*/*.parquet"):
        pl.read_parquet(packed).write_ndjson(packed.with_suffix(".jsonl"))
        packed.unlink()


def test_a_store_of_lines_is_read_as_before(model, tmp_path):
    data = table(700, seed=44, shift=0.5)
    logged(tmp_path / "store", model, [data[:400], data[400:]])
    now = monitor(tmp_path / "store", data)
    as_older_versions_left_it(tmp_path / "store")
    before = monitor(tmp_path / "store", data)
    assert before.rows == now.rows == 700
    assert before.drift == now.drift
    assert before.performance == now.performance


def test_torn_and_foreign_lines_are_passed_over_and_told(model, tmp_path):
    logged(tmp_path / "store", model, [table(150, seed=41)])
    as_older_versions_left_it(tmp_path / "store")
    (segment,) = Store(tmp_path / "store").segments()
    lines = segment.read_bytes().splitlines(keepends=True)
    other = json.loads(lines[0]) | {"model": "other"}
    strange = json.loads(lines[0]) | {"probabilities": "none"}
    spoiled = [b"[]\n", b"\xff\n", json.dumps(other).encode() + b"\n", json.dumps(strange).encode() + b"\n"]
    segment.write_bytes(b"".join([*lines[:100], *spoiled, lines[101][:50]]))
    report = monitor(tmp_path / "store")
    assert report.rows == 100
    assert {alert.code: alert.text.split()[0] for alert in report.alerts} == {"damaged-log": "4", "other-models": "1"}


def test_a_second_start_appends_a_file_of_its_own(model, tmp_path):
    for _ in range(2):
        logged(tmp_path / "store", model, [table(10, seed=42)])
    assert len(list(Store(tmp_path / "store").segments())) == 2
    assert monitor(tmp_path / "store").rows == 20


def test_sampling_redaction_and_small_segments(model, tmp_path):
    settings = LogSettings(sample=0.5, redact=frozenset({"income"}), segment_bytes=2000)
    logged(tmp_path / "store", model, [table(1, seed=i) for i in range(100)], settings)
    store = Store(tmp_path / "store")
    kept = [part for _, part in read_rows(store, store.reference())]
    assert 30 < sum(part.rows for part in kept) < 70
    assert all(path.suffix == ".parquet" for path in store.segments())
    assert all("income" not in part.inputs.columns for part in kept)
    report = monitor(tmp_path / "store")
    assert report.rows == 100  # every row is counted, kept or not
    assert "income" not in {column.column for column in report.drift}


def test_a_file_is_complete_when_it_is_large_and_lines_become_parquet(model, tmp_path):
    log = Log(tmp_path / "store", model, LogSettings(segment_bytes=200, sync_seconds=0.02))
    for number in range(3):
        log.record(f"r{number}", model.answer(table(2, seed=number)))
        wait_until(lambda: not log.waiting)
    log.close()
    store = Store(tmp_path / "store")
    assert all(path.suffix == ".parquet" for path in store.segments())
    frame = pl.concat([pl.read_parquet(path) for path in store.segments()])
    assert frame.columns == ["id", "row", "time", "model", "inputs", "prediction", "probabilities", "violations"]
    assert frame["row"].to_list() == [0, 1] * 3


def test_old_days_are_deleted(model, tmp_path):
    now = datetime.datetime(2025, 5, 1, tzinfo=datetime.UTC)
    for days in (0, 1, 5):
        clock = lambda days=days: now + datetime.timedelta(days=days)  # noqa: E731
        log = Log(tmp_path / "store", model, LogSettings(keep_days=3), clock)
        log.record("r", model.answer(table(2)))
        log.close()
    assert [p.name for p in sorted((tmp_path / "store" / "rows").iterdir())] == ["2025-05-06"]


def test_a_log_that_cannot_write_fails_no_prediction(model, tmp_path):
    log = Log(tmp_path / "store", model)
    shutil.rmtree(tmp_path / "store" / "rows")
    (tmp_path / "store" / "rows").write_text("in the way")
    log.record("r", model.answer(table(2)))
    log.close()
    log.close()
    assert log.dropped == 1
    assert monitor(tmp_path / "store").rows == 2  # counted all the same


def test_a_full_queue_drops_and_counts(model, tmp_path):
    log = Log(tmp_path / "store", model, LogSettings(waiting=3, sync_seconds=1000))
    answer = model.answer(table(1))
    for number in range(10):
        log.record(f"r{number}", answer)
    log.close()
    assert log.dropped == 7
    assert monitor(tmp_path / "store").rows == 3


def test_many_rows_at_once_are_bounded_too(model, tmp_path):
    log = Log(tmp_path / "store", model, LogSettings(waiting_rows=10, sync_seconds=1000))
    answer = model.answer(table(8))
    for number in range(5):
        log.record(f"r{number}", answer)
    log.close()
    assert log.dropped == 3
    assert monitor(tmp_path / "store").rows == 16


def test_a_folder_without_a_store_is_told(tmp_path):
    with pytest.raises(RequestError, match="not a store"):
        monitor(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{}", b'{"format":2,"model":"x"}', b'{"format":1,"model":"../../etc"}'])
def test_a_damaged_store_is_told(tmp_path, content):
    (tmp_path / "store.json").write_bytes(content)
    with pytest.raises(DataError, match="store"):
        monitor(tmp_path)


def test_the_blocking_server_writes_the_store(tmp_path):
    import os
    import signal
    import subprocess

    save(tmp_path / "m.sevenfold", contents(rows=100, members=1))
    script = (
        "import tiny_parts; from pathlib import Path; from sevenfold.monitoring.serving import serve\n"
        f"serve(Path({str(tmp_path / 'm.sevenfold')!r}), port=0, store=Path({str(tmp_path / 'store')!r}),\n"
        "      parts=tiny_parts.PARTS, on_start=lambda url: print(url, flush=True))"
    )
    parts = str(Path(__file__).parents[1] / "deployment")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([parts, *[p for p in sys.path if p]])}
    process = subprocess.Popen([sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE, text=True)
    url = process.stdout.readline().strip()
    records = json.loads(table(30, seed=43).drop("bought").write_json())
    assert httpx.post(url + "/predict", json=records).status_code == 200
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    process.stdout.close()
    assert monitor(tmp_path / "store").rows == 30
