"""Models as ONNX nodes: each function gives what the model's `predict` gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from sevenfold.core.inputs import Form
from sevenfold.core.model import Model
from sevenfold.core.task import Goal
from sevenfold.deployment.export import trees
from sevenfold.deployment.export.features import Made
from sevenfold.deployment.export.graph import CannotExportError, Graph
from sevenfold.models.linear.base import LinearModel

Blocks = Mapping[Form, Made]
Converter = Callable[[Graph, Any, Blocks], str]


def convert(graph: Graph, model: Model, blocks: Blocks) -> str:
    """(rows, 1) numbers or (rows, classes) probabilities.

    Raises:
        CannotExportError: the model has no exact form in ONNX.
    """
    converter = _linear if isinstance(model, LinearModel) else _CONVERTERS.get(model.spec.name)
    if converter is None:
        raise CannotExportError.of(f"Model '{model.spec.name}'")
    return converter(graph, model, blocks)


def gathered(graph: Graph, outputs: Sequence[Made]) -> dict[Form, Made]:
    """Blocks of one form side by side, as `core.inputs.Inputs.of` puts them."""
    forms: dict[Form, list[Made]] = {}
    for made in outputs:
        if made.names:
            forms.setdefault(made.form, []).append(made)
    return {
        form: Made(
            form,
            tuple(name for part in parts for name in part.names),
            graph.side_by_side([part.value for part in parts]),
            tuple(level for part in parts for level in part.levels),
        )
        for form, parts in forms.items()
    }


def _undo(graph: Graph, value: str, factors: Any) -> str:
    if factors is None:
        return value
    return graph.normalised(graph.numeric("Div", value, np.asarray(factors)), len(factors))


def _spread_out(graph: Graph, value: str, present: Any, classes: int) -> str:
    if len(present) == classes:
        return value
    return graph.numeric("MatMul", value, np.eye(classes)[present])


def _linear(graph: Graph, model: Any, blocks: Blocks) -> str:
    learned, scaling = model.learned, model.encoder.scaling
    parts: list[str] = []
    if Form.NUMBERS in blocks:
        held = graph.clip(blocks[Form.NUMBERS].value, -1e150, 1e150)
        useful = scaling.spread > 0
        scaled = graph.numeric("Sub", held, scaling.mean)
        scaled = graph.clip(graph.numeric("Div", scaled, np.where(useful, scaling.spread, 1.0)), -1e9, 1e9)
        parts.append(graph.add("Where", graph.constant(useful, bool), scaled, graph.constant(0.0)))
    if Form.SPARSE in blocks:
        parts.append(graph.clip(graph.numeric("Div", blocks[Form.SPARSE].value, model.encoder.sparse_unit), -1e9, 1e9))
    if not parts:
        raise CannotExportError.of("A linear model without inputs")
    scores = graph.numeric("MatMul", graph.side_by_side(parts), learned.weights.T)
    scores = graph.numeric("Add", scores, learned.intercept)
    if not model.classes:
        return graph.add("Exp", graph.numeric("Min", scores, learned.ceiling)) if model.log_link else scores
    if len(model.present) == 2:
        known = graph.two_columns(graph.add("Sigmoid", scores))
    else:
        known = graph.add("Softmax", scores, axis=1)
    return _spread_out(graph, _undo(graph, known, learned.factors), model.present, model.classes)


def _constant(graph: Graph, model: Any, blocks: Blocks) -> str:
    if not blocks:
        raise CannotExportError.of("A model that looks at no column")
    return graph.rows_of(model.answer, next(iter(blocks.values())).value)


def _table(graph: Graph, blocks: Blocks) -> tuple[str, tuple[str, ...]]:
    """The matrix of `models.trees.table.tree_table`: numbers, then categories with NaN for -1, then sparse columns."""
    parts: list[str] = []
    names: list[str] = []
    for form in (Form.NUMBERS, Form.CATEGORIES, Form.SPARSE):
        if form not in blocks:
            continue
        value = blocks[form].value
        if form is Form.CATEGORIES:
            wide = graph.cast(value, np.float64)
            value = graph.add("Where", graph.numeric("Less", wide, 0.0), graph.constant(np.nan), wide)
        parts.append(value)
        names.extend(blocks[form].names)
    return graph.side_by_side(parts), tuple(names)


def _boosted(graph: Graph, model: Any, raw: str, link: str) -> str:
    """From sums of trees to what the model gives.

    Args:
        link: "identity", "exp", "sigmoid" or "softmax".
    """
    operators = {"exp": "Exp", "sigmoid": "Sigmoid"}
    if link == "softmax":
        value = graph.add("Softmax", raw, axis=1)
    else:
        value = graph.add(operators[link], raw) if link in operators else raw
    if model.goal is Goal.REGRESSION:
        return graph.numeric("Add", graph.numeric("Mul", value, model.unit.size), model.unit.shift)
    value = graph.two_columns(value) if link == "sigmoid" else value
    return _undo(graph, value, model.factors)


def _lightgbm(graph: Graph, model: Any, blocks: Blocks) -> str:
    table, names = _table(graph, blocks)
    made, objective, outputs = trees.of_lightgbm(model.text, model.booster)
    name = objective.split(" ")[0]
    links = {"binary": "sigmoid", "multiclass": "softmax", "poisson": "exp"}
    plain = ("regression", "regression_l1", "quantile", "huber")
    if name not in (*links, *plain) or (name == "regression" and " " in objective):
        raise CannotExportError.of(f"LightGBM with objective {objective}")
    if name == "binary" and "sigmoid:1" not in objective.split(" "):
        raise CannotExportError.of(f"LightGBM with objective {objective}")
    return _boosted(graph, model, made.add_to(graph, table, names, outputs), links.get(name, "identity"))


def _xgboost(graph: Graph, model: Any, blocks: Blocks) -> str:
    table, names = _table(graph, blocks)
    made, objective, outputs, base = trees.of_xgboost(model.booster)
    links = {"binary:logistic": "sigmoid", "multi:softprob": "softmax", "count:poisson": "exp"}
    if objective not in (*links, "reg:squarederror", "reg:quantileerror"):
        raise CannotExportError.of(f"XGBoost with objective {objective}")
    raw = graph.numeric("Add", made.add_to(graph, trees.in_float32(graph, table), names, outputs), base)
    return _boosted(graph, model, raw, links.get(objective, "identity"))


def _catboost(graph: Graph, model: Any, blocks: Blocks) -> str:
    if not model.content:
        return graph.rows_of(model.answer, next(iter(blocks.values())).value)
    categories = blocks[Form.CATEGORIES].names if Form.CATEGORIES in blocks else ()
    made, values, scale, bias = trees.of_catboost(model.learner, categories)
    numbers = blocks[Form.NUMBERS]
    raw = trees.from_leaves(graph, made, trees.in_float32(graph, numbers.value), numbers.names, values)
    raw = graph.numeric("Add", graph.numeric("Mul", raw, scale), bias)
    if model.goal is Goal.REGRESSION:
        return _boosted(graph, model, raw, "exp" if model.counts else "identity")
    return _boosted(graph, model, raw, "sigmoid" if model.goal is Goal.BINARY else "softmax")


def _forest(graph: Graph, model: Any, blocks: Blocks) -> str:
    numbers = blocks[Form.NUMBERS]
    made = trees.of_forest(model.trees)
    table = trees.in_float32(graph, numbers.value)
    means = trees.from_leaves(graph, made, table, numbers.names, model.trees.values)
    means = graph.numeric("Div", means, float(len(made.roots)))
    if model.goal is Goal.REGRESSION:
        return graph.numeric("Add", graph.numeric("Mul", means, model.unit.size), model.unit.shift)
    known = graph.two_columns(means) if len(model.present) == 2 else means
    known = graph.numeric("Mul", known, 1.0 - model.doubt)
    known = graph.numeric("Add", known, model.doubt / len(model.present))
    known = graph.normalised(known, len(model.present))
    return _spread_out(graph, _undo(graph, known, model.factors), model.present, model.classes)


def _perceptron(graph: Graph, model: Any, blocks: Blocks) -> str:
    """In float32, as the model computes; only sums may be added in another order."""
    scaling, weights, outputs = model._scaling, model._weights, model._outputs
    parts: list[str] = []
    if Form.NUMBERS in blocks:
        values = blocks[Form.NUMBERS].value
        missing = graph.add("IsNaN", values)
        scaled = graph.numeric(
            "Mul", graph.numeric("Sub", graph.clip(values, -1e300, 1e300), scaling.center), scaling.scale
        )
        scaled = graph.clip(scaled, -1e6, 1e6)
        third = graph.numeric("Div", scaled, 3.0)
        bent = graph.add("Sqrt", graph.numeric("Add", graph.add("Mul", third, third), 1.0))
        filled = graph.add("Where", missing, graph.constant(0.0), graph.add("Div", scaled, bent))
        single = graph.cast(filled, np.float32)
        flags = [graph.columns(graph.cast(missing, np.float32), scaling.flagged)] if len(scaling.flagged) else []
        parts.append(graph.side_by_side([single, *flags]))
        columns, bins = weights["lower"].shape
        if bins:
            deep = graph.add("Unsqueeze", single, graph.constant([2], np.int64))
            lifted = graph.add("Sub", deep, graph.constant(weights["lower"], np.float32))
            pieces = graph.add("Div", lifted, graph.constant(weights["width"], np.float32))
            zero, one = graph.constant(0.0, np.float32), graph.constant(1.0, np.float32)
            pieces = graph.add("Min", graph.add("Max", pieces, zero), one)
            parts.append(graph.add("Reshape", pieces, graph.constant([-1, columns * bins], np.int64)))
    for number, level in enumerate(model._levels):
        code = graph.column(blocks[Form.CATEGORIES].value, number)
        zero = graph.constant(0, np.int64)
        unknown = graph.add(
            "Or", graph.add("Less", code, zero), graph.add("GreaterOrEqual", code, graph.constant(level, np.int64))
        )
        place = graph.add("Where", unknown, zero, graph.add("Add", code, graph.constant(1, np.int64)))
        parts.append(
            graph.add("Gather", graph.constant(weights[f"embeddings.{number}.weight"], np.float32), graph.flat(place))
        )
    hidden = graph.side_by_side(parts)
    for number in range(model.params["layers"]):
        raised = graph.add("Relu", _layer(graph, hidden, weights, f"layers.{number}"))
        hidden = graph.add("Add", hidden, raised) if model.params["residual"] and number else raised
    logits = graph.cast(_layer(graph, hidden, weights, "head"), np.float64)
    if outputs.classes:
        return graph.add("Softmax", logits, axis=1)
    value = graph.numeric("Add", graph.numeric("Mul", logits, outputs.scale), outputs.center)
    return graph.clip(value, outputs.low, outputs.high)


def _layer(graph: Graph, value: str, weights: Any, name: str) -> str:
    product = graph.add("MatMul", value, graph.constant(weights[f"{name}.weight"], np.float32))
    return graph.add("Add", product, graph.constant(weights[f"{name}.bias"], np.float32))


_CONVERTERS: Mapping[str, Converter] = {
    "constant": _constant,
    "lightgbm": _lightgbm,
    "xgboost": _xgboost,
    "catboost": _catboost,
    "decision_tree": _forest,
    "random_forest": _forest,
    "extra_trees": _forest,
    "mlp": _perceptron,
}
