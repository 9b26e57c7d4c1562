"""The command line within the test's own process, for requests that end before any training."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Call:
    """Run a command in the test's folder: exit code, standard output, standard error."""
    from sevenfold.cli.errors import guarded
    from sevenfold.cli.main import app

    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["sevenfold", *arguments])
        code = guarded(app)
        out, error = capsys.readouterr()
        return code, out, error

    return run


@pytest.fixture
def table(tmp_path: Path) -> pl.DataFrame:
    """A small table, as data.csv in the test's folder."""
    rows = 80
    made = pl.DataFrame(
        {
            "size": [(i * 37 % 101) / 7 for i in range(rows)],
            "colour": [("red", "green", "blue")[i % 3] for i in range(rows)],
            "amount": [(i * 53 % 97) / 3 + 0.5 for i in range(rows)],
            "bought": [("yes", "no")[i * 37 % 101 > 50] for i in range(rows)],
        }
    )
    made.write_csv(tmp_path / "data.csv")
    return made
