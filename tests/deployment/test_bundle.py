import json
import zipfile

import numpy as np
import pytest
from tiny_parts import PARTS, contents, recommendation, table

from sevenfold.core.errors import BundleError, LimitError, RequestError
from sevenfold.core.task import Goal
from sevenfold.deployment.bundle import encode, load, save


@pytest.fixture(scope="module")
def made():
    return contents()


@pytest.fixture(scope="module")
def path(made, tmp_path_factory):
    path = tmp_path_factory.mktemp("bundle") / "model.sevenfold"
    save(path, made)
    return path


def test_a_loaded_model_predicts_bit_for_bit_what_was_saved(made, path):
    model = load(path, parts=PARTS)
    data = table(100, seed=9)
    np.testing.assert_array_equal(model.predict_proba(data), made.predictor.predict(data))
    assert model.metadata["run"] == "r1"
    assert model.card == "# A card"
    assert model.task == made.predictor.task
    assert model.schema == made.schema


def test_equal_contents_give_equal_bytes(made):
    assert encode(made) == encode(contents())


def test_the_file_is_a_plain_zip_without_code(path):
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert names[0] == "manifest.json"
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        endings = {name.rpartition(".")[2] for name in names}
        manifest = json.loads(archive.read("manifest.json"))
    assert endings <= {"json", "md", "safetensors", "bin", "z"}
    assert manifest["format"] == 2
    assert set(manifest["libraries"]) >= {"numpy", "polars"}
    assert [entry["name"] for entry in manifest["members"]] == sorted(names[1:])


@pytest.mark.parametrize(
    "made",
    [contents(Goal.REGRESSION), contents(Goal.MULTICLASS, (3, 5, 7)), recommendation()],
    ids=lambda m: m.predictor.task.goal,
)
def test_every_goal_is_saved_and_loaded(made, tmp_path):
    save(tmp_path / "m.sevenfold", made)
    model = load(tmp_path / "m.sevenfold", parts=PARTS)
    frame = made.golden
    answer = model.answer(frame)
    np.testing.assert_array_equal(answer.values, made.predictor.predict(frame))


def test_a_child_process_tries_the_model_first(path):
    assert load(path, parts=PARTS, isolated=True).task.target == "bought"


def test_the_child_refuses_what_the_parent_would(path, tmp_path):
    broken = tmp_path / "broken.sevenfold"
    broken.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(BundleError, match="damaged"):
        load(broken, parts=PARTS, isolated=True)


def test_a_predictor_that_predicts_otherwise_is_refused(made, tmp_path, monkeypatch):
    path = tmp_path / "m.sevenfold"
    save(path, made)
    import tiny_parts

    monkeypatch.setattr(tiny_parts.Shrink, "apply", lambda self, p: p)
    with pytest.raises(BundleError, match="golden"):
        load(path, parts=PARTS)


def test_a_part_that_no_catalogue_knows_is_a_bundle_error(path):
    from dataclasses import replace

    from sevenfold.core.registry import Catalogue

    without = replace(PARTS, models=Catalogue("Model", "", {"linear": "tiny_parts:Linear"}))
    with pytest.raises(BundleError, match="softmax"):
        load(path, parts=without)


def test_a_file_that_is_not_there_is_a_bundle_error(tmp_path):
    with pytest.raises(BundleError, match="cannot be read"):
        load(tmp_path / "nothing.sevenfold", parts=PARTS)


def test_a_folder_that_is_not_there_cannot_be_written_to(made, tmp_path):
    with pytest.raises(RequestError, match="cannot be written"):
        save(tmp_path / "no" / "m.sevenfold", made)


def test_a_failed_save_leaves_the_old_file_and_nothing_else(made, path, tmp_path, monkeypatch):
    target = tmp_path / "m.sevenfold"
    save(target, made)
    before = target.read_bytes()
    monkeypatch.setattr("os.fsync", lambda descriptor: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(LimitError, match="disk is full"):
        save(target, contents(members=1))
    assert target.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["m.sevenfold"]


@pytest.mark.parametrize("model", ["Aborting", "Greedy"])
def test_a_model_that_would_end_the_process_ends_the_child_only(path, model):
    from dataclasses import replace

    from sevenfold.core.registry import Catalogue

    broken = replace(PARTS, models=Catalogue("Model", "", {"softmax": f"tiny_parts:{model}"}))
    with pytest.raises(BundleError, match=r"safely|damaged"):
        load(path, parts=broken, isolated=True)
