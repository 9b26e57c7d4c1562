"""A training killed at any moment leaves no process behind, and goes on to the same model without repeating work."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import psutil
import pytest

TRAIN = (
    "train", "data.csv", "--target", "bought", "--trials", "4", "--folds", "3",
    "--models", "logistic_l2,decision_tree,lightgbm",
)  # fmt: skip
INLINE = {"SEVENFOLD_INLINE": "1"}  # quicker, where processes are not the point
Mixed = Callable[..., pl.DataFrame]
Gone = Callable[[set[int]], None]


@pytest.fixture(scope="module")
def whole(module_shell: Any, mixed: Mixed) -> Any:
    """An uninterrupted run, beside its data."""
    mixed(160).drop("note", "joined").write_csv(module_shell.folder / "data.csv")
    module_shell.json(*TRAIN, "--out", "whole", **INLINE)
    return module_shell


def states(run: Path) -> dict[str, bytes]:
    """All that predicts, in the run's bundle."""
    with zipfile.ZipFile(run / "model.sevenfold") as bundle:
        told = ("state/", "task.json", "schema.json", "recipe.json", "prediction.json", "golden.json")
        return {name: bundle.read(name) for name in bundle.namelist() if name.startswith(told)}


def events(run: Path) -> list[dict[str, Any]]:
    path = run / "journal.jsonl"
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return [json.loads(line) for line in lines]


def family(process: subprocess.Popen[str]) -> set[int]:
    try:
        return {child.pid for child in psutil.Process(process.pid).children(recursive=True)}
    except psutil.NoSuchProcess:
        return set()


def kill_when(process: subprocess.Popen[str], ready: Callable[[], bool], number: int = signal.SIGKILL) -> set[int]:
    """Send a signal once something is so; every process it had begun."""
    seen: set[int] = set()
    end = time.monotonic() + 60
    while process.poll() is None and not ready() and time.monotonic() < end:
        seen |= family(process)
        time.sleep(0.01)
    seen |= family(process)
    process.send_signal(number)
    process.wait(timeout=20)
    return seen


def check_resumed(shell: Any, run: str, **environment: str) -> None:
    """Resume to the end: same model as the uninterrupted run, no fold trained twice."""
    result = shell.json("resume", run, **environment)
    assert Path(result["model"]).name == "model.sevenfold"
    folder = shell.folder / run
    assert states(folder) == states(shell.folder / "whole")
    finished = Counter((e["trial"], e["fold"]) for e in events(folder) if e["kind"] == "fold.finished")
    assert max(finished.values()) == 1
    codes = [finding["code"] + str(finding["columns"]) for finding in result["findings"]]
    assert len(codes) == len(set(codes))
    assert (folder / "report.html").stat().st_size > 10_000


def folds_done(run: Path, number: int) -> Callable[[], bool]:
    return lambda: sum(event["kind"] == "fold.finished" for event in events(run)) >= number


def reached(run: Path, kind: str) -> Callable[[], bool]:
    return lambda: any(event["kind"] == kind for event in events(run))


@pytest.mark.parametrize("moment", ["first folds", "middle", "ensemble"])
def test_killed_and_resumed(whole: Any, all_gone: Gone, moment: str) -> None:
    run = whole.folder / f"killed-{moment.replace(' ', '-')}"
    ready = {
        "first folds": folds_done(run, 3),
        "middle": folds_done(run, 8),
        "ensemble": reached(run, "sealed.opened"),
    }[moment]
    process = whole.start(*TRAIN, "--out", run.name)
    all_gone(kill_when(process, ready))
    if moment == "middle":
        again = whole.start("resume", run.name)
        all_gone(kill_when(again, folds_done(run, 12)))
    # Where the rest is done in one process, the model must be the same as well.
    check_resumed(whole, run.name, **({} if moment == "middle" else INLINE))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_killed_at_random_moments(whole: Any, all_gone: Gone, seed: int) -> None:
    chance = random.Random(seed)
    run = whole.folder / f"random-{seed}"
    process = whole.start(*TRAIN, "--out", run.name)
    moment = time.monotonic() + chance.uniform(0.3, 7.0)
    all_gone(kill_when(process, lambda: time.monotonic() > moment))
    while chance.random() < 0.5 and (run / "journal.jsonl").exists():
        again = whole.start("resume", run.name)
        later = time.monotonic() + chance.uniform(0.3, 4.0)
        all_gone(kill_when(again, lambda later=later: time.monotonic() > later))  # type: ignore[misc]
    if not (run / "journal.jsonl").exists():
        _, error = whole.run("resume", run.name, exits=2)
        assert "anew" in error
        whole.run(*TRAIN, "--out", run.name)
    check_resumed(whole, run.name)


def test_killed_before_the_data_lie_there(whole: Any) -> None:
    _, error = whole.run("resume", "never-begun", exits=2)
    assert "start it anew" in error
    broken = whole.folder / "half"
    (broken / "folds").mkdir(parents=True)
    (broken / "plan.toml").write_text('data = "data.csv"\n')
    _, error = whole.run("resume", "half", exits=2)
    assert "Start it anew" in error
    assert "laid down" in error


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(whole: Any, all_gone: Gone, number: signal.Signals) -> None:
    run = whole.folder / f"interrupted-{number.name}"
    environment = INLINE if number is signal.SIGTERM else {}
    process = whole.start(*TRAIN, "--out", run.name, **environment)
    all_gone(kill_when(process, folds_done(run, 3), number))
    error = process.stderr.read()
    assert process.returncode == 4, error
    assert f"sevenfold resume {run.name}" in error
    assert "Traceback" not in error
    assert events(run)[-1]["kind"] == "run.failed"


def test_interrupted_before_anything_is_there(whole: Any, all_gone: Gone) -> None:
    process = whole.start(*TRAIN, "--out", "early")
    began = time.monotonic()
    # Once the zygote is there, the command is at its work, and far from having read its data's last word.
    all_gone(kill_when(process, lambda: bool(family(process)) or time.monotonic() > began + 10, signal.SIGINT))
    assert process.returncode == 4
    assert "anew" in process.stderr.read() or (whole.folder / "early" / "journal.jsonl").exists()


@pytest.mark.parametrize("largest_file", [600, 9_000, 30_000])
def test_full_disk(whole: Any, all_gone: Gone, largest_file: int) -> None:
    """Full while the data are laid down, while the journal grows, and when the bundle is written."""
    run = whole.folder / f"full-{largest_file}"
    _, error = whole.run(*TRAIN, "--out", run.name, exits=4, largest_file=largest_file, **INLINE)
    assert "disk is full" in error
    assert "What to do: Make room" in error
    assert "Traceback" not in error
    assert not (run / "model.sevenfold").exists()
    assert not list(run.glob("*.tmp"))
    if largest_file == 600:
        assert not run.exists()
    else:
        assert f"sevenfold resume {run.name}" in error


def test_settings_of_the_machine_do_not_change_the_model(whole: Any) -> None:
    """The same seed gives the same model: in one process or in many, whatever the hash seed."""
    whole.json(*TRAIN, "--out", "processes", "--threads", "2", PYTHONHASHSEED="2")
    assert states(whole.folder / "processes") == states(whole.folder / "whole")
    for name in ("whole", "processes"):
        whole.run("predict", name, "data.csv", "--proba", "--out", f"{name}.csv")
    assert (whole.folder / "whole.csv").read_bytes() == (whole.folder / "processes.csv").read_bytes()
