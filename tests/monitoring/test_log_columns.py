"""What a log keeps of records is what the frames' way reads, though it reads many requests at once."""

import datetime
import json
import threading
import time

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from tiny_parts import PARTS, contents

from sevenfold.core.task import Goal
from sevenfold.deployment.answering import Answering
from sevenfold.deployment.bundle import load, save
from sevenfold.deployment.hosting import Host, Hosted
from sevenfold.deployment.recorder import Recorder
from sevenfold.deployment.request import Limits
from sevenfold.monitoring import log as logging
from sevenfold.monitoring.columns import ColumnReader
from sevenfold.monitoring.entries import Entries
from sevenfold.monitoring.log import Log, LogSettings
from sevenfold.monitoring.pages import Pages
from sevenfold.monitoring.rows import joined, read_rows
from sevenfold.monitoring.store import Store, reference_of

NOW = datetime.datetime(2024, 5, 6, 12, 30, tzinfo=datetime.UTC)
RECORD = {"age": 31.5, "income": 20000.0, "city": "Rome", "member": True, "since": "2024-03-01 10:00:00"}
STRANGE = (
    None, 1, 0, -7, 2**53, 2**63, 2**1023, 10**400, 1.5, -0.0, float("nan"), float("inf"), 1e308, True, False, "", " ",
    "Rome", " Rome ", "rome", "Atlantis", "12", "1.5", "1,5", "yes", "no", "NA", "null", "2024-03-01", "01.03.2024",
    "2024-03-01 10:00:00", "\u00e9", "x" * 300, [], [1, 2.5], ["a"], {"a": 1}, np.float64(2.5), np.int64(3),
    np.bool_(True), datetime.datetime(2024, 1, 2, 3), datetime.date(2024, 1, 2), b"bytes",
)  # fmt: skip
VALUES = st.sampled_from(STRANGE)
MAY_LACK = dict.fromkeys(("city", "member", "since", "key", "hat", "bought"), VALUES)
RECORDS = st.lists(st.fixed_dictionaries({"age": VALUES, "income": VALUES}, optional=MAY_LACK), min_size=1, max_size=12)


def loaded(made, tmp_path_factory):
    path = tmp_path_factory.mktemp("served") / "m.sevenfold"
    save(path, made)
    return load(path, parts=PARTS)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return loaded(contents(rows=80, members=1), tmp_path_factory)


@pytest.fixture(scope="module")
def number_model(tmp_path_factory):
    return loaded(contents(Goal.REGRESSION, rows=80, members=1), tmp_path_factory)


def typed_table(runtime, records, without=()):
    reader = ColumnReader(runtime, without)
    return reader.table([reader.keep(record) for record in records])


def one_by_one(model, records):
    """Each record by itself through the frames."""
    runtime = model.runtime
    from sevenfold.data.clean import conform
    from sevenfold.deployment.rows import raw_groups

    tables = []
    for record in records:
        [(frame, _)] = raw_groups([record], runtime.schema)
        tables.append(conform(frame.drop(model.task.target, strict=False), runtime.schema).table)
    return pl.concat(tables)


@given(RECORDS)
@settings(max_examples=25, deadline=None)
def test_records_together_are_read_as_each_alone_through_a_frame(model, records):
    expected = one_by_one(model, records)
    assert_frame_equal(typed_table(model.runtime, records), expected)
    assert_frame_equal(typed_table(model.runtime, records, {"age", "city"}), expected.drop("age", "city"))


def test_each_strange_value_is_read_alike_in_every_column(model):
    for column in RECORD:
        records = [{**RECORD, column: value} for value in STRANGE] + [RECORD] * 40
        assert_frame_equal(typed_table(model.runtime, records), one_by_one(model, records))


class _Frames(Recorder):
    """Hands answers on as if they had been read through frames."""

    def __init__(self, log):
        self.log = log

    def record(self, request, answer):
        assert answer.reading.table.height == answer.reading.rows
        self.log.record(request, answer)

    @property
    def dropped(self):
        return self.log.dropped

    def close(self):
        self.log.close()


def kept(path, model, requests, settings, *, frames=False, packed=None, monkeypatch=None):
    """Rows and counts of a store that some requests were logged in, answered as a server answers."""
    if packed is not None:
        monkeypatch.setattr(logging, "_PACKED_ROWS", packed)
    log = Log(path, model, settings, clock=lambda: NOW)
    recorder = _Frames(log) if frames else log
    hosted = Hosted(model, "model", "1", recorder)
    answering = Answering(Host(hosted), Limits())
    for number, records in enumerate(requests):
        answering.at_once(hosted, records, len(records), f"r{number}")
    answering.workers.close()
    recorder.close()
    assert recorder.dropped == 0
    reference = reference_of(model)
    rows = joined([part for _, part in read_rows(Store.open(path), reference)], reference)
    counts = [json.loads(file.read_bytes()) for file in sorted((path / "counts").glob("*/*/*.json"))]
    return rows, [{key: value for key, value in count.items() if key not in VARYING} for count in counts]


