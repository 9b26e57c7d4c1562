"""Tiny features and models, and whole predictors made of them, for tests of bundle, server and monitoring."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from sevenfold.core.dataset import Column, Kind, Schema
from sevenfold.core.feature import Feature, FeatureSpec
from sevenfold.core.inputs import Block, Form
from sevenfold.core.model import Cost, Estimator, FitInfo, ModelSpec, Recommender
from sevenfold.core.pipeline import Pipeline
from sevenfold.core.predictor import Calibrator, Combiner, Decision, Member, Predictor
from sevenfold.core.recipe import Recipe, Step
from sevenfold.core.registry import Catalogue
from sevenfold.core.space import Real, Space
from sevenfold.core.task import Goal, Target, Task
from sevenfold.core.transform import TargetTransform
from sevenfold.deployment.bundle import Contents
from sevenfold.deployment.parts import Parts
from sevenfold.deployment.runtime import Runtime

KINDS = frozenset(Kind)


class Numbers(Feature):
    spec = FeatureSpec(name="numbers", takes=KINDS, gives=Form.NUMBERS, summary="Numbers, missing ones as the mean.")

    def fit(self, columns, target, stream):
        values, _ = columns.numbers(self.inputs)
        self.means = np.nanmean(values, axis=0)
        return self.transform(columns)

    def transform(self, columns):
        values, names = columns.numbers(self.inputs)
        return Block(Form.NUMBERS, names, np.where(np.isnan(values), self.means, values))

    def state(self):
        return {"means": self.means}

    def restore(self, state):
        self.means = state["means"]


class Onehot(Feature):
    spec = FeatureSpec(name="onehot", takes=KINDS, gives=Form.NUMBERS, summary="One column a level.")

    def fit(self, columns, target, stream):
        (name,) = self.inputs
        self.levels = sorted(set(columns.strings(name).drop_nulls().to_list()))
        return self.transform(columns)

    def transform(self, columns):
        (name,) = self.inputs
        values = columns.strings(name).to_list()
        block = np.array([[float(value == level) for level in self.levels] for value in values]).reshape(
            len(values), -1
        )
        return Block(Form.NUMBERS, tuple(f"{name}={level}" for level in self.levels), block)

    def state(self):
        return {"levels": self.levels}

    def restore(self, state):
        self.levels = list(state["levels"])


class Sizes(Feature):
    spec = FeatureSpec(name="sizes", takes=KINDS, gives=Form.NUMBERS, summary="How many bytes a picture has.")

    def fit(self, columns, target, stream):
        return self.transform(columns)

    def transform(self, columns):
        sizes = columns.table.get_column(self.inputs[0]).bin.size().fill_null(0).to_numpy().astype(np.float64)
        return Block(Form.NUMBERS, self.inputs, sizes[:, None])

    def state(self):
        return {}

    def restore(self, state):
        pass


class Ids(Feature):
    spec = FeatureSpec(name="ids", takes=KINDS, gives=Form.IDS, summary="Codes of users and items.")

    def fit(self, columns, target, stream):
        self.levels = [sorted(set(columns.strings(name).drop_nulls().to_list())) for name in self.inputs]
        return self.transform(columns)

    def transform(self, columns):
        codes = [
            [levels.index(v) if v in levels else -1 for v in columns.strings(name).to_list()]
            for name, levels in zip(self.inputs, self.levels, strict=True)
        ]
        return Block(Form.IDS, self.inputs, np.array(codes, dtype=np.int32).T, tuple(map(len, self.levels)))

    def state(self):
        return {"levels": self.levels}

    def restore(self, state):
        self.levels = [list(part) for part in state["levels"]]


def _spec(name, goals, accepts=frozenset({Form.NUMBERS})):
    return ModelSpec(
        name=name,
        title=name,
        solves=frozenset(goals),
        accepts=accepts,
        space=Space(ridge=Real(1.0, 0.0, 100.0)),
        portfolio=({},),
        cost=lambda params, size: Cost(0.01, 1e6),
        source="",
        summary="for tests",
    )


class Linear(Estimator):
    """Least squares, row by row, so that a row alone equals the row in a batch."""

    spec = _spec("linear", {Goal.REGRESSION})

    def fit(self, inputs, target, valid, context):
        X = np.column_stack([inputs[Form.NUMBERS].values, np.ones(inputs.rows)])
        penalty = self.params["ridge"] * np.eye(X.shape[1])
        self.weights = np.linalg.solve(X.T @ X + penalty, X.T @ target.values)
        return FitInfo()

    def predict(self, inputs):
        X = inputs[Form.NUMBERS].values
        return (X * self.weights[:-1]).sum(axis=1) + self.weights[-1]

    def state(self):
        return {"weights": self.weights}

    def restore(self, state):
        self.weights = state["weights"]


class Softmax(Estimator):
    """Least squares on class indicators through a softmax."""

    spec = _spec("softmax", {Goal.BINARY, Goal.MULTICLASS})

    def fit(self, inputs, target, valid, context):
        X = np.column_stack([inputs[Form.NUMBERS].values, np.ones(inputs.rows)])
        Y = np.eye(target.classes)[target.codes]
        self.weights = np.linalg.solve(X.T @ X + self.params["ridge"] * np.eye(X.shape[1]), X.T @ Y)
        return FitInfo()

    def predict(self, inputs):
        X = inputs[Form.NUMBERS].values
        scores = (X[:, :, None] * self.weights[None, :-1, :]).sum(axis=1) + self.weights[-1]
        raised = np.exp(4 * (scores - scores.max(axis=1, keepdims=True)))
        return raised / raised.sum(axis=1, keepdims=True)

    def state(self):
        return {"weights": self.weights}

    def restore(self, state):
        self.weights = state["weights"]


class Popular(Recommender):
    spec = _spec("popular", {Goal.RECOMMENDATION}, frozenset({Form.IDS}))

    def fit(self, inputs, target, valid, context):
        codes = inputs[Form.IDS].values
        users, items = inputs[Form.IDS].levels
        self.scores = np.bincount(codes[:, 1], minlength=items).astype(np.float64)
        self.had = np.zeros((users, items), dtype=np.bool_)
        self.had[codes[:, 0], codes[:, 1]] = True
        return FitInfo()

    def predict(self, inputs):
        items = inputs[Form.IDS].values[:, 1]
        return np.where(items >= 0, self.scores[items], 0.0)

    def rank(self, users):
        known = np.where(users[:, None] >= 0, self.had[users], False)
        return np.where(known, -np.inf, self.scores[None, :])

    def state(self):
        return {"scores": self.scores, "had": self.had}

    def restore(self, state):
        self.scores, self.had = state["scores"], state["had"]


class Identity(TargetTransform):
    name = "identity"

    def fit(self, target):
        return target

    def apply(self, target):
        return target

    def invert(self, predicted):
        return predicted

    def state(self):
        return {}

    def restore(self, state):
        pass


class Average(Combiner):
    name = "average"

    def __init__(self):
        self.weights = np.ones(1)

    def combine(self, predictions):
        total = predictions[0] * self.weights[0]
        for weight, more in zip(self.weights[1:], predictions[1:], strict=True):
            total = total + weight * more
        return total / self.weights.sum()

    def state(self):
        return {"weights": self.weights}

    def restore(self, state):
        self.weights = state["weights"]


class Shrink(Calibrator):
    """Moves probabilities towards equal ones."""

    name = "shrink"

    def fit(self, probabilities, codes, weights):
        self.share = 0.1

    def apply(self, probabilities):
        return probabilities * (1 - self.share) + self.share / probabilities.shape[1]

    def state(self):
        return {"share": self.share}

    def restore(self, state):
        self.share = state["share"]


def _items(**classes):
    return {name: f"tiny_parts:{attribute}" for name, attribute in classes.items()}


PARTS = Parts(
    features=Catalogue("Feature", "", _items(numbers="Numbers", onehot="Onehot", ids="Ids", sizes="Sizes")),
    models=Catalogue("Model", "", _items(linear="Linear", softmax="Softmax", popular="Popular")),
    targets=Catalogue("Target", "", _items(identity="Identity")),
    combiners=Catalogue("Combiner", "", _items(average="Average")),
    calibrators=Catalogue("Calibrator", "", _items(shrink="Shrink")),
)

SCHEMA = Schema(
    (
        Column("key", Kind.ID, used=False),
        Column("age", Kind.NUMBER),
        Column("income", Kind.NUMBER),
        Column("city", Kind.CATEGORY, levels=("Rome", "Bern", "Oslo")),
        Column("member", Kind.FLAG, levels=("false", "true")),
        Column("since", Kind.DATE),
        Column("bought", Kind.CATEGORY, levels=("no", "yes")),
    )
)


def table(rows, seed=0, shift=0.0):
    """A typed table of SCHEMA with a target that its columns explain in part."""
    from datetime import datetime, timedelta

    stream = np.random.default_rng(seed)
    age = stream.normal(40 + 10 * shift, 10, rows)
    income = stream.lognormal(10, 0.5, rows)
    city = stream.choice(["Rome", "Bern", "Oslo"], rows, p=[0.5, 0.3, 0.2])
    member = stream.random(rows) < 0.4
    noise = stream.normal(0, 1, rows)
    positive = (age - 40) / 10 + (city == "Rome") + member + noise > 1.0
    start = datetime(2024, 1, 1)
    return pl.DataFrame(
        {
            "key": [f"k{i}" for i in range(rows)],
            "age": pl.Series(age),
            "income": pl.Series([None if i % 11 == 3 else v for i, v in enumerate(income)], dtype=pl.Float64),
            "city": pl.Series(city.tolist()),
            "member": pl.Series(member.tolist()),
            "since": [start + timedelta(hours=int(h)) for h in stream.integers(0, 9000, rows)],
            "bought": ["yes" if p else "no" for p in positive],
        },
        schema_overrides={"since": pl.Datetime("us")},
    )


STEPS = (
    Step("scaled", "numbers", ("age", "income", "since")),
    Step("flags", "numbers", ("member",)),
    Step("cities", "onehot", ("city",)),
)


def pipeline(recipe, data, target):
    """A fitted recipe of the tiny parts."""
    from sevenfold.core.inputs import Columns, Inputs
    from sevenfold.core.model import FitContext

    stream = np.random.default_rng(0)
    columns = Columns(data)
    fitted = []
    for step in recipe.steps:
        feature = PARTS.features.get(step.feature)(step.inputs, **step.params)
        columns.made[step.name] = feature.fit(columns, target, stream)
        fitted.append(feature)
    model = PARTS.models.get(recipe.model)(**recipe.params)
    model.fit(Inputs.of(data.height, [columns.block(n) for n in recipe.outputs]), target, None, FitContext(stream))
    return Pipeline(recipe, tuple(fitted), model, Identity())


def contents(goal=Goal.BINARY, classes=("no", "yes"), rows=400, members=2):
    """Everything that a bundle of a small trained predictor holds."""
    from sevenfold.data.profile import profile

    data = table(rows)
    schema = SCHEMA
    if goal is Goal.REGRESSION:
        data = data.with_columns(bought=pl.Series(data["age"] * 2 + np.random.default_rng(1).normal(0, 1, rows)))
        schema = SCHEMA.replacing(Column("bought", Kind.NUMBER))
        target = Target(goal, data["bought"].to_numpy())
        task = Task(goal, "bought", "rmse", id="key")
    else:
        if classes != ("no", "yes"):
            spelled = tuple(str(c).lower() if isinstance(c, bool) else str(c) for c in classes)
            thirds = np.arange(rows) % 3 if len(classes) == 3 else (data["bought"] == "yes").to_numpy().astype(int)
            data = data.with_columns(bought=pl.Series([spelled[i] for i in thirds]))
            schema = SCHEMA.replacing(Column("bought", Kind.CATEGORY, levels=spelled))
            codes = thirds.astype(np.float64)
        else:
            codes = (data["bought"] == "yes").to_numpy().astype(np.float64)
        target = Target(goal, codes, len(classes))
        task = Task(goal, "bought", "log_loss", classes=classes, id="key")
    name = "linear" if goal is Goal.REGRESSION else "softmax"
    outputs = ("scaled", "flags", "cities")
    parts = [
        Member(f"t{i}", (pipeline(Recipe(name, {"ridge": 1.0 + i}, STEPS, outputs), data, target),))
        for i in range(members)
    ]
    combiner = Average()
    combiner.weights = np.arange(1.0, members + 1)
    calibrator = None
    if goal.is_classification:
        calibrator = Shrink()
        calibrator.fit(None, None, None)
    decision = Decision(threshold=0.45) if goal is Goal.BINARY else Decision()
    predictor = Predictor(task, tuple(parts), combiner, calibrator, decision)
    runtime = Runtime.of(predictor, schema)
    return Contents(
        predictor=predictor,
        schema=schema,
        profile=profile(data, schema).to_json(),
        golden=data[:20],
        card="# A card",
        metadata={"run": "r1", "fingerprint": "abc", "test": {"value": 0.5, "low": 0.45, "high": 0.55}},
        predictions=runtime.predict(data),
    )


def with_conformal(made, rows=1000, ordered=False):
    """The same contents with what sets and intervals are made from, of rows that the tiny model had not seen."""
    from sevenfold.evaluation.conformal.stored import FIELD, learn

    task, data = made.predictor.task, table(rows, seed=77)
    runtime = Runtime.of(made.predictor, made.schema)
    if task.goal is Goal.REGRESSION:
        truth = data["age"].to_numpy() * 2 + np.random.default_rng(2).normal(0, 1, rows)
    else:
        truth = (data["bought"] == "yes").to_numpy().astype(np.float64)
    learned = learn(task, runtime.predict(data), truth, np.random.default_rng(3), ordered=ordered)
    return replace(made, metadata={**made.metadata, FIELD: learned.to_json()})


def picture(value, side=8):
    """A small PNG of one grey."""
    import io

    from PIL import Image

    buffer = io.BytesIO()
    Image.new("L", (side, side), value).save(buffer, "PNG")
    return buffer.getvalue()


def pictures():
    """A bundle's contents for pictures of two sizes, and the rows it was trained on."""
    from sevenfold.data.profile import profile

    data = pl.DataFrame(
        {
            "image": [picture(i % 256, 8 if i % 2 else 200) for i in range(60)],
            "label": ["small" if i % 2 else "large" for i in range(60)],
        }
    )
    schema = Schema((Column("image", Kind.IMAGE), Column("label", Kind.CATEGORY, levels=("large", "small"))))
    task = Task(Goal.BINARY, "label", "accuracy", classes=("large", "small"))
    target = Target(Goal.BINARY, np.arange(60) % 2.0, 2)
    recipe = Recipe("softmax", {}, (Step("sizes", "sizes", ("image",)),), ("sizes",))
    predictor = Predictor(task, (Member("t0", (pipeline(recipe, data, target),)),), Average())
    return Contents(predictor, schema, profile(data, schema).to_json(), data[:5].drop("label"), "# A card"), data


