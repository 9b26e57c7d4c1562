"""Every executor keeps the same contract."""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sevenfold.core.recipe import Recipe, Step
from sevenfold.core.state import load_state
from sevenfold.tuning.executors.base import Executor, Outcome
from sevenfold.tuning.executors.inline import InlineExecutor
from sevenfold.tuning.executors.processes import ProcessExecutor
from sevenfold.tuning.job import Job

RECIPE = Recipe(
    "logistic_l2", {}, (Step("filled", "impute", ("a", "b")), Step("scaled", "scale", ("@filled",))), ("scaled",)
)


def drain(executor: Executor, seconds: float = 60.0) -> list[Outcome]:
    outcomes: list[Outcome] = []
    end = time.monotonic() + seconds
    while executor.running and time.monotonic() < end:
        outcomes.extend(executor.wait(5.0))
    return outcomes


def job(folder: Path, fold: int = 0, **changes: float) -> Job:
    return Job("t000", RECIPE.to_json(), fold, str(folder), **changes)  # type: ignore[arg-type]


def test_executors_agree_bit_for_bit(shared_folds: Path, tmp_path: Path) -> None:
    predicted = []
    for name, executor in (("inline", InlineExecutor()), ("processes", ProcessExecutor(2))):
        with executor:
            executor.open(shared_folds)
            for fold in range(executor.slots):
                executor.submit(job(tmp_path / name, fold))
            outcomes = drain(executor)
        assert all(outcome.result is not None for outcome in outcomes), outcomes
        predicted.append(load_state(tmp_path / name / "fold-0")["predicted"])
    np.testing.assert_array_equal(*predicted)


def test_failures_runaways_and_crashes_are_outcomes_with_reasons(shared_folds: Path, tmp_path: Path) -> None:
    with ProcessExecutor(1) as executor:
        executor.open(shared_folds)
        wrong = Job("t001", {**RECIPE.to_json(), "model": "nosuch"}, 0, str(tmp_path))
        executor.submit(wrong)
        (failed,) = drain(executor)
        assert failed.result is None
        assert "nosuch" in failed.reason

        executor.submit(job(tmp_path / "late", kill_at=time.monotonic() - 1))
        (late,) = drain(executor)
        assert late.result is None or late.reason == ""

        os.kill(executor._workers[0].pid if executor._workers else executor._fork().pid, signal.SIGSTOP)
        executor.submit(job(tmp_path / "stopped", kill_at=time.monotonic() + 0.3))
        (stopped,) = drain(executor)
        assert "deadline" in stopped.reason

        executor._fork()
        os.kill(executor._workers[0].pid, signal.SIGSTOP)
        executor.submit(job(tmp_path / "crashed"))
        os.kill(executor._workers[0].pid, signal.SIGKILL)
        (crashed,) = drain(executor)
        assert "abruptly" in crashed.reason

        executor.submit(job(tmp_path / "after"))
        (after,) = drain(executor)
        assert after.result is not None, after.reason


def test_a_worker_over_its_memory_is_killed(shared_folds: Path, tmp_path: Path) -> None:
    with ProcessExecutor(1, memory_bytes=1) as executor:
        executor.open(shared_folds)
        os.kill(executor._workers[0].pid, signal.SIGSTOP)
        executor.submit(job(tmp_path))
        (outcome,) = drain(executor)
    assert "memory" in outcome.reason


def test_cancelled_jobs_have_no_outcome(shared_folds: Path, tmp_path: Path) -> None:
    with ProcessExecutor(1) as executor:
        executor.open(shared_folds)
        os.kill(executor._workers[0].pid, signal.SIGSTOP)
        executor.submit(job(tmp_path))
        executor.cancel("t000")
        assert executor.running == 0
        assert list(executor.wait(0.1)) == []


def test_workers_end_with_their_parent(shared_folds: Path) -> None:
    executor = ProcessExecutor(1)
    executor.open(shared_folds)
    pid = executor._workers[0].pid
    executor.close()
    executor.close()
    for _ in range(50):
        if not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text().split()[2]:
            return
        time.sleep(0.1)
    pytest.fail("the worker still runs")