VARYING = ("boot", "time", "updated", "digest", "sequence")  # from start to start


def requests_of(strange):
    """Requests of one record, and of a few."""
    made = [[{**RECORD, column: value}] for column in RECORD for value in strange]
    return [*made, *([made[0][0], made[5][0], {**RECORD, "hat": 1}] for _ in range(3)), [RECORD] * 3]


JSON_VALUES = [v for v in STRANGE if v is None or (type(v) in (int, float, str, bool) and v == v)]


@pytest.mark.parametrize("which", ["model", "number_model"])
@pytest.mark.parametrize("packed", [1, 10**9])
def test_the_log_of_records_equals_the_log_of_frames(which, packed, request, tmp_path, monkeypatch):
    model = request.getfixturevalue(which)
    values = [v for v in JSON_VALUES if which == "model" or type(v) is not float or abs(v) < 1e100]  # its sum overflows
    requests, settings = requests_of(values), LogSettings(replica="a")
    rows, counts = kept(tmp_path / "r", model, requests, settings, packed=packed, monkeypatch=monkeypatch)
    expected, expected_counts = kept(tmp_path / "f", model, requests, settings, frames=True)
    assert rows.keys == expected.keys
    assert_frame_equal(rows.inputs, expected.inputs)
    assert rows.predictions == expected.predictions
    np.testing.assert_array_equal(rows.times, expected.times)
    if rows.probabilities is not None:
        np.testing.assert_array_equal(rows.probabilities, expected.probabilities)
    assert counts == expected_counts


def test_what_is_redacted_is_neither_written_nor_counted_and_a_sample_is_drawn_by_request(model, tmp_path):
    requests = requests_of(JSON_VALUES)
    settings = LogSettings(replica="a", redact=frozenset({"city"}), sample=0.5)
    rows, counts = kept(tmp_path / "r", model, requests, settings)
    expected, expected_counts = kept(tmp_path / "f", model, requests, settings, frames=True)
    assert 0 < rows.rows < sum(map(len, requests))
    assert rows.keys == expected.keys and counts == expected_counts
    assert "city" not in rows.inputs.columns
    assert b"Atlantis" not in b"".join(f.read_bytes() for f in (tmp_path / "r" / "rows").rglob("*") if f.is_file())


def test_many_rows_of_one_pause_are_a_parquet_file_at_once_and_few_are_lines(model, tmp_path, monkeypatch):
    monkeypatch.setattr(logging, "_PACKED_ROWS", 50)
    log = Log(tmp_path / "s", model, LogSettings(sync_seconds=0.05), clock=lambda: NOW)
    folder = tmp_path / "s" / "rows" / "2024-05-06"

    def logged(count, ending):
        for number in range(count):
            log.record(f"{ending}{number}", model.answer([RECORD]))
        for _ in range(3000):
            found = list(folder.glob(f"*{ending}"))
            if found:
                return found
            time.sleep(0.01)
        raise AssertionError(ending)

    logged(3, ".jsonl")
    answer = model.answer([RECORD] * 60)
    log.record("many", answer)
    for _ in range(3000):
        if list(folder.glob("*.parquet")):
            break
        time.sleep(0.01)
    assert len(list(folder.glob("*.parquet"))) == 1
    log.close()
    reference = reference_of(model)
    rows = joined([part for _, part in read_rows(Store.open(tmp_path / "s"), reference)], reference)
    assert rows.rows == 63 and rows.damaged == 0
    assert not list(folder.glob("*.jsonl")) and not list(folder.glob("*.tmp"))


def filled(pages, entries, model, requests):
    """Answers put into pages as requests r0, r1, ..., one a second."""
    answers = []
    for number, records in enumerate(requests):
        answer = model.answer(list(records))
        answer.reading.records = list(records)
        rows = entries.put(pages.open(), f"r{number}", float(number), answer)
        assert rows == len(records)
        pages.put += 1
        pages.put_rows += rows
        answers.append(answer)
    return answers


USUAL, UNSEEN = {**RECORD, "age": 44}, {**RECORD, "city": "Atlantis"}


