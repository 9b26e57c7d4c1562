"""Predictions together and alone: the answers must be the same to the last bit."""

import asyncio
import threading
import time

import httpx
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from serving import running
from tiny_parts import PARTS, contents, table

from sevenfold.deployment.batching import Job, joined, likeness_of, parts_of
from sevenfold.deployment.bundle import load, save
from sevenfold.deployment.hosting import Hosted
from sevenfold.deployment.lanes import Lane
from sevenfold.deployment.people import encode
from sevenfold.deployment.request import HttpError, Limits
from sevenfold.deployment.service import Service
from sevenfold.deployment.workers import Workers

RECORD = {"age": 31.5, "income": 20000.0, "city": "Rome", "member": True, "since": "2024-03-01 10:00:00"}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("served") / "m.sevenfold"
    save(path, contents(rows=120))
    return load(path, parts=PARTS)


class Slowly:
    """A model that waits for a signal and counts its calls."""

    def __init__(self, model):
        self.model = model
        self.task = model.task
        self.example = {}
        self.compiled = None
        self.calls = []
        self.held = threading.Event()

    def answer(self, rows, **options):
        self.calls.append(len(rows))
        assert self.held.wait(20)
        return self.model.answer(rows, **options)


VALUES = {
    "age": st.one_of(st.none(), st.integers(0, 90), st.floats(0, 90), st.just("old"), st.just("42")),
    "income": st.one_of(st.none(), st.floats(-1e6, 1e6), st.just([1, 2]), st.booleans()),
    "city": st.one_of(st.none(), st.sampled_from(["Rome", "Bern", "Atlantis"]), st.integers(0, 3), st.floats(0, 3)),
    "member": st.one_of(st.none(), st.booleans(), st.just("yes"), st.just("maybe")),
    "since": st.one_of(st.none(), st.just("2024-03-01 10:00:00"), st.just("never")),
    "hat": st.integers(0, 2),
}


@given(st.lists(st.lists(st.fixed_dictionaries({}, optional=VALUES), min_size=1, max_size=3), min_size=2, max_size=6))
@settings(max_examples=60, deadline=None)
def test_rows_predicted_together_are_answered_as_if_alone(model, requests):
    by_likeness = {}
    for rows in requests:
        likeness = likeness_of(rows)
        if likeness is not None:
            by_likeness.setdefault(likeness, []).append(rows)
    for group in by_likeness.values():
        batch = [Job(rows, len(rows), None, 0.0, None) for rows in group]
        try:
            together = parts_of(model.answer(joined(batch), every_violation=True), batch)
        except Exception as error:
            with pytest.raises(type(error)):
                model.answer(group[0], every_violation=True)
            continue
        for rows, answer in zip(group, together, strict=True):
            alone = model.answer(rows, every_violation=True)
            assert encode(answer, model, "r", None) == encode(alone, model, "r", None)
            assert answer.values.tobytes() == alone.values.tobytes()
            assert answer.reading.table.equals(alone.reading.table)


def test_frames_are_joined_too(model):
    data = table(12, seed=4).drop("bought")
    batch = [Job(data[:5], 5, None, 0.0, None), Job(data[5:], 7, None, 0.0, None)]
    assert likeness_of(batch[0].rows) == likeness_of(batch[1].rows) != likeness_of(data.drop("key"))
    parts = parts_of(model.answer(joined(batch), every_violation=True), batch)
    whole = model.answer(data)
    assert parts[0].values.tobytes() + parts[1].values.tobytes() == whole.values.tobytes()
    assert isinstance(parts[1].reading.table, pl.DataFrame)


def lane_of(model, **limits):
    bounds = Limits(inline_seconds=0, **limits)
    return Lane(Hosted(model, "m", "1"), Workers(bounds), bounds)


def test_what_waits_while_a_thread_is_busy_goes_together(model):
    slowly = Slowly(model)

    async def scenario():
        lane = lane_of(slowly)
        asked = [asyncio.ensure_future(lane.answer([{**RECORD, "age": age}], 1)) for age in range(20, 40)]
        await asyncio.sleep(0)
        slowly.held.set()
        return await asyncio.gather(*asked)

    answers = asyncio.run(scenario())
    assert slowly.calls == [1, 19]
    for age, answer in zip(range(20, 40), answers, strict=True):
        assert answer.values.tobytes() == model.answer([{**RECORD, "age": age}]).values.tobytes()


