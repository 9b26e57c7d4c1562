from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from sevenfold.core.dataset import Column, Kind, Schema
from sevenfold.core.errors import DataError, RequestError
from sevenfold.core.inputs import Columns, Form, Inputs
from sevenfold.core.model import Cost, ModelSpec, Trait
from sevenfold.core.recipe import Recipe
from sevenfold.core.space import Space
from sevenfold.core.task import Goal, Target, Task
from sevenfold.features.catalogue import FEATURES
from sevenfold.features.plan import STYLES, plan, styles
from sevenfold.testing.feature_checks import sample_table


def model(name, accepts, *traits):
    return ModelSpec(
        name=name,
        title=name,
        solves=frozenset(Goal),
        accepts=frozenset(accepts),
        space=Space(),
        portfolio=({},),
        cost=lambda params, size: Cost(1.0, 1.0),
        source="",
        summary="",
        traits=frozenset(traits),
    )


NATIVE = model("boosted", {Form.NUMBERS, Form.CATEGORIES, Form.SPARSE}, Trait.TREES, Trait.MISSING)
FOREST = model("forest", {Form.NUMBERS}, Trait.TREES)
LINEAR = model("linear", {Form.NUMBERS, Form.SPARSE}, Trait.LINEAR)
DENSE_LINEAR = model("dense linear", {Form.NUMBERS}, Trait.LINEAR)
NEIGHBOURS = model("neighbours", {Form.NUMBERS})
NETWORK = model("network", {Form.NUMBERS, Form.CATEGORIES})
PICTURES = model("pictures", {Form.IMAGES})
RECOMMENDER = model("recommender", {Form.IDS})
CONSTANT = model("constant", set(Form), Trait.BASELINE)
TABULAR = [NATIVE, FOREST, LINEAR, DENSE_LINEAR, NEIGHBOURS, NETWORK]

TASK = Task(Goal.BINARY, "answer", "roc_auc", (0, 1))
LEVELS = {"colour": 4, "town": 60, "user": 40, "item": 25}
KINDS = {
    "size": Kind.NUMBER,
    "price": Kind.NUMBER,
    "member": Kind.FLAG,
    "colour": Kind.CATEGORY,
    "town": Kind.CATEGORY,
    "opened": Kind.DATE,
    "closed": Kind.DATE,
    "title": Kind.TEXT,
    "user": Kind.ID,
    "picture": Kind.IMAGE,
}


def schema(*names, **changes):
    columns = []
    for name in names or KINDS:
        levels = tuple(f"{name} {i}" for i in range(LEVELS.get(name, 0)))
        columns.append(replace(Column(name, KINDS[name], levels=levels), **changes.get(name, {})))
    return Schema((*columns, Column("answer", Kind.FLAG)))


def choices(made, column):
    return [d.choice for d in made.decisions if d.column == column]


def run(made, rows=300, goal=Goal.BINARY):
    """The inputs that a plan gives, fitted on one table and converted for another."""
    table, other = sample_table(rows), sample_table(50, seed=4)
    generator = np.random.default_rng(0)
    target = Target(goal, (generator.random(rows) < 0.5).astype(np.float64), 2)
    columns, others = Columns(table), Columns(other)
    for step in made.steps:
        feature = FEATURES.get(step.feature)(step.inputs, **step.params)
        columns.made[step.name] = feature.fit(columns, target, generator)
        others.made[step.name] = feature.transform(others)
    learned = Inputs.of(rows, [columns.block(name) for name in made.outputs])
    return learned, Inputs.of(50, [others.block(name) for name in made.outputs])


@pytest.mark.parametrize("spec", TABULAR, ids=lambda s: s.name)
@pytest.mark.parametrize("style", STYLES)
def test_every_plan_runs_and_gives_only_what_the_model_accepts(spec, style):
    made = plan(schema(), None, TASK, spec, 300, style=style)
    learned, others = run(made)
    assert set(learned.blocks) <= spec.accepts and learned.names == others.names
    assert len(set(learned.names)) == len(learned.names)
    if Trait.MISSING not in spec.traits:
        assert np.isfinite(others[Form.NUMBERS].values).all()


