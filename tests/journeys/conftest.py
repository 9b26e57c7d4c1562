"""Data and a command line for journeys: what a user types, run in a process of its own."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import psutil
import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src"
sys.path.insert(0, str(Path(__file__).parent))  # scenarios are named as "module:class"


class Shell:
    """Runs `sevenfold` in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._begun: list[subprocess.Popen[str]] = []

    def start(self, *arguments: str, largest_file: int | None = None, **environment: str) -> subprocess.Popen[str]:
        """The command under way; `largest_file` in bytes stands for a disk without room."""

        def limit() -> None:
            assert largest_file is not None
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, resource.RLIM_INFINITY))

        process = subprocess.Popen(
            [sys.executable, "-m", "sevenfold", *map(str, arguments)],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(SOURCE), "OMP_NUM_THREADS": "1", **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=limit if largest_file is not None else None,
        )
        self._begun.append(process)
        return process

    def run(
        self, *arguments: str, exits: int = 0, largest_file: int | None = None, **environment: str
    ) -> tuple[str, str]:
        """Standard output and error of a command that must end with that code."""
        process = self.start(*arguments, largest_file=largest_file, **environment)
        out, error = process.communicate(timeout=120)
        assert process.returncode == exits, f"{arguments} ended with {process.returncode}:\n{error}"
        return out, error

    def json(self, *arguments: str, **environment: str) -> dict[str, Any]:
        """The one JSON object that the command prints."""
        out, _ = self.run(*arguments, "--json", **environment)
        found: dict[str, Any] = json.loads(out)
        assert out.count("\n") == 1
        return found

    def end(self) -> None:
        """Let nothing live on."""
        for process in self._begun:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.wait()
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    made = Shell(tmp_path)
    yield made
    made.end()


@pytest.fixture(scope="module")
def module_shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    made = Shell(tmp_path_factory.mktemp("journey"))
    yield made
    made.end()


def made_frame(rows: int = 240, seed: int = 3) -> pl.DataFrame:
    """Numbers, a category, a flag, a date, a text, and a target that depends on some of them."""
    generator = np.random.default_rng(seed)
    size, age = generator.normal(size=rows), generator.integers(18, 80, rows)
    colour = generator.choice(["red", "green", "blue"], rows)
    member = generator.random(rows) < 0.5
    joined = [date(2020, 1, 1) + timedelta(days=int(day)) for day in generator.integers(0, 900, rows)]
    words = ["good", "fine", "bad", "awful", "great", "poor", "quick", "slow", "service", "product"]
    note = [" ".join(generator.choice(words, 12)) for _ in range(rows)]
    moaning = np.array(["bad" in text for text in note])
    score = size + 1.5 * (colour == "red") + member - 0.7 * moaning + generator.normal(size=rows) * 0.5
    return pl.DataFrame(
        {
            "size": size.round(4),
            "age": pl.Series(age).replace(18, None),
            "colour": colour,
            "member": np.where(member, "yes", "no"),
            "joined": joined,
            "note": note,
            "bought": np.where(score > 0.5, "yes", "no"),
        }
    )


@pytest.fixture(scope="session")
def mixed() -> Callable[..., pl.DataFrame]:
    return made_frame


def leftovers(marks: set[int]) -> list[psutil.Process]:
    """Those of the processes that still live."""
    living = []
    for mark in marks:
        try:
            process = psutil.Process(mark)
            if process.status() != psutil.STATUS_ZOMBIE and "sevenfold" in " ".join(process.cmdline()):
                living.append(process)
        except psutil.NoSuchProcess:
            continue
    return living


@pytest.fixture(scope="session")
def all_gone() -> Callable[[set[int]], None]:
    """Waits some seconds for processes to be gone."""

    def wait(marks: set[int]) -> None:
        end = time.monotonic() + 8.0
        while time.monotonic() < end and leftovers(marks):
            time.sleep(0.1)
        assert leftovers(marks) == []

    return wait
