"""Whole ways through the system, as people go them: from a file to a served and watched model."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import polars as pl
import pytest

import sevenfold

Mixed = Callable[..., pl.DataFrame]
_INLINE = {"SEVENFOLD_INLINE": "1"}


@pytest.fixture(scope="module")
def bought(module_shell: Any, mixed: Mixed) -> Any:
    """A model of mixed columns, trained by the command line; `told` is what it printed."""
    mixed(200).write_csv(module_shell.folder / "train.csv")
    mixed(120, seed=9).write_csv(module_shell.folder / "fresh.csv")
    arguments = ("--target", "bought", "--trials", "1", "--folds", "3", "--models", "logistic_l2", "--out", "run")
    module_shell.told = module_shell.json("train", "train.csv", *arguments, **_INLINE)
    return module_shell


@pytest.fixture
def fresh(bought: Any) -> pl.DataFrame:
    return pl.read_csv(bought.folder / "fresh.csv", infer_schema=False)


def test_what_train_tells(bought: Any) -> None:
    told = bought.told
    promised = {
        "run", "model", "task", "metric", "validation", "test", "seconds", "budget_seconds", "trials", "findings",
    }  # fmt: skip
    assert promised <= told.keys()
    assert {"value", "low", "high"} <= told["validation"].keys()
    assert {"value", "low", "high", "rows"} <= told["test"].keys()
    assert told["test"]["low"] <= told["test"]["value"] <= told["test"]["high"]
    for finding in told["findings"]:
        assert {"code", "severity", "columns", "rows", "text", "advice"} <= finding.keys()
    assert told["task"] == "binary"
    assert told["trials"] == 1
    covered = json.loads((bought.folder / "run" / "evaluation.json").read_text())["coverage"]
    assert covered["level"] == 0.9 and covered["low"] <= covered["value"] <= covered["high"]
    run = bought.folder / "run"
    for name in (
        "plan.toml", "journal.jsonl", "profile.json", "findings.json", "leaderboard.json", "report.html", "card.md",
        "model.sevenfold", "folds", "trials", "sealed",
    ):  # fmt: skip
        assert (run / name).exists()


def test_predict_evaluate_resume(bought: Any, fresh: pl.DataFrame) -> None:
    bought.run("predict", "run", "fresh.csv", "--coverage", "0.9", "--out", "sets.csv")
    sets = pl.read_csv(bought.folder / "sets.csv")
    assert all(str(row["prediction"]) in row["prediction_set"].split(", ") for row in sets.iter_rows(named=True))
    bought.run("predict", "run", "fresh.csv", "--proba", "--out", "predicted.csv")
    predicted = pl.read_csv(bought.folder / "predicted.csv")
    assert predicted.columns == ["prediction", "probability_no", "probability_yes"]
    assert predicted.height == fresh.height
    right = (predicted["prediction"] == fresh["bought"]).mean()
    assert isinstance(right, float)
    found = bought.json("evaluate", "run", "fresh.csv")
    assert found["rows"] == fresh.height
    assert found["metrics"]["accuracy"]["value"] == pytest.approx(right)
    assert found["metrics"]["roc_auc"]["value"] > 0.8
    assert "slices" in found
    assert bought.json("resume", "run") == bought.told


def test_audit(bought: Any) -> None:
    found = bought.json("audit", "train.csv", "--target", "bought")
    assert found["rows"] == 200
    assert found["columns"] == 7
    assert isinstance(found["findings"], list)


def _get(url: str, seconds: float = 20.0) -> httpx.Response:
    end = time.monotonic() + seconds
    while True:
        try:
            return httpx.get(url, timeout=5)
        except httpx.TransportError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def test_serve_and_monitor(bought: Any, fresh: pl.DataFrame) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = bought.start("serve", "run", "--port", str(port), "--store", "store")
    url = f"http://127.0.0.1:{port}"
    assert _get(f"{url}/v2/health/ready").status_code == 200
    records = fresh.drop("bought").to_dicts()
    answers = httpx.post(f"{url}/predict", json=records, timeout=20).json()
    model = sevenfold.load(bought.folder / "run")
    assert [answer["prediction"] for answer in answers] == model.predict(fresh).tolist()
    shifted = [{**record, "size": str(float(record["size"]) + 40)} for record in records]
    assert httpx.post(f"{url}/predict", json=shifted, timeout=20).status_code == 200
    assert "sevenfold" in httpx.get(f"{url}/metrics", timeout=5).text
    server.terminate()
    assert server.wait(timeout=20) == 0
    found = bought.json("monitor", "store")
    assert found["rows"] == 2 * fresh.height
    drifted = {column["column"] for column in found["drift"] if column["drifted"]}
    assert "size" in drifted
    assert "joined" not in drifted
    assert {"performance", "alerts"} <= found.keys()


def test_predictions_depend_on_the_row_alone(bought: Any, fresh: pl.DataFrame) -> None:
    model = sevenfold.load(bought.folder / "run")
    whole = model.predict_proba(fresh)
    assert whole.shape == (fresh.height, 2)
    assert list(model.classes) == ["no", "yes"]
    np.testing.assert_allclose(whole.sum(axis=1), 1.0)
    alone = np.vstack([model.predict_proba(fresh[row : row + 1]) for row in range(25)])
    assert np.array_equal(alone, whole[:25])
    records = np.vstack([model.predict_proba(record) for record in fresh[:10].to_dicts()])
    assert np.array_equal(records, whole[:10])
    assert np.array_equal(model.predict_proba(fresh[:, ::-1]), whole)
    assert np.array_equal(model.predict_proba(fresh.with_columns(other=pl.lit("9"))), whole)
    assert np.array_equal(model.predict_proba(fresh.drop("bought")), whole)


@pytest.mark.parametrize("column", ["size", "age", "colour", "member", "joined", "note"])
@pytest.mark.parametrize("change", ["missing", "strange", "null"])
def test_rows_that_are_not_as_in_training(bought: Any, fresh: pl.DataFrame, column: str, change: str) -> None:
    model = sevenfold.load(bought.folder / "run")
    changed = {
        "missing": fresh.drop(column),
        "strange": fresh.with_columns(pl.lit("vermilion?").alias(column)),
        "null": fresh.with_columns(pl.lit(None, pl.String).alias(column)),
    }[change]
    probabilities = model.predict_proba(changed)
    assert np.isfinite(probabilities).all()
    if change == "missing":
        nothing = fresh.with_columns(pl.lit(None, pl.String).alias(column))
        assert np.array_equal(probabilities, model.predict_proba(nothing))


def test_texts(shell: Any) -> None:
    generator = np.random.default_rng(5)
    common = ["the", "a", "film", "plot", "scene", "was", "with", "music", "actor", "story"]
    labels = generator.choice(["praise", "blame"], 120)
    marks = {"praise": ["wonderful", "moving"], "blame": ["dull", "tedious"]}
    texts = [" ".join([*generator.choice(common, 14), str(generator.choice(marks[label]))]) for label in labels]
    pl.DataFrame({"review": texts, "verdict": labels}).write_csv(shell.folder / "reviews.csv")
    arguments = ("--target", "verdict", "--trials", "1", "--models", "logistic_l2", "--folds", "3", "--out", "run")
    told = shell.json("train", "reviews.csv", *arguments, **_INLINE)
    assert told["test"]["value"] > 0.95
    model = sevenfold.load(shell.folder / "run")
    new = [{"review": "a dull plot"}, {"review": "the music was wonderful"}]
    assert list(model.predict(new)) == ["blame", "praise"]


def test_a_folder_of_pictures(shell: Any) -> None:
    from PIL import Image

    generator = np.random.default_rng(0)
    for name, brightness in (("dark", 60), ("light", 190)):
        folder = shell.folder / "pictures" / name
        folder.mkdir(parents=True)
        for number in range(20):
            pixels = np.clip(generator.normal(brightness, 25, (12, 12, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"{number}.png")
    arguments = ("--trials", "1", "--models", "logistic_l2", "--folds", "3", "--out", "run")
    told = shell.json("train", "pictures", *arguments, **_INLINE)
    assert told["task"] == "binary"
    assert told["test"]["value"] > 0.9
    shell.run("predict", "run", "pictures/dark", "--out", "predicted.csv")
    predicted = pl.read_csv(shell.folder / "predicted.csv")
    assert predicted["prediction"].to_list().count("dark") >= 19


def _ratings(folder: Path) -> pl.DataFrame:
    """Users who each like one third of the things."""
    generator = np.random.default_rng(0)
    user = generator.integers(0, 30, 600)
    item = (user % 3) * 10 + generator.integers(0, 10, 600)
    item = np.where(generator.random(600) < 0.15, generator.integers(0, 30, 600), item)
    frame = pl.DataFrame({"user": user, "item": item, "rating": 1 + (item + user) % 5}).unique(
        ["user", "item"], maintain_order=True
    )
    frame.write_csv(folder / "ratings.csv")
    frame.drop("rating").write_csv(folder / "events.csv")
    return frame


@pytest.mark.parametrize("rated", [True, False])
def test_recommendations(shell: Any, rated: bool) -> None:
    _ratings(shell.folder)
    data = (
        ("ratings.csv", "--target", "rating") if rated else ("events.csv", "--role", "user=user", "--role", "item=item")
    )
    told = shell.json("train", *data, "--trials", "2", "--out", "run", **_INLINE)
    assert told["task"] == "recommendation"
    assert told["metric"] == "ndcg@10"
    assert 0.2 < told["test"]["value"] <= 1.0
    shell.run("predict", "run", data[0], "--out", "predicted.csv")
    assert np.isfinite(pl.read_csv(shell.folder / "predicted.csv")["prediction"].to_numpy()).all()


def test_a_given_test_of_events_needs_no_target(shell: Any) -> None:
    _ratings(shell.folder)
    events = pl.read_csv(shell.folder / "events.csv")
    held = pl.int_range(events.height) % 5 == 0
    events.filter(held).write_csv(shell.folder / "held.csv")
    events.filter(~held).write_csv(shell.folder / "kept.csv")
    data = ("kept.csv", "--test", "held.csv", "--role", "user=user", "--role", "item=item")
    told = shell.json("train", *data, "--trials", "2", "--out", "run", **_INLINE)
    assert told["test"]["rows"] > 0
    assert told["test"]["value"] > 0
