"""ONNX files: they give what the model gives, on rows that try every edge, or are not written."""

import warnings
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from real_models import NUMBERS, PLAIN, RAW, SCHEMA, contents, table, trees

import sevenfold
from sevenfold.api.export import export
from sevenfold.core.errors import BundleError, MissingExtraError
from sevenfold.core.inputs import Columns
from sevenfold.core.int8 import INT8
from sevenfold.core.predictor import Decision
from sevenfold.core.recipe import Recipe, Step
from sevenfold.core.task import Goal
from sevenfold.deployment.bundle import save
from sevenfold.deployment.export import features
from sevenfold.deployment.export import trees as tree_nodes
from sevenfold.deployment.export.graph import CannotExportError, Graph
from sevenfold.deployment.export.onnx import TOLERANCE, export_onnx, feeds, session_of
from sevenfold.features.catalogue import FEATURES
from sevenfold.training.int8 import in_int8
from sevenfold.tuning.ensemble import StackCombiner


def loaded(tmp_path, made):
    save(tmp_path / "m.sevenfold", made)
    return sevenfold.load(tmp_path / "m.sevenfold")


def checked(tmp_path, made, tolerance=1e-12):
    """Export, then predict fresh rows by the file and by the model."""
    model = loaded(tmp_path, made)
    written = export_onnx(model, tmp_path / "m.onnx")
    assert written.rows > 500 and written.difference <= tolerance
    session = session_of((tmp_path / "m.onnx").read_bytes())
    rows = table(60, seed=9)
    names = [entry.name for entry in session.get_inputs()]
    assert set(names) <= set(model.runtime.used)
    given = session.run(None, feeds(model.read(rows).table, model.runtime, names))
    answer = model.answer(rows)
    np.testing.assert_allclose(given[-1], answer.values, rtol=tolerance, atol=tolerance)
    if answer.has_classes:
        assert given[0].tolist() == answer.labels.tolist()
    return written


NUMBER_STEPS = ("impute", "scale", "quantile", "clip", "log", "bins", "ordered", "frequency", "target_encode")


@pytest.mark.parametrize("goal", [Goal.BINARY, Goal.MULTICLASS, Goal.REGRESSION])
@pytest.mark.parametrize(
    ("recipe", "tolerance"),
    [
        (trees("lightgbm", rounds=10, leaves=6), 1e-12),
        (trees("xgboost", rounds=10, depth=3), TOLERANCE),
        (Recipe("catboost", {"rounds": 10, "depth": 3}, RAW[:1], ("raw",)), 1e-12),
        (Recipe("random_forest", {"trees": 10}, (Step("raw", "impute", (*NUMBERS, "member")),), ("raw",)), 1e-12),
    ],
    ids=["lightgbm", "xgboost", "catboost", "forest"],
)
def test_trees_give_what_the_model_gives(tmp_path, goal, recipe, tolerance):
    checked(tmp_path, contents([recipe], goal, rows=300), tolerance)


@pytest.mark.parametrize(
    ("model", "goal"),
    [
        ("logistic_l2", Goal.MULTICLASS),
        ("svm_linear", Goal.BINARY),
        ("ridge", Goal.REGRESSION),
        ("poisson", Goal.REGRESSION),
        ("constant", Goal.BINARY),
    ],
)
def test_linear_models_give_what_the_model_gives(tmp_path, model, goal):
    checked(tmp_path, contents([Recipe(model, {}, PLAIN.steps, PLAIN.outputs)], goal, rows=300))


def test_every_step_that_has_a_form_gives_what_it_gives(tmp_path):
    """Steps side by side, most of them after one another, before a model that shows every difference."""
    steps = (
        Step("filled", "impute", (*NUMBERS, "member")),
        Step("logs", "log", ("@filled",), {"skew": 0.0}),
        Step("scaled", "scale", ("@logs",), {"method": "robust"}),
        Step("ranks", "quantile", ("@filled",), {"points": 50}),
        Step("flat", "quantile", ("@filled",), {"points": 20, "shape": "uniform"}),
        Step("held", "clip", ("@filled",)),
        Step("binned", "bins", NUMBERS),
        Step("hot", "one_hot", ("city", "member")),
        Step("means", "target_encode", ("city", "member")),
        Step("shares", "frequency", ("city",)),
        Step("parts", "date_parts", ("since",)),
        Step("days", "elapsed", ("since",)),
        Step("calendar", "impute", ("@parts", "@days")),
        Step("pairs", "category_pairs", ("city", "member"), {"gain": 0.0}),
        Step("pair_means", "target_encode", ("@pairs",)),
        Step("chosen", "select_l1", ("@binned",)),
    )
    outputs = ("scaled", "ranks", "flat", "held", "hot", "means", "shares", "calendar", "pair_means", "chosen")
    checked(tmp_path, contents([Recipe("logistic_l2", {}, steps, outputs)], rows=400), 1e-9)


