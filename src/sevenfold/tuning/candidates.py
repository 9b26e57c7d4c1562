"""Which models are worth trying on these data, in which order, with which features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from sevenfold.core.dataset import Kind, Schema
from sevenfold.core.errors import DataError, RequestError
from sevenfold.core.metric import Needs
from sevenfold.core.model import ModelSpec, Size, Trait
from sevenfold.core.recipe import Recipe
from sevenfold.core.task import Goal, Target, Task
from sevenfold.evaluation.metrics.catalogue import METRICS
from sevenfold.features.plan import FeaturePlan, plan, styles
from sevenfold.features.target import suggest
from sevenfold.models.catalogue import MODELS

FIRST_TRIES = (
    "image_network",
    "lightgbm",
    "catboost",
    "extra_trees",
    "random_forest",
    "xgboost",
    "logistic_l2",
    "ridge",
    "mlp",
    "svm_rbf",
    "neighbours",
    "logistic_l1",
    "elastic_net",
    "svm_linear",
    "naive_bayes",
    "additive",
    "lasso",
    "linear",
    "decision_tree",
    "perceptron",
    "ease",
    "item_neighbours",
    "popularity",
    "factor_ratings",
)
"""Models in the order of their first tries: boosting, which usually wins on tables, then models that err differently,
which is what ensembles live on. Names that are not installed or do not fit fall out."""
_PACKAGES = {"boost": ("xgboost", "catboost"), "deep": ("torch",)}
YARDSTICKS = {True: ("constant", "logistic_l2"), False: ("constant", "ridge")}
"""Constant baseline and plain linear model, for classification (True) and regression (False)."""


@dataclass(frozen=True)
class Candidate:
    """A model that fits the task, with the feature plans it can be given.

    Args:
        spec: the model's statement.
        plans: a feature plan for each style, the default style first.
        targets: target transformations to try, the best guess first.
        columns: inputs the default plan gives, for cost estimates.
        settled: hyperparameters that are not searched, as something else decides them better.
        usual: values that starting points take in place of the defaults, for this goal.
    """

    spec: ModelSpec
    plans: dict[str, FeaturePlan]
    targets: tuple[str, ...]
    columns: int
    settled: frozenset[str] = frozenset()
    usual: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The model's name."""
        return self.spec.name

    def recipe(self, params: dict[str, Any], style: str | None = None, target: str | None = None) -> Recipe:
        """A recipe of this model."""
        chosen = self.plans[style or next(iter(self.plans))]
        return Recipe(self.name, params, chosen.steps, chosen.outputs, target or self.targets[0])

    def seconds(self, params: dict[str, Any], rows: int, classes: int, threads: int) -> float:
        """Estimated seconds of one fit, on an ordinary machine."""
        models = classes if classes > 2 else 1
        size = Size(rows, self.columns, models, threads)
        return self.spec.cost(self.spec.space.resolve(params), size).seconds


def gather(
    task: Task, schema: Schema, profile: Any, target: Target, chosen: Sequence[str]
) -> tuple[list[Candidate], list[tuple[str, str]]]:
    """Candidates in order of first try, yardsticks included, and each refusal with its reason.

    Args:
        chosen: names the user asked for; empty for all that fit.
    Raises:
        RequestError: an asked-for model is unknown, not installed, or does not fit the task.
    """
    candidates: list[Candidate] = []
    refusals: list[tuple[str, str]] = []
    asked = set(chosen)
    for name in asked:
        MODELS.get(name)
    yardsticks = set(YARDSTICKS[task.goal.is_classification]) if task.goal is not Goal.RECOMMENDATION else set()
    targets = _targets(task, target)
    for name in sorted(MODELS.names(), key=_rank):
        if asked and name not in asked and name not in yardsticks:
            continue
        made, reason = _candidate(name, task, schema, profile, len(target), targets)
        if made is not None:
            candidates.append(made)
        else:
            refusals.append((name, reason))
            if name in asked:
                raise RequestError(f"Model '{name}' cannot be used here.", "a model that fits", reason, "Leave it out.")
    if not candidates:
        raise RequestError(
            "No model fits this task and these columns.",
            "at least one",
            "; ".join(f"{name}: {reason}" for name, reason in refusals[:5]),
            "Check the task, or install an extra.",
        )
    return candidates, refusals


def _candidate(
    name: str, task: Task, schema: Schema, profile: Any, rows: int, targets: tuple[str, ...]
) -> tuple[Candidate | None, str]:
    spec = MODELS.get(name).spec
    reason = _unfit(spec, task)
    if reason:
        return None, reason
    plans: dict[str, FeaturePlan] = {}
    for style in styles(schema, spec, rows):
        try:
            plans[style] = plan(schema, profile, task, spec, rows, style=style)
        except DataError as error:
            if not plans:
                return None, error.what
    columns = sum(1 for c in schema if c.used and c.kind is not Kind.ID) or 1
    return Candidate(spec, plans, targets, columns, _settled(spec, task), spec.usual.get(task.goal, {})), ""


def _settled(spec: ModelSpec, task: Task) -> frozenset[str]:
    """The number of rounds where validation ends the learning; weights of classes where no decision is measured:
    probabilities are taken back to the classes' own shares."""
    names = {"rounds"} if Trait.EARLY_STOPPING in spec.traits else set()
    if not task.goal.is_classification or METRICS.get(task.metric).spec.needs is not Needs.LABELS:
        names.add("class_weight")
    return frozenset(names)


def _unfit(spec: ModelSpec, task: Task) -> str:
    if task.goal not in spec.solves:
        return f"it does not solve {task.goal}"
    if task.goal is Goal.RECOMMENDATION:
        ranking = METRICS.get(task.metric).spec.needs is Needs.RANKING
        if not ranking and Trait.RATINGS not in spec.traits:
            return f"it ranks items and does not predict ratings, which {task.metric} measures"
    if task.goal is Goal.REGRESSION:
        if task.objective in ("median", "quantile") and not spec.traits & {Trait.QUANTILES, Trait.BASELINE}:
            return f"it has no objective '{task.objective}'"
        if task.objective == "counts" and not spec.traits & {Trait.COUNTS, Trait.BASELINE}:
            return "it has no objective 'counts'"
    for package in _PACKAGES.get(spec.extra or "", ()):
        if (spec.extra == "deep" or package == spec.name) and find_spec(package) is None:
            return f"the extra '{spec.extra}' is not installed: pip install 'sevenfold[{spec.extra}]'"
    return ""


def _targets(task: Task, target: Target) -> tuple[str, ...]:
    if task.goal is not Goal.REGRESSION or task.objective != "mean":
        return ("identity",)
    suggested = list(suggest(target))
    if task.metric == "rmsle" and "log1p" in suggested:
        suggested = ["log1p", *[name for name in suggested if name != "log1p"]]
    return tuple(suggested) or ("identity",)


def _rank(name: str) -> tuple[int, str]:
    if name == "constant":
        return -1, name
    return (FIRST_TRIES.index(name), name) if name in FIRST_TRIES else (len(FIRST_TRIES), name)