def recommendation():
    """A bundle's contents for a small table of events."""
    from sevenfold.data.profile import profile

    stream = np.random.default_rng(5)
    data = pl.DataFrame(
        {
            "who": [f"u{i}" for i in stream.integers(0, 12, 150)],
            "what": [f"i{i}" for i in (stream.random(150) ** 2 * 15).astype(int)],
            "stars": stream.integers(1, 6, 150).astype(np.float64),
        }
    )
    schema = Schema((Column("who", Kind.ID), Column("what", Kind.ID), Column("stars", Kind.NUMBER)))
    task = Task(Goal.RECOMMENDATION, "stars", "ndcg@10", roles={"user": "who", "item": "what"})
    target = Target(Goal.RECOMMENDATION, data["stars"].to_numpy())
    recipe = Recipe("popular", {}, (Step("codes", "ids", ("who", "what")),), ("codes",))
    predictor = Predictor(task, (Member("t0", (pipeline(recipe, data, target),)),), Average())
    return Contents(predictor, schema, profile(data, schema).to_json(), data[:10], "# A card")


def with_test_score(made, low, high):
    """Contents whose metadata tell another test score."""
    return replace(made, metadata={**made.metadata, "test": {"value": (low + high) / 2, "low": low, "high": high}})


class Aborting(Softmax):
    """Ends the whole process when it is restored, as a native library may on broken weights."""

    spec = _spec("aborting", {Goal.BINARY, Goal.MULTICLASS})

    def restore(self, state):
        import os

        os.abort()


class Greedy(Softmax):
    """Asks for more memory than there is when it is restored."""

    spec = _spec("greedy", {Goal.BINARY, Goal.MULTICLASS})

    def restore(self, state):
        self.weights = [bytearray(2**40) for _ in range(100)]