def test_sparse_columns_and_steps_that_kept_nothing(tmp_path):
    steps = (Step("hot", "one_hot_sparse", ("city",)), Step("filled", "impute", NUMBERS))
    checked(tmp_path, contents([Recipe("ridge", {}, steps, ("hot", "filled"))], Goal.REGRESSION, rows=300))
    steps = (Step("raw", "passthrough", NUMBERS), Step("made", "ratios", NUMBERS, {"gain": 1.0}))
    steps = (*steps, Step("more", "scale", ("@made",)), Step("order", "ordered", ("city",)))
    recipe = Recipe("lightgbm", {"rounds": 10}, steps, ("raw", "made", "more", "order"))
    checked(tmp_path, contents([recipe], Goal.REGRESSION, rows=300))


@pytest.mark.parametrize(
    ("step", "state"),
    [
        (
            Step("made", "ratios", NUMBERS),
            {"kept": [["ratio", 0, 1], ["inverse", 0, 1], ["difference", 1, 0], ["product", 0, 1]]},
        ),
        (
            Step("pairs", "category_pairs", ("city", "member")),
            {"pairs": [[0, 1]], "levels": [["Rome\x1ftrue", "Oslo\x1ffalse", "Köln\x1ffalse"]]},
        ),
        (
            Step("none", "quantile", ("age",)),
            {"known": np.empty(0), "outputs": np.empty(0), "starts": np.array([0, 0])},
        ),
        (Step("one", "quantile", ("age",)), {"known": np.ones(1), "outputs": np.ones(1), "starts": np.array([0, 1])}),
    ],
    ids=lambda value: value.name if isinstance(value, Step) else "",
)
def test_one_step_alone_gives_what_it_gives(step, state):
    from sevenfold.deployment.runtime import Runtime

    feature = FEATURES.get(step.feature)(step.inputs, **step.params)
    feature.restore(state)
    rows = table(80).with_columns(age=pl.when(pl.arange(80) % 7 == 1).then(0.0).otherwise("age"))
    graph = Graph()
    made = features.convert(features.Sources(graph, SCHEMA), feature, step)
    make = graph.onnx.helper
    element = graph.onnx.TensorProto.INT64 if step.feature == "category_pairs" else graph.onnx.TensorProto.DOUBLE
    output = make.make_tensor_value_info(made.value, element, ["rows", len(made.names)])
    whole = make.make_graph(graph.nodes, "one", list(graph.inputs.values()), [output], graph.initializers)
    versions = [make.make_opsetid("", 20), make.make_opsetid("ai.onnx.ml", 5)]
    session = session_of(make.make_model(whole, opset_imports=versions, ir_version=10).SerializeToString())
    fed = feeds(rows, Runtime(None, SCHEMA, frozenset(), {}), list(graph.inputs))
    expected = feature.transform(Columns(rows))
    assert len(made.names) == len(expected.names)
    np.testing.assert_array_equal(session.run(None, fed)[0], expected.values)


@pytest.mark.parametrize("target", ["standard", "log1p", "log", "sqrt", "normal"])
def test_targets_are_given_in_their_own_unit(tmp_path, target):
    recipe = Recipe("ridge", {}, PLAIN.steps, PLAIN.outputs, target)
    checked(tmp_path, contents([recipe], Goal.REGRESSION, rows=200), 1e-9)


def test_ensembles_calibration_and_decisions(tmp_path):
    boosted = trees("lightgbm", rounds=10, leaves=4)
    checked(tmp_path, contents([PLAIN, boosted], weights=[0.3, 0.7], calibrated=True, decision=Decision(threshold=0.3)))
    costs = np.array([[0.0, 1.0, 5.0], [2.0, 0.0, 1.0], [9.0, 1.0, 0.0]])
    stack = StackCombiner()
    stack.restore({"weights": [0.4, 0.5], "shift": [0.1, -0.2, 0.0], "classification": True})
    made = contents([PLAIN, boosted], Goal.MULTICLASS, combiner=stack, calibrated=True, decision=Decision(costs=costs))
    checked(tmp_path, made)
    sums = StackCombiner()
    sums.restore({"weights": [0.4, 0.5], "shift": [3.0], "classification": False})
    ridge = Recipe("ridge", {}, PLAIN.steps, PLAIN.outputs)
    checked(tmp_path, contents([ridge, boosted], Goal.REGRESSION, combiner=sums))


@pytest.mark.slow
@pytest.mark.parametrize("goal", [Goal.BINARY, Goal.REGRESSION])
@pytest.mark.parametrize("params", [{}, {"layers": 2, "residual": True, "bins": 4}, {"bins": 0, "layers": 1}])
def test_perceptrons_give_what_the_model_gives(tmp_path, goal, params):
    checked(tmp_path, contents([trees("mlp", epochs=2, units=16, **params)], goal, rows=200), TOLERANCE)