def test_a_worker_with_other_libraries_is_exchanged_before_it_loads_the_largest(
    shared_folds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = "sevenfold.tuning.executors.processes"
    monkeypatch.setattr(f"{place}.LARGEST", "wave")
    pids = []
    with ProcessExecutor(1) as executor:
        executor.open(shared_folds)
        for library in ("colorsys", "wave", "wave", "colorsys"):
            monkeypatch.setattr(f"{place}.LIBRARIES", {RECIPE.model: (library,)})
            executor.submit(job(tmp_path))
            (outcome,) = drain(executor)
            assert outcome.result is not None, outcome.reason
            pids.append(executor._workers[0].pid)
    assert pids[0] != pids[1] == pids[2] == pids[3]


def test_a_worker_with_libraries_of_other_models_is_exchanged_once_all_have_grown(
    shared_folds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = "sevenfold.tuning.executors.processes"
    pids = []
    with ProcessExecutor(1) as executor:
        executor.open(shared_folds)
        for library, fair in (("colorsys", float("inf")), ("wave", float("inf")), ("wave", 0.0), ("colorsys", 0.0)):
            executor._fair_bytes = fair
            monkeypatch.setattr(f"{place}.LIBRARIES", {RECIPE.model: (library,)})
            executor.submit(job(tmp_path))
            (outcome,) = drain(executor)
            assert outcome.result is not None, outcome.reason
            pids.append(executor._workers[0].pid)
    assert pids[0] == pids[1] != pids[2] == pids[2] != pids[3]


def test_at_rest_idle_workers_end_and_a_further_job_gets_a_new_one(shared_folds: Path, tmp_path: Path) -> None:
    with ProcessExecutor(1) as executor:
        executor.open(shared_folds)
        before = executor._workers[0].pid
        executor.rest()
        assert not executor._workers
        executor.submit(job(tmp_path))
        executor.rest()  # a worker at a job stays
        assert executor.running == 1
        (outcome,) = drain(executor)
        assert outcome.result is not None, outcome.reason
        assert executor._workers[0].pid != before


@pytest.mark.skipif(sys.platform != "linux", reason="memory and parents are read from /proc")
def test_settled_the_zygote_keeps_its_workers_and_lets_its_libraries_go(shared_folds: Path, tmp_path: Path) -> None:
    with ProcessExecutor(1) as executor:
        executor.open(shared_folds)
        (worker,), zygote = executor._workers, executor._nursery.zygote
        before = resident(zygote.pid)
        executor.settle()
        wait_until(lambda: resident(zygote.pid) < before / 3)
        executor.submit(job(tmp_path / "kept"))
        (outcome,) = drain(executor)
        assert outcome.result is not None, outcome.reason
        assert executor._workers == [worker]

        os.kill(worker.pid, signal.SIGKILL)
        executor.submit(job(tmp_path / "new"))  # a worker is needed after all: a new zygote makes it
        (outcome,) = drain(executor)
        assert outcome.result is not None or "abruptly" in outcome.reason
        executor.submit(job(tmp_path / "after"))
        (outcome,) = drain(executor)
        assert outcome.result is not None, outcome.reason
        last = executor._workers[0].pid
        assert last != worker.pid
        assert executor._nursery.zygote is not zygote
    assert zygote.returncode is not None
    wait_until(lambda: not running(last))


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_the_zygote_gives_way_to_large_workers_and_keepers_of_nobody_end(shared_folds: Path, tmp_path: Path) -> None:
    with ProcessExecutor(1) as executor:
        executor.open(shared_folds)
        zygote, before = executor._nursery.zygote, resident(executor._nursery.zygote.pid)
        first = executor._workers[0].pid
        executor._full_bytes = 0
        executor.submit(job(tmp_path / "large"))
        (outcome,) = drain(executor)
        assert outcome.result is not None, outcome.reason
        wait_until(lambda: resident(zygote.pid) < before / 3)
        assert executor._workers[0].pid == first

        executor._fair_bytes, pids = 0, []  # all have grown, and another worker is due: if that saves enough
        for number, full_bytes in enumerate((float("inf"), 0)):
            executor._full_bytes = full_bytes
            executor._workers[0].jobs = 100
            executor.submit(job(tmp_path / f"next-{number}"))
            (outcome,) = drain(executor)
            assert outcome.result is not None, outcome.reason
            pids.append(executor._workers[0].pid)
        assert pids[0] == first != pids[1]
        executor.rest()
        executor.submit(job(tmp_path / "last"))
        drain(executor)
        assert zygote.returncode is not None
        assert executor._nursery.zygote is not zygote


@pytest.mark.skipif(sys.platform != "linux", reason="parents are read from /proc")
def test_a_keeper_ends_the_workers_with_its_input(shared_folds: Path) -> None:
    executor = ProcessExecutor(1)
    try:
        executor.open(shared_folds)
        executor.settle()
        (worker,) = executor._workers
        assert executor._nursery.zygote.stdin is not None
        executor._nursery.zygote.stdin.close()
        executor._nursery.zygote.wait(30)
        wait_until(lambda: not running(worker.pid))
    finally:
        executor.close()


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1])


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def wait_until(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.01)