@pytest.mark.parametrize("spec", [*TABULAR, CONSTANT, PICTURES], ids=lambda s: s.name)
def test_every_column_has_a_decision_with_a_reason(spec):
    made = plan(schema(size={"used": False, "reason": "Constant."}), None, TASK, spec, 300)
    assert {d.column for d in made.decisions} == {*KINDS, "answer"}
    assert all(d.reason and d.choice for d in made.decisions)
    assert choices(made, "answer") == choices(made, "size") == ["left out"]
    used = {name for step in made.steps for name in step.inputs if not name.startswith("@")}
    assert used == {d.column for d in made.decisions if not d.declined}


@pytest.mark.parametrize("spec", TABULAR, ids=lambda s: s.name)
def test_a_plan_is_plain_data_and_its_steps_are_in_order(spec):
    made = plan(schema(), None, TASK, spec, 300, style="expanded")
    recipe = Recipe("m", {}, made.steps, made.outputs)
    assert Recipe.from_json(recipe.to_json()) == recipe
    known = set()
    for step in made.steps:
        assert all(name[1:] in known for name in step.inputs if name.startswith("@"))
        assert step.name not in known
        known.add(step.name)


def test_columns_that_stand_apart_are_no_inputs():
    task = replace(TASK, weight="price", group="town", id="user", drop=("colour",))
    made = plan(schema(), None, task, NATIVE, 300)
    used = {name for step in made.steps for name in step.inputs}
    assert not used & {"price", "town", "user", "colour", "answer"}
    assert {d.reason for d in made.decisions if d.column == "colour"} == {"It is a column the user dropped."}


def test_native_trees_get_codes_and_dense_text():
    learned, _ = run(plan(schema(), None, TASK, NATIVE, 300))
    assert {"colour", "town", "user"} <= set(learned[Form.CATEGORIES].names)
    assert any(name.startswith("words:topic") for name in learned[Form.NUMBERS].names)
    assert Form.SPARSE not in learned.blocks and np.isnan(learned[Form.NUMBERS].values).any()


def test_linear_models_get_sparse_words_and_letters():
    made = plan(schema("size", "title"), None, TASK, LINEAR, 300)
    learned, _ = run(made)
    assert {step.name for step in made.steps if step.feature == "tfidf"} == {"words", "letters"}
    assert Form.SPARSE in learned.blocks


def test_ratios_are_held_within_bounds_for_weighted_sums():
    made = plan(schema("size", "price"), None, TASK, LINEAR, 300, style="with-ratios")
    inputs = {step.name: (step.feature, step.inputs) for step in made.steps}
    assert inputs["held"] == ("clip", ("@ratios",)) and "@held" in inputs["filled"][1]


def test_a_known_order_is_used_by_trees_that_take_no_codes():
    order = ["colour 3", "colour 1", "colour 0", "colour 2"]
    made = plan(schema("colour", colour={"parse": {"order": order}}), None, TASK, FOREST, 300)
    assert made.steps[0].params == {"orders": {"colour": order}}


def test_high_cardinality_gets_target_means_for_models_of_distance():
    towns = tuple(f"{a}{b}" for a in "abcdef" for b in "abcdef")
    made = plan(schema("colour", "town", town={"levels": towns}), None, TASK, NEIGHBOURS, 300)
    assert choices(made, "town") == ["cross-fitted target means"]
    assert choices(made, "colour") == ["a column a level"]


@dataclass(frozen=True)
class Facts:
    columns: dict = field(default_factory=dict)


@dataclass(frozen=True)
class ColumnFacts:
    distinct: int


def test_the_profile_counts_before_the_schemas_levels():
    made = plan(schema("size", "user"), Facts({"user": ColumnFacts(280)}), TASK, NATIVE, 300)
    assert choices(made, "user") == ["left out"]
    made = plan(schema("size", "town"), Facts({"town": ColumnFacts(280)}), TASK, NATIVE, 300)
    assert "topics of weighted words" in choices(made, "town")


def test_a_split_by_time_keeps_years_from_models_that_extrapolate():
    task = replace(TASK, time="opened")
    made = plan(schema("opened", "size"), None, task, LINEAR, 300)
    assert made.steps[0].params == {"year": False, "cycles": True}
    assert [step.feature for step in made.steps].count("elapsed") == 0
    assert "lies outside" in next(d.reason for d in made.decisions if d.column == "opened")
    trees = plan(schema("opened", "size"), None, task, NATIVE, 300)
    assert any(step.feature == "elapsed" for step in trees.steps)