def test_of_a_usual_record_its_values_are_kept_side_by_side_in_the_order_of_the_requests(model):
    entries = Entries(model, frozenset(), 1.0, {})
    pages = Pages(10, entries.width)
    answers = filled(pages, entries, model, [(RECORD,), (UNSEEN,), (RECORD, USUAL), (USUAL,)])
    [part] = pages.take()
    assert [place for place, _ in part.odd] == [1, 2] and part.rows == 5
    batch = entries.batch(part)
    assert list(batch.requests) == ["r0", "r1", "r2", "r3"] and batch.times.tolist() == [0, 1, 2, 3]
    assert batch.heights.tolist() == [1, 1, 2, 1] and batch.violations.tolist() == [0, 1, 0, 0, 0]
    assert batch.table["age"].to_list() == [31.5, 31.5, 31.5, 44.0, 44.0]
    assert batch.predictions == [label for answer in answers for label in answer.labels.tolist()]
    np.testing.assert_array_equal(batch.values, np.concatenate([answer.values for answer in answers]))
    some = part.at(np.array([1, 3]))
    assert some.requests == ["r1", "r3"] and [place for place, _ in some.odd] == [0]
    assert_frame_equal(entries.batch(some).table, batch.table[[1, 4]])
    rest = part.at(np.array([0, 3]))
    assert not rest.odd and entries.batch(rest).table["age"].to_list() == [31.5, 44.0]


def test_a_batch_is_whole_when_its_page_is_used_again(model):
    entries = Entries(model, frozenset(), 1.0, {})
    pages = Pages(2, entries.width)
    answers = filled(pages, entries, model, [(RECORD,), (USUAL,), (RECORD,)])
    batches = [(part, entries.batch(part)) for part in pages.take()]
    assert [len(part.requests) for part, _ in batches] == [2, 1]
    frame = entries.frame(batches[0][1])
    before = frame.clone().to_dicts()
    page = pages._spare[0]
    page.matrix[:] = 7.0
    assert frame.to_dicts() == before and batches[0][1].table["age"].to_list() == [31.5, 44.0]
    assert batches[0][1].times.tolist() == [0, 1]
    np.testing.assert_array_equal(batches[0][1].values, np.concatenate([answer.values for answer in answers[:2]]))


@given(st.lists(st.integers(0, 9), max_size=12), st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_pages_give_what_was_put_in_once_and_in_order_however_it_is_taken(model, steps, requests):
    """A step is so many requests put in, after which all that is there is taken; of 0 only a part of it."""
    entries = Entries(model, frozenset(), 1.0, {})
    pages = Pages(requests, entries.width)
    answer, odd = model.answer([RECORD]), model.answer([UNSEEN])
    answer.reading.records, odd.reading.records = [RECORD], [UNSEEN]
    put, taken = [], []
    for many in steps:
        for _ in range(many):
            put.append(f"r{len(put)}")
            entries.put(pages.open(), put[-1], float(len(put)), odd if len(put) % 3 == 0 else answer)
            pages.put += 1
            pages.put_rows += 1
        for part in pages.take():
            assert part.times.tolist() == [float(name[1:]) + 1 for name in part.requests]
            assert [place for place, _ in part.odd] == [
                place for place, name in enumerate(part.requests) if (int(name[1:]) + 1) % 3 == 0
            ]
            taken += part.requests
            if many == 0:
                break
    for part in pages.take():
        taken += part.requests
    assert taken == put
    assert pages.taken == pages.taken_rows == len(put) and len(pages._pages) + len(pages._spare) <= 9 // requests + 4


def test_what_one_thread_puts_in_while_another_takes_arrives_once_and_in_order(model):
    entries = Entries(model, frozenset(), 1.0, {})
    pages, many = Pages(64, entries.width), 20_000
    answer, odd = model.answer([RECORD]), model.answer([UNSEEN])
    answer.reading.records, odd.reading.records = [RECORD], [UNSEEN]
    done = threading.Event()

    def put():
        for number in range(many):
            rows = entries.put(pages.open(), str(number), float(number), odd if number % 7 == 0 else answer)
            pages.put += 1
            pages.put_rows += rows
        done.set()

    writer = threading.Thread(target=put)
    writer.start()
    taken, last = [], False
    while not last:
        last = done.is_set()
        for part in pages.take():
            assert part.times.tolist() == list(map(float, part.requests))
            assert all(int(part.requests[place]) % 7 == 0 for place, _ in part.odd)
            taken += part.requests
    writer.join()
    assert taken == list(map(str, range(many)))
