"""What cannot be done is refused with the right exit code and a message in four parts, and nothing is written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

Call = Callable[..., tuple[int, str, str]]
QUICK = ("--trials", "1", "--models", "decision_tree", "--out", "run")


def in_four_parts(error: str) -> bool:
    told = error[error.index("sevenfold: ") :]
    return all(part in told for part in ("\nExpected: ", "\nReceived: ", "\nWhat to do: "))


def check(found: tuple[int, str, str], code: int, *words: str, folder: Path | None = None) -> None:
    exit_code, out, error = found
    assert exit_code == code, error
    assert out == ""
    assert "Traceback" not in error
    assert in_four_parts(error), error
    for word in words:
        assert word in error
    assert not ((folder or Path.cwd()) / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nothere.csv", "--target", "bought"), ["nothere.csv"]),
        (("data.csv", "--target", "bougt"), ["Did you mean 'bought'?"]),
        (("data.csv",), ["No target"]),
        ((), ["DATA"]),
        (("data.csv", "--target", "bought", "--metric", "aucc"), ["aucc", "roc_auc"]),
        (("data.csv", "--target", "bought", "--metric", "rmse"), ["does not fit", "binary", "roc_auc"]),
        (("data.csv", "--target", "amount", "--metric", "auc"), ["does not fit", "regression", "rmse"]),
        (("data.csv", "--target", "bought", "--task", "classify"), ["classify"]),
        (("data.csv", "--target", "colour", "--task", "regression"), ["does not hold numbers"]),
        (("data.csv", "--target", "bought", "--tune", "magic"), ["magic", "bayes"]),
        (("data.csv", "--target", "bought", "--frobnicate", "3"), ["--frobnicate"]),
        (("data.csv", "--target", "bought", "--trials", "many"), ["--trials"]),
        (("data.csv", "--target", "bought", "--trials", "0"), ["--trials"]),
        (("data.csv", "--target", "bought", "--budget", "10s"), ["--budget", "--trials"]),
        (("data.csv", "--target", "bought", "--drop", "sise"), ["sise", "size"]),
        (("data.csv", "--target", "bought", "--sensitive", "gender"), ["gender"]),
        (("data.csv", "--target", "bought", "--time", "when"), ["when"]),
        (("data.csv", "--target", "bought", "--group", "who"), ["who"]),
        (("data.csv", "--target", "bought", "--weight", "heavy"), ["heavy"]),
        (("data.csv", "--target", "bought", "--role", "user"), ["--role", "NAME=VALUE"]),
        (("data.csv", "--target", "bought", "--folds", "1"), ["--folds"]),
        (("data.csv", "--target", "bought", "--threads", "0"), ["--threads"]),
        (("data.csv", "--target", "bought", "--memory", "lots"), ["lots"]),
        (("data.csv", "--target", "bought", "--test", "nothere.csv"), ["nothere.csv"]),
        (("data.csv", "--target", "bought", "--test", "unlabelled.csv"), ["no target column", "bought"]),
        (("data.csv", "--target", "bought", "--config", "nothere.toml"), ["nothere.toml"]),
        (("data.csv", "--target", "bought", "--config", "strange.toml"), ["frobnicate"]),
    ],
)
def test_requests_that_are_wrong(call: Call, table: pl.DataFrame, arguments: tuple[str, ...], words: list[str]) -> None:
    table.drop("bought").write_csv("unlabelled.csv")
    Path("strange.toml").write_text("frobnicate = 3\n")
    quick = QUICK[2:] if "--trials" in arguments else QUICK
    check(call("train", *arguments, *quick), 2, *words)


@pytest.mark.parametrize(
    ("model", "words"), [("decision_treee", ["Did you mean 'decision_tree'?"]), ("ridge", ["ridge"])]
)
def test_models_that_cannot_be_used(call: Call, table: pl.DataFrame, model: str, words: list[str]) -> None:
    arguments = ("--trials", "1", "--out", "run", "--models", model)
    check(call("train", "data.csv", "--target", "bought", *arguments), 2, *words)


def _content(name: str, table: pl.DataFrame) -> bytes:
    if name == "empty":
        return b""
    if name == "junk":
        return np.random.default_rng(1).integers(0, 256, 5000, np.uint8).tobytes()
    if name == "broken-parquet":
        return b"PAR1" + bytes(200)
    if name == "broken-gzip":
        return b"\x1f\x8b\x08\x00" + bytes(100)
    changed = {
        "header-only": table.head(0),
        "one-class": table.with_columns(bought=pl.lit("yes")),
        "no-labels": table.with_columns(bought=pl.lit(None, pl.String)),
        "one-row": table.head(1),
    }[name]
    return changed.write_csv().encode()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("empty", ["empty"]),
        ("junk", ["not text"]),
        ("broken-parquet", ["broken-parquet"]),
        ("broken-gzip", ["broken-gzip"]),
        ("header-only", ["no rows"]),
        ("one-class", ["one value only", "'yes'"]),
        ("no-labels", ["no values"]),
        ("one-row", []),
    ],
)
def test_data_that_cannot_be_used(call: Call, table: pl.DataFrame, name: str, words: list[str]) -> None:
    ending = {"broken-parquet": "parquet", "broken-gzip": "csv.gz"}.get(name, "csv")
    Path(f"{name}.{ending}").write_bytes(_content(name, table))
    check(call("train", f"{name}.{ending}", "--target", "bought", *QUICK), 3, *words)


def test_a_folder_without_data(call: Call) -> None:
    Path("things").mkdir()
    Path("things", "notes.bin").write_bytes(b"\x00\x01")
    check(call("train", "things", "--target", "bought", *QUICK), 3, "no data")


def test_a_run_folder_is_never_written_over(call: Call, table: pl.DataFrame) -> None:
    Path("old").mkdir()
    Path("old", "journal.jsonl").write_text("{}\n")
    found = call("train", "data.csv", "--target", "bought", "--trials", "1", "--out", "old")
    check(found, 2, "holds a run already", "sevenfold resume old")
    assert Path("old", "journal.jsonl").read_text() == "{}\n"
    assert len(list(Path("old").iterdir())) == 1


@pytest.mark.parametrize("out", ["data.csv", "data.csv/run", "/proc/sevenfold-run"])
def test_a_place_where_no_run_can_be(call: Call, table: pl.DataFrame, out: str) -> None:
    check(call("train", "data.csv", "--target", "bought", "--trials", "1", "--out", out), 2, "cannot be made", "--out")


def test_no_permission_to_read(call: Call, table: pl.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() == 0:  # to whom everything is permitted
        opened = Path.open

        def refuse(path: Path, *arguments: object, **options: object) -> object:
            if path.name == "data.csv":
                raise PermissionError(13, "Permission denied", str(path))
            return opened(path, *arguments, **options)  # type: ignore[call-overload]

        monkeypatch.setattr(Path, "open", refuse)
    else:
        Path("data.csv").chmod(0)
    check(call("train", "data.csv", "--target", "bought", *QUICK), 2, "ermission")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("predict", "nothere", "data.csv", "--out", "run"), 2, ["no model"]),
        (("predict", "data.csv", "data.csv", "--out", "run"), 3, ["not a model file"]),
        (("evaluate", "nothere", "data.csv"), 2, ["no model"]),
        (("serve", "nothere"), 2, ["no model"]),
        (("resume", "nothere"), 2, ["no run"]),
        (("resume", "."), 2, ["not a run folder"]),
        (("report", "nothere"), 2, ["not a run folder"]),
        (("monitor", "nothere"), 2, ["not a store"]),
        (("audit", "nothere.csv"), 2, ["nothere.csv"]),
        (("audit", "data.csv", "--target", "bougt"), 2, ["Did you mean 'bought'?"]),
        (("frobnicate",), 2, ["frobnicate"]),
    ],
)
def test_other_commands(
    call: Call, table: pl.DataFrame, arguments: tuple[str, ...], code: int, words: list[str]
) -> None:
    check(call(*arguments), code, *words)