def test_weights_in_eight_bits_give_what_they_give(tmp_path):
    made = contents([trees("mlp", epochs=1, units=16, layers=1, bins=0)], Goal.BINARY, rows=200)
    rounded = tuple(replace(m, pipelines=tuple(map(in_int8, m.pipelines))) for m in made.predictor.members)
    made = replace(made, predictor=replace(made.predictor, members=rounded))
    checked(tmp_path, made, TOLERANCE)
    (member,) = sevenfold.load(tmp_path / "m.sevenfold").runtime.predictor.members
    assert {pipeline.precision for pipeline in member.pipelines} == {INT8}


@pytest.mark.parametrize(
    ("recipe", "part"),
    [
        (Recipe("logistic_l2", {}, (Step("words", "tfidf", ("note",)),), ("words",)), "'tfidf' on columns note"),
        (trees("catboost", rounds=10), r"CatBoost's own encoding of categories \(city\)"),
        (Recipe("neighbours", {}, PLAIN.steps, PLAIN.outputs), "Model 'neighbours'"),
    ],
    ids=["text", "catboost categories", "neighbours"],
)
def test_what_has_no_form_is_named_and_nothing_is_written(tmp_path, recipe, part):
    model = loaded(tmp_path, contents([recipe], rows=150))
    with pytest.raises(CannotExportError, match=part) as refused:
        export_onnx(model, tmp_path / "m.onnx")
    assert "--format mlflow" in refused.value.advice and refused.value.exit_code == 2
    assert not (tmp_path / "m.onnx").exists()


@pytest.mark.parametrize("settings", [{"linear_tree": True}, {"boosting": "rf"}, {"zero_as_missing": True}])
def test_lightgbm_forms_that_convert_wrongly_elsewhere_are_refused(tmp_path, settings):
    import lightgbm

    made = contents([Recipe("lightgbm", {"rounds": 10}, RAW[:1], ("raw",))], Goal.REGRESSION, rows=300)
    model = made.predictor.members[0].pipelines[0].model
    data = table(300)
    X = data.select(*NUMBERS, pl.col("member").cast(pl.Float64)).to_numpy()
    X[::4, 0] = 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows = lightgbm.Dataset(X, data["income"].fill_null(0.0).to_numpy(), params={"verbosity": -1, **settings})
        always = {"objective": "regression", "verbosity": -1, "bagging_fraction": 0.7, "bagging_freq": 1}
        booster = lightgbm.train({**always, **settings}, rows, 8)
    model._take(booster.model_to_string().encode())
    with pytest.raises((CannotExportError, BundleError), match=r"LightGBM (with|model is damaged)"):
        export_onnx(loaded(tmp_path, made), tmp_path / "m.onnx")
    assert not (tmp_path / "m.onnx").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda patch: patch.setattr(tree_nodes, "LEQ", tree_nodes.LESS),  # wrong only at a threshold itself
        lambda patch: patch.setattr(tree_nodes.Ensemble, "link", _missing_elsewhere),
        lambda patch: patch.setattr(features.Sources, "_encoder", _unseen_as_first),
    ],
    ids=["boundary", "missing", "unseen"],
)
def test_a_wrong_conversion_is_caught_and_nothing_is_written(tmp_path, monkeypatch, wrong):
    model = loaded(tmp_path, contents([trees("lightgbm", rounds=10, leaves=6)], rows=300))
    wrong(monkeypatch)
    with pytest.raises(CannotExportError, match="does not reproduce the model"):
        export_onnx(model, tmp_path / "m.onnx")
    assert not (tmp_path / "m.onnx").exists()


def _missing_elsewhere(self, parent, side, child, is_leaf):
    self.missing[parent] = 1 - self.missing[parent] if side else self.missing[parent]
    self.children[parent][side] = child
    self.is_leaf[parent][side] = int(is_leaf)


def _unseen_as_first(self, value, keys, known):
    attributes = {keys: list(known), "values_int64s": list(known.values()), "default_int64": 0}
    return self.graph.add("LabelEncoder", value, domain="ai.onnx.ml", **attributes)


def test_the_file_says_what_it_is(tmp_path):
    import onnx

    model = loaded(tmp_path, contents([PLAIN], rows=150))
    said = export(tmp_path / "m.sevenfold", "onnx", tmp_path / "m.onnx")
    assert "onnxruntime reproduces the model" in said
    read = onnx.load(tmp_path / "m.onnx")
    onnx.checker.check_model(read)
    notes = {entry.key: entry.value for entry in read.metadata_props}
    assert notes["sevenfold.digest"] == model.digest and notes["sevenfold.target"] == "answer"
    assert [entry.name for entry in read.graph.output] == ["label", "probabilities"]
    assert not any(entry.data_location for entry in read.graph.initializer)  # nothing outside the file


def test_without_the_extra_the_error_names_it(tmp_path, monkeypatch):
    import sys

    model = loaded(tmp_path, contents([PLAIN], rows=150))
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingExtraError, match="sevenfold\\[onnx\\]"):
        export_onnx(model, tmp_path / "m.onnx")
