"""What is mutated: for each part of a bundle a small real one, and the members of it that are changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from real_models import NUMBERS, PLAIN, contents, events, pictures, trees

from sevenfold.core.predictor import Decision
from sevenfold.core.recipe import Recipe, Step
from sevenfold.core.task import Goal
from sevenfold.deployment.bundle import Contents

PIPELINE = "state/member-0/pipeline-0/"
STATE, ARRAYS, BLOB = (PIPELINE + name for name in ("state.json", "arrays.safetensors", "blob-0.bin"))
ANY = PIPELINE + "*"
_IMPUTED = (Step("raw", "impute", NUMBERS),)
_SCALED = (Step("filled", "impute", NUMBERS), Step("scaled", "scale", ("@filled",)))


@dataclass(frozen=True)
class Entry:
    """A bundle, and what of it is changed.

    Args:
        recipe: what is trained.
        member: see `hostile.Forger.forge`.
        goal: of the task.
        again: a second member of the ensemble, with a learned stack and costs; None for none.
        conformal: with scores for sets and intervals.
    """

    recipe: Recipe
    member: str
    goal: Goal = Goal.BINARY
    again: Recipe | None = None
    conformal: bool = False

    @property
    def key(self) -> str:
        """The same for entries of one bundle."""
        return repr(replace(self, member=""))

    def contents(self) -> Contents:
        """What the bundle is made of."""
        if self.goal is Goal.RECOMMENDATION:
            return events(self.recipe)
        if any(step.feature.startswith("picture") for step in self.recipe.steps):
            return pictures(self.recipe)
        recipes = [self.recipe] if self.again is None else [self.recipe, self.again]
        plain = self.recipe is PLAIN
        decision = Decision(threshold=0.4) if self.goal is Goal.BINARY else None
        if self.again is not None:
            decision = Decision(costs=np.array([[0.0, 1.0], [3.0, 0.0]]))
        made = contents(
            recipes, self.goal, rows=120, calibrated=plain and self.goal is Goal.BINARY, decision=decision,
            combiner=None if self.again is None else _stack(),
        )  # fmt: skip
        return _with_scores(made) if self.conformal else made


def _stack() -> Any:
    from sevenfold.tuning.ensemble import StackCombiner

    stack = StackCombiner()
    stack.restore({"weights": np.array([0.7, 0.4]), "shift": np.array([0.1, -0.1]), "classification": True})
    return stack


def _with_scores(made: Contents) -> Contents:
    from sevenfold.evaluation.conformal.stored import FIELD, learn

    assert made.predictions is not None
    truth = np.random.default_rng(2).integers(0, 2, len(made.predictions)).astype(np.float64)
    learned = learn(made.predictor.task, made.predictions, truth, np.random.default_rng(3))
    assert learned is not None
    metadata = {**made.metadata, FIELD: learned.to_json(), "importance": {"age": 0.2}, "test": {"low": 0.1}}
    metadata["forms"] = [{"model": "logistic_l2", "chosen": "onnx", "forms": {"onnx": 20.0}}]
    return replace(made, metadata=metadata)


def _on_numbers(model: str, target: str = "identity") -> Recipe:
    return Recipe(model, {}, _SCALED, ("scaled",), target)


def _on_ids(model: str, **params: Any) -> Entry:
    recipe = Recipe(model, params, (Step("codes", "id_codes", ("who", "what")),), ("codes",))
    return Entry(recipe, ANY, Goal.RECOMMENDATION)


def _features(model: str, *steps: tuple[str, str | tuple[str, ...]]) -> Entry:
    """A model of the outputs of some features, each named like its feature."""
    made = tuple(Step(name, name, (inputs,) if isinstance(inputs, str) else inputs) for name, inputs in steps)
    params = {"rounds": 10, "leaves": 4} if model == "lightgbm" else {}
    used = {name.removeprefix("@") for step in made for name in step.inputs if name.startswith("@")}
    return Entry(Recipe(model, params, made, tuple(step.name for step in made if step.name not in used)), ANY)


_TEXT = Recipe("logistic_l2", {}, (Step("words", "tfidf", ("note",)),), ("words",))
_FOREST = Recipe("random_forest", {"trees": 10}, _IMPUTED, ("raw",))
_TREES = {
    "lightgbm": trees("lightgbm", rounds=10, leaves=4),
    "xgboost": trees("xgboost", rounds=10, depth=3),
    "catboost": trees("catboost", rounds=10, depth=3),
}

FORMATS = {
    "json": Entry(PLAIN, STATE),
    "golden": Entry(PLAIN, "golden.json"),
    "schema": Entry(PLAIN, "schema.json"),
    "safetensors": Entry(PLAIN, ARRAYS),
    "lightgbm": Entry(_TREES["lightgbm"], BLOB),
    "xgboost": Entry(_TREES["xgboost"], BLOB),
    "catboost": Entry(_TREES["catboost"], BLOB),
    "forest": Entry(_FOREST, ARRAYS),
    "network": Entry(trees("mlp", epochs=1, units=16, layers=1, bins=0), ARRAYS),
    "text": Entry(_TEXT, STATE),
}
DOCUMENTS = {
    "manifest": Entry(PLAIN, "manifest.json"),
    "conformal": Entry(PLAIN, "manifest.json#metadata", conformal=True),
    "task": Entry(PLAIN, "task.json"),
    "recipe": Entry(PLAIN, "recipe.json"),
    "profile": Entry(PLAIN, "profile.json"),
    "prediction": Entry(PLAIN, "prediction.json"),
    "source": Entry(PLAIN, "source.json"),
    "card": Entry(PLAIN, "card.md"),
    "combiner": Entry(PLAIN, "state/combiner/state.json"),
    "stack": Entry(_on_numbers("logistic_l1"), "state/combiner/*", again=PLAIN),
    "costs": Entry(_on_numbers("logistic_l1"), "state/decision/*", again=PLAIN),
    "calibrator": Entry(PLAIN, "state/calibrator/state.json"),
    "decision": Entry(PLAIN, "state/decision/state.json"),
    "stream": Entry(_TREES["lightgbm"], BLOB + ".z"),
}
FAMILIES = {
    "additive": Entry(_on_numbers("additive"), ARRAYS),
    "neighbours": Entry(_on_numbers("neighbours"), ARRAYS),
    "svm_rbf": Entry(_on_numbers("svm_rbf"), ARRAYS),
    "naive_bayes": Entry(_on_numbers("naive_bayes"), ARRAYS),
    "text_arrays": Entry(_TEXT, ARRAYS),
    "forest_json": Entry(_FOREST, STATE),
    "catboost_json": Entry(_TREES["catboost"], STATE),
    **{name: Entry(_on_numbers(name), ANY) for name in ("constant", "logistic_l1", "perceptron", "svm_linear")},
    "linear": Entry(_on_numbers("linear", "standard"), ANY, Goal.REGRESSION),
    "ridge": Entry(_on_numbers("ridge", "normal"), ANY, Goal.REGRESSION),
    "lasso": Entry(_on_numbers("lasso", "log1p"), ANY, Goal.REGRESSION),
    "elastic_net": Entry(_on_numbers("elastic_net", "sqrt"), ANY, Goal.REGRESSION),
    "poisson": Entry(_on_numbers("poisson"), ANY, Goal.REGRESSION),
    "log_of_target": Entry(_on_numbers("svm_linear", "log"), ANY, Goal.REGRESSION),
    "decision_tree": Entry(Recipe("decision_tree", {}, _IMPUTED, ("raw",)), ANY),
    "extra_trees": Entry(Recipe("extra_trees", {"trees": 10}, _IMPUTED, ("raw",)), ANY),
    **{
        f"{name}_of_classes": Entry(recipe, member, Goal.MULTICLASS)
        for name, recipe, member in (
            ("forest", Recipe("random_forest", {"trees": 10, "min_leaf_rows": 1}, _IMPUTED, ("raw",)), ANY),
            ("svm_rbf", _on_numbers("svm_rbf"), ANY),
            ("lightgbm", _TREES["lightgbm"], BLOB),
            ("xgboost", _TREES["xgboost"], BLOB),
            ("catboost", _TREES["catboost"], BLOB),
        )
    },
    "image_network": Entry(
        Recipe(
            "image_network",
            {"width": 8, "epochs": 1, "batch_rows": 16},
            (Step("pixels", "picture_pixels", ("image",)),),
            ("pixels",),
        ),
        ANY,
    ),
    "ease": _on_ids("ease"),
    "factor_ratings": _on_ids("factor_ratings", factors=4, rounds=2),
    "item_neighbours": _on_ids("item_neighbours"),
    "popularity": _on_ids("popularity"),
}
FEATURES = {
    "number_features": _features(
        "lightgbm", ("passthrough", NUMBERS), ("quantile", NUMBERS), ("clip", NUMBERS), ("log", NUMBERS),
        ("bins", NUMBERS), ("splines", NUMBERS), ("ratios", NUMBERS),
    ),
    "selected": _features("lightgbm", ("select_l1", NUMBERS), ("select_importance", NUMBERS)),
    "category_features": _features(
        "lightgbm", ("one_hot", "city"), ("ordinal", "city"), ("ordered", "city"), ("target_encode", "city"),
        ("frequency", "city"), ("category_pairs", ("city", "member")),
    ),
    "sparse_features": _features("logistic_l2", ("one_hot_sparse", "city"), ("hashing", "city")),
    "date_features": _features("lightgbm", ("date_parts", "since"), ("elapsed", "since")),
    "text_features": _features(
        "lightgbm", ("tfidf", "note"), ("text_svd", "@tfidf"), ("text_stats", "note"), ("text_numbers", "note"),
        ("text_words", "note"),
    ),
    "picture_features": _features("logistic_l2", ("picture_stats", "image"), ("picture_hog", "image")),
}  # fmt: skip
EVERY = {**FORMATS, **DOCUMENTS, **FAMILIES, **FEATURES}
