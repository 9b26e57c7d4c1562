"""The MLflow folder, loaded by MLflow itself."""

import json
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from real_models import PLAIN, contents, table, trees

import sevenfold
from sevenfold.api.export import export
from sevenfold.core.dataset import Kind
from sevenfold.core.errors import RequestError
from sevenfold.core.int8 import INT8
from sevenfold.core.task import Goal
from sevenfold.deployment.bundle import save
from sevenfold.deployment.export import mlflow
from sevenfold.training.int8 import in_int8


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    path = tmp_path_factory.mktemp("bundle") / "model.sevenfold"
    save(path, contents([PLAIN], rows=200))
    return path


@pytest.fixture(scope="module")
def folder(bundle):
    out = bundle.parent / "mlflow"
    export(bundle, "mlflow", out)
    return out


def pyfunc():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow.pyfunc
    return mlflow.pyfunc


@pytest.mark.filterwarnings("ignore")
def test_mlflow_loads_the_folder_and_predicts_as_sevenfold_does(bundle, folder):
    loaded = pyfunc().load_model(str(folder))
    model = sevenfold.load(bundle)
    rows = table(50, seed=3).to_pandas()
    given = loaded.predict(rows, params={"proba": True})
    assert given["prediction"].tolist() == model.predict(rows).tolist()
    assert (given[["probability_no", "probability_yes"]].to_numpy() == model.predict_proba(rows)).all()
    assert list(loaded.predict(rows).columns) == ["prediction"]
    # Columns may be missing, be in another order, or be of no interest.
    fewer = rows[["city", "age", "income", "note"]]
    assert loaded.predict(fewer)["prediction"].tolist() == model.predict(fewer).tolist()
    # The example that the folder brings along fits its own signature.
    assert len(loaded.predict(loaded.input_example)) == 5
    described = loaded.metadata.signature.to_dict()
    assert {c["name"] for c in json.loads(described["inputs"])} == {"age", "income", "city", "member"}


@pytest.mark.filterwarnings("ignore")
def test_weights_in_eight_bits_come_along_as_they_are(tmp_path):
    made = contents([trees("mlp", epochs=1, units=16, layers=1, bins=0)], rows=200)
    rounded = tuple(replace(m, pipelines=tuple(map(in_int8, m.pipelines))) for m in made.predictor.members)
    path = tmp_path / "m.sevenfold"
    save(path, replace(made, predictor=replace(made.predictor, members=rounded)))
    export(path, "mlflow", tmp_path / "mlflow")
    rows = table(50, seed=3).to_pandas()
    given = pyfunc().load_model(str(tmp_path / "mlflow")).predict(rows, params={"proba": True})
    model = sevenfold.load(path)
    assert (given[["probability_no", "probability_yes"]].to_numpy() == model.predict_proba(rows)).all()
    packed = sevenfold.load(tmp_path / "mlflow" / "model.sevenfold")
    assert {p.precision for m in packed.runtime.predictor.members for p in m.pipelines} == {INT8}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_mlflow_loads_other_goals(tmp_path):
    for goal, recipe in ((Goal.REGRESSION, trees("lightgbm", rounds=10)), (Goal.MULTICLASS, PLAIN)):
        path = tmp_path / f"{goal}.sevenfold"
        save(path, contents([recipe], goal))
        export(path, "mlflow", tmp_path / goal)
        rows = table(50, seed=3).to_pandas()
        given = pyfunc().load_model(str(tmp_path / goal)).predict(rows)["prediction"]
        assert given.tolist() == sevenfold.load(path).predict(rows).tolist()


@pytest.mark.slow
def test_mlflow_models_serve_answers(folder, tmp_path):
    import os
    import socket
    import time
    import urllib.request

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(folder), "--env-manager", "local"]
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(
            [*command, "-p", str(port)], env=environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            for _ in range(240):
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=2).close()
                    break
                except OSError:
                    assert server.poll() is None, (tmp_path / "log").read_text()
                    time.sleep(0.5)
            request = urllib.request.Request(
                f"http://127.0.0.1:{port}/invocations",
                (folder / "serving_input_example.json").read_bytes(),
                {"Content-Type": "application/json"},
            )
            with urllib.request.urlopen(request, timeout=60) as answer:
                given = json.load(answer)
        finally:
            os.killpg(server.pid, 9)
            server.wait()
    example = json.loads((folder / "input_example.json").read_text())
    records = [dict(zip(example["columns"], row, strict=True)) for row in example["data"]]
    expected = sevenfold.load(folder / "model.sevenfold").predict(records).tolist()
    assert [row["prediction"] for row in given["predictions"]] == expected


def test_the_folder_appears_whole_or_not_at_all(bundle, folder, tmp_path):
    before = sorted(p.name for p in folder.iterdir())
    with pytest.raises(RequestError, match="there already"):
        export(bundle, "mlflow", folder)
    assert sorted(p.name for p in folder.iterdir()) == before
    with pytest.raises(RequestError, match="cannot be written"):
        export(bundle, "mlflow", tmp_path / "no" / "folder")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_format_suggests_the_nearest(bundle, tmp_path):
    with pytest.raises(RequestError, match="mlflow"):
        export(bundle, "mlfow", tmp_path / "m.onnx")


def test_the_bundle_in_the_folder_is_the_bundle(bundle, folder):
    assert (folder / "model.sevenfold").read_bytes() == bundle.read_bytes()
    assert not any(Path(p).suffix in (".pkl", ".pickle") for p in folder.iterdir())
    assert np.isfinite(sevenfold.load(folder / "model.sevenfold").predict_proba(table(3))).all()


def test_a_flag_written_in_words_may_be_given_as_a_flag():
    assert mlflow._joined({"string"}, Kind.FLAG) == "any"
    assert mlflow._joined({"boolean"}, Kind.FLAG) == "boolean"
    assert mlflow._joined({"string"}, Kind.CATEGORY) == "string"
