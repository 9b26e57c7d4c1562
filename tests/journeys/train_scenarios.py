"""A whole training, for `kill_steps` to break off.

What training imports is imported here, once for all that are forked: it would take each of them four times as long as
the work itself.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import lightgbm  # noqa: F401
import numpy as np
import polars as pl
import psutil  # noqa: F401
import pyarrow.compute  # noqa: F401
import scipy.optimize
import scipy.stats  # noqa: F401
import sklearn.linear_model
import sklearn.metrics
import sklearn.model_selection
import sklearn.preprocessing
import sklearn.tree  # noqa: F401
from kill_steps import Scenario

import sevenfold.api.load
import sevenfold.api.train
import sevenfold.features.catalogue
import sevenfold.models.catalogue
from sevenfold.core.config import Plan
from sevenfold.core.errors import RequestError
from sevenfold.core.run import Journal

STAGES = ("nothing", "not begun", "begun", "packed", "finished")


class Trained(Scenario):
    """A small table becomes a finished run.

    Args:
        models: to choose from, a trial for each.
        inline: trials in the process itself, not in workers.
    """

    def __init__(self, models: tuple[str, ...] = ("logistic_l2", "decision_tree"), inline: bool = True) -> None:
        self.models = tuple(models)
        os.environ["SEVENFOLD_INLINE"] = "1" if inline else ""

    def prepare(self, folder: Path) -> None:
        stream = np.random.default_rng(4)
        x, colour = stream.normal(size=90), stream.choice(["red", "green"], 90)
        bought = np.where(x + (colour == "red") + stream.normal(size=90) * 0.5 > 0.5, "yes", "no")
        pl.DataFrame({"x": x.round(3), "colour": colour, "bought": bought}).write_csv(folder / "data.csv")

    def act(self, folder: Path) -> None:
        sevenfold.api.train.train(
            str(folder / "data.csv"), "bought", trials=len(self.models), folds=2, models=self.models,
            threads=1, out=str(folder / "run"),
        )  # fmt: skip

    def again(self, folder: Path) -> None:
        """What the message says: go on, or start anew in the same folder."""
        try:
            sevenfold.api.train.resume(folder / "run")
        except RequestError as error:
            assert "tart it anew" in error.advice, error
            self.act(folder)

    def state(self, folder: Path) -> Any:
        """The stage that the run has reached; the model's digest once there is one, which then predicts."""
        run = folder / "run"
        if not run.exists():
            return [STAGES[0], None]
        for path in [*run.glob("*.json"), *run.glob("trials/*/*[!p]/*.json")]:  # what is under way ends in ".tmp"
            json.loads(path.read_text(encoding="utf-8"))
        if (run / "plan.toml").exists():
            Plan.load(run / "plan.toml")
        if not ((run / "journal.jsonl").exists() and (run / "folds" / "ready").exists()):
            assert not (run / "model.sevenfold").exists()
            return [STAGES[1], None]
        kinds = [event.kind for event in Journal(run / "journal.jsonl").events()]
        try:
            model = sevenfold.api.load.load(run)
        except RequestError as error:
            assert "resume" in error.advice and "run.finished" not in kinds, (error, kinds)
            return [STAGES[2], None]
        assert set(model.predict({"x": [0.1, None], "colour": ["red", None]}).tolist()) <= {"yes", "no"}
        return [STAGES[4 if "run.finished" in kinds else 3], learned(run / "model.sevenfold")]


def learned(bundle: Path) -> str:
    """A digest of all that predicts."""
    digest = hashlib.sha256()
    with zipfile.ZipFile(bundle) as archive:
        for name in sorted(archive.namelist()):
            if name.startswith(("state/", "recipe.json", "golden.json", "task.json", "schema.json", "prediction.json")):
                digest.update(name.encode() + archive.read(name))
    return digest.hexdigest()
