import polars as pl
import pytest
from tiny_parts import PARTS, contents, recommendation, table, with_conformal

from sevenfold.core.errors import DataError, RequestError
from sevenfold.core.task import Goal
from sevenfold.deployment import batch
from sevenfold.deployment.batch import predict_file
from sevenfold.deployment.bundle import load, save

READ = {".csv": pl.read_csv, ".parquet": pl.read_parquet, ".jsonl": pl.read_ndjson}


def loaded(folder, made):
    save(folder / "m.sevenfold", made)
    return load(folder / "m.sevenfold", parts=PARTS)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return loaded(tmp_path_factory.mktemp("model"), contents())


@pytest.mark.parametrize("suffix", READ)
def test_id_prediction_and_probabilities_in_the_rows_order(model, tmp_path, suffix, monkeypatch):
    monkeypatch.setattr(batch, "CHUNK_ROWS", 30)
    data = table(100, seed=20)
    data.drop("bought").write_csv(tmp_path / "rows.csv")
    out = tmp_path / f"out{suffix}"
    assert predict_file(model, tmp_path / "rows.csv", out, proba=True) == 100
    written = READ[suffix](out)
    assert written.columns == ["key", "prediction", "probability_no", "probability_yes"]
    assert written["key"].to_list() == data["key"].to_list()
    assert written["prediction"].to_list() == model.predict(data).tolist()
    assert written["probability_yes"].to_list() == model.predict_proba(data)[:, 1].tolist()
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(["rows.csv", out.name])


def test_only_the_prediction_where_nothing_else_is_asked_for(model, tmp_path):
    predict_file(model, table(10).drop("key"), tmp_path / "out.csv")
    assert READ[".csv"](tmp_path / "out.csv").columns == ["prediction"]


def test_explanations_beside_predictions(model, tmp_path):
    predict_file(model, table(5), tmp_path / "out.parquet", proba=True, explain=True)
    written = pl.read_parquet(tmp_path / "out.parquet")
    parts = [c for c in written.columns if c.startswith("contribution_")]
    total = written["baseline"] + written.select(pl.sum_horizontal(parts)).to_series()
    assert (total - written["probability_yes"]).abs().max() < 1e-9


@pytest.mark.parametrize("suffix", READ)
def test_sets_beside_predictions(tmp_path, suffix):
    model = loaded(tmp_path, with_conformal(contents()))
    out, data = tmp_path / f"out{suffix}", table(50, seed=21)
    predict_file(model, data, out, coverage=0.9)
    written = READ[suffix](out)
    assert written.columns == ["key", "prediction", "prediction_set"]
    sets = model.predict_set(data)
    assert written["prediction_set"].to_list() == ([", ".join(s) for s in sets] if suffix == ".csv" else sets)


def test_intervals_beside_predictions(tmp_path):
    model = loaded(tmp_path, with_conformal(contents(Goal.REGRESSION), rows=50))
    data = table(50, seed=22)
    predict_file(model, data, tmp_path / "out.parquet", coverage=0.9)
    written = pl.read_parquet(tmp_path / "out.parquet")
    assert written.select("interval_low", "interval_high").to_numpy().tolist() == model.predict_interval(data).tolist()
    predict_file(model, data, tmp_path / "wide.csv", coverage=0.99)
    assert pl.read_csv(tmp_path / "wide.csv")["interval_high"].null_count() == 50


def test_a_coverage_that_cannot_be_given_leaves_no_file(model, tmp_path):
    with pytest.raises(RequestError, match="how sure"):
        predict_file(model, table(5), tmp_path / "out.csv", coverage=0.9)
    with pytest.raises(RequestError, match="out of range"):
        predict_file(model, table(5), tmp_path / "out.csv", coverage=1.5)
    assert not (tmp_path / "out.csv").exists()


def test_a_regression(tmp_path):
    model = loaded(tmp_path, contents(Goal.REGRESSION))
    data = table(10, seed=3)
    predict_file(model, data, tmp_path / "out.jsonl")
    assert pl.read_ndjson(tmp_path / "out.jsonl")["prediction"].to_list() == model.predict(data).tolist()
    with pytest.raises(RequestError, match="no probabilities"):
        predict_file(model, data, tmp_path / "out.csv", proba=True)


def test_a_recommendation_lists_items(tmp_path):
    model = loaded(tmp_path, recommendation())
    users = pl.DataFrame({"who": ["u1", "nobody"]})
    for suffix in READ:
        predict_file(model, users, tmp_path / f"out{suffix}")
    assert pl.read_parquet(tmp_path / "out.parquet")["prediction"].list.len().to_list()[1] == 10
    assert pl.read_csv(tmp_path / "out.csv")["prediction"][1].count(",") == 9


def test_a_failure_leaves_the_old_file(model, tmp_path):
    out = tmp_path / "out.csv"
    out.write_text("old")
    with pytest.raises(DataError, match="half"):
        predict_file(model, pl.DataFrame({"x": [1]}), out)
    with pytest.raises(RequestError, match="form"):
        predict_file(model, table(3), tmp_path / "out.xml")
    assert out.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["out.csv"]