def test_a_numeric_time_column_is_kept_from_models_that_extrapolate():
    made = plan(schema("price", "size"), None, replace(TASK, time="price"), LINEAR, 300)
    assert choices(made, "price") == ["left out"]


def test_levels_with_figures_inside_are_read():
    torque = tuple(f"{90 + i}Nm@ {1500 + i}rpm" for i in range(40))
    made = plan(schema("town", town={"levels": torque}), None, TASK, NATIVE, 300)
    assert "its figures" in choices(made, "town")


def test_levels_of_several_words_give_their_first_words():
    names = tuple(f"Maruti Swift {i}" for i in range(60))
    made = plan(schema("town", town={"levels": names}), None, TASK, NATIVE, 300)
    assert "its first words as categories" in choices(made, "town")


def test_pictures_go_to_networks_and_are_declined_by_others():
    made = plan(schema("picture", "size"), None, TASK, PICTURES, 300)
    assert [(step.feature, step.inputs) for step in made.steps] == [("picture_pixels", ("picture",))]
    assert choices(made, "size") == ["left out"]
    made = plan(schema("picture", "size"), None, TASK, NATIVE, 300)
    assert choices(made, "picture") == ["left out"]


def test_pictures_alone_are_turned_into_numbers():
    made = plan(schema("picture"), None, TASK, LINEAR, 300)
    assert [step.feature for step in made.steps] == ["picture_hog", "picture_stats"]


def test_recommenders_get_users_and_items():
    task = Task(Goal.RECOMMENDATION, "answer", "ndcg@10", roles={"user": "user", "item": "town"})
    made = plan(schema(), None, task, RECOMMENDER, 300)
    assert [(step.feature, step.inputs) for step in made.steps] == [("id_codes", ("user", "town"))]


def test_the_constant_looks_at_nothing():
    made = plan(schema(), None, TASK, CONSTANT, 300)
    assert made.steps == () and made.outputs == ()


def test_a_model_without_any_input_is_an_error_with_advice():
    with pytest.raises(DataError, match="finds no column"):
        plan(schema("size", size={"used": False}), None, TASK, NATIVE, 300)
    with pytest.raises(DataError, match="finds no column"):
        plan(schema("size"), None, TASK, PICTURES, 300)


def test_an_unknown_style_is_an_error():
    with pytest.raises(RequestError, match="expanded"):
        plan(schema(), None, TASK, NATIVE, 300, style="expandd")


def test_styles_that_make_a_difference():
    assert styles(schema(), LINEAR, 300) == STYLES[:-1]
    assert styles(schema("size"), NATIVE, 300) == ("default",)
    assert styles(schema(), CONSTANT, 300) == styles(schema(), PICTURES, 300) == ("default",)
    assert "with-ratios" not in styles(schema(), NATIVE, 100)


@pytest.mark.parametrize("spec", TABULAR, ids=lambda s: s.name)
def test_styles_change_the_plan(spec):
    plain = plan(schema(), None, TASK, spec, 300)
    for style in styles(schema(), spec, 300)[1:]:
        assert plan(schema(), None, TASK, spec, 300, style=style).steps != plain.steps, style


@pytest.mark.parametrize(("spec", "feature"), [(NATIVE, "select_importance"), (LINEAR, "select_l1")])
def test_many_columns_can_be_selected_from(spec, feature):
    wide = Schema((*(Column(f"c{i}", Kind.NUMBER) for i in range(40)), Column("answer", Kind.FLAG)))
    assert "selected" in styles(wide, spec, 1000) and "selected" not in styles(wide, spec, 100)
    made = plan(wide, None, TASK, spec, 1000, style="selected")
    assert made.outputs == ("selected",) and made.steps[-1].feature == feature


def test_ten_thousand_columns_are_a_few_steps():
    import time

    wide = Schema((*(Column(f"c{i}", Kind.NUMBER) for i in range(10_000)), Column("answer", Kind.FLAG)))
    begin = time.process_time()
    for spec in TABULAR:
        assert len(plan(wide, None, TASK, spec, 300).steps) < 10
    assert time.process_time() - begin < 2