def test_one_that_cannot_be_answered_spoils_nothing_for_the_others(model):
    slowly = Slowly(model)
    answer = slowly.answer

    def picky(rows, **options):
        if any(row["age"] == 33.0 for row in rows):
            raise ZeroDivisionError
        return answer(rows, **options)

    slowly.answer = picky

    async def scenario():
        lane = lane_of(slowly)
        asked = [asyncio.ensure_future(lane.answer([{**RECORD, "age": age}], 1)) for age in (31.0, 32.0, 33.0, 34.0)]
        await asyncio.sleep(0)
        slowly.held.set()
        return await asyncio.gather(*asked, return_exceptions=True)

    answers = asyncio.run(scenario())
    assert isinstance(answers[2], ZeroDivisionError)
    assert [len(answers[i].labels) for i in (0, 1, 3)] == [1, 1, 1]


def test_an_answer_that_would_come_too_late_is_refused_at_once_and_a_late_one_is_dropped(model):
    slowly = Slowly(model)

    async def scenario():
        lane = lane_of(slowly, batch_rows=1, deadline_seconds=3600)
        first = asyncio.ensure_future(lane.answer([RECORD], 1))
        await asyncio.sleep(0)
        late = asyncio.ensure_future(lane.answer([RECORD], 1, 1e-6))  # its client will not wait
        lane._batch_seconds = 1000.0
        await asyncio.sleep(0)
        with pytest.raises(HttpError) as refused:
            await lane.answer([RECORD], 1, 5.0)
        slowly.held.set()
        await first
        with pytest.raises(HttpError) as dropped:
            await late
        return refused.value.status, dropped.value.status

    assert asyncio.run(scenario()) == (503, 503)
    assert slowly.calls == [1]


def test_the_answer_and_not_only_its_turn_must_come_in_time(model):
    """The prediction itself takes its time, and so does a busy event loop, to read and to send."""
    slowly = Slowly(model)

    async def scenario():
        lane = lane_of(slowly, batch_rows=1)
        lane._batch_seconds = 1.0
        first = asyncio.ensure_future(lane.answer([RECORD], 1, 0.5))  # a free thread is tried
        await asyncio.sleep(0)
        with pytest.raises(HttpError) as refused:
            await lane.answer([RECORD], 1, 1.5)
        lane._slack_seconds = 2.0
        with pytest.raises(HttpError) as busy:
            await lane.answer([RECORD], 1, 3.9)
        second = asyncio.ensure_future(lane.answer([RECORD], 1, 4.1))
        await asyncio.sleep(0)
        slowly.held.set()
        await asyncio.gather(first, second)
        return refused.value.status, busy.value.status

    assert asyncio.run(scenario()) == (503, 503)
    assert slowly.calls == [1, 1]


def test_waiting_for_company_is_bounded(model):
    slowly = Slowly(model)
    slowly.held.set()

    async def scenario():
        lane = lane_of(slowly, batch_delay_seconds=0.05)
        return await asyncio.gather(*(lane.answer([RECORD], 1) for _ in range(6)))

    assert len(asyncio.run(scenario())) == 6
    assert slowly.calls == [6]


def test_a_quick_model_answers_where_it_stands_and_a_slow_one_in_a_thread(model):
    lane = Lane(Hosted(model, "m", "1"), Workers(Limits()), Limits(inline_seconds=3600))
    assert not lane.quick  # nothing is known yet
    lane.warm()
    assert lane.quick
    assert lane.at_once([RECORD], 1).values.tobytes() == model.answer([RECORD]).values.tobytes()
    assert not lane_of(model).quick


def test_the_server_gives_every_client_its_own_answer(model):
    limits = Limits(inline_seconds=0)
    problems = []
    with running(Service(model, limits=limits)) as url:

        def work(number):
            try:
                with httpx.Client(base_url=url, timeout=30) as client:
                    for repeat in range(8):
                        record = {**RECORD, "age": float(number * 10 + repeat)}
                        record = {**record, "hat": 1} if number % 2 else record
                        reply = client.post("/predict", json=record).json()
                        assert reply["probabilities"]["yes"] == model.predict_proba(record)[0, 1]
                        assert [v["column"] for v in reply["violations"]] == (["hat"] if number % 2 else [])
            except Exception as error:
                problems.append(repr(error))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        started = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert time.monotonic() - started < 120
    assert problems == []
