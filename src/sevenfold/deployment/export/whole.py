"""A whole predictor as one ONNX model: features, models, averages, weights, calibration, decision."""

from __future__ import annotations

from typing import Any

import numpy as np

from sevenfold.core.predictor import Member, Predictor
from sevenfold.core.task import Goal
from sevenfold.deployment.export import features, models
from sevenfold.deployment.export.graph import IR_VERSION, ML_OPSET, OPSET, CannotExportError, Graph
from sevenfold.deployment.runtime import Runtime

OUTPUTS = ("label", "probabilities", "prediction")


def build(runtime: Runtime) -> tuple[Any, dict[str, set[float]]]:
    """The ONNX model, and the thresholds of its trees by column.

    Raises:
        CannotExportError: a part has no exact form in ONNX.
    """
    predictor = runtime.predictor
    if predictor.task.goal not in (Goal.BINARY, Goal.MULTICLASS, Goal.REGRESSION):
        raise CannotExportError.of(f"A model for {predictor.task.goal}")
    taken = [c.name for c in runtime.schema if c.name in runtime.used and (c.name in OUTPUTS or c.name[:2] == "__")]
    if taken:
        raise CannotExportError.of(
            f"Column '{taken[0]}', whose name an output bears", "Rename the column and train again."
        )
    graph = Graph()
    combined = _combined(graph, predictor, [_member(graph, runtime, member) for member in predictor.members])
    final = _calibrated(graph, predictor, combined)
    types, make = graph.onnx.TensorProto, graph.onnx.helper
    if predictor.task.goal is Goal.REGRESSION:
        graph.nodes.append(make.make_node("Reshape", [final, graph.constant([-1], np.int64)], ["prediction"]))
        outputs = [make.make_tensor_value_info("prediction", types.DOUBLE, ["rows"])]
    else:
        label, element = _decided(graph, runtime, final)
        graph.nodes.append(make.make_node("Identity", [label], ["label"]))
        graph.nodes.append(make.make_node("Identity", [final], ["probabilities"]))
        classes = len(predictor.task.classes)
        outputs = [
            make.make_tensor_value_info("label", element, ["rows"]),
            make.make_tensor_value_info("probabilities", types.DOUBLE, ["rows", classes]),
        ]
    whole = make.make_graph(graph.nodes, "sevenfold", list(graph.inputs.values()), outputs, graph.initializers)
    versions = [make.make_opsetid("", OPSET), make.make_opsetid("ai.onnx.ml", ML_OPSET)]
    return make.make_model(whole, opset_imports=versions, ir_version=IR_VERSION), graph.thresholds


def _member(graph: Graph, runtime: Runtime, member: Member) -> str:
    total = ""
    for pipeline in member.pipelines:
        sources = features.Sources(graph, runtime.schema)
        for step, feature in zip(pipeline.recipe.steps, pipeline.features, strict=True):
            sources.made[step.name] = features.convert(sources, feature, step)
        blocks = models.gathered(graph, [sources.made[name.removeprefix("@")] for name in pipeline.recipe.outputs])
        predicted = _inverted(graph, pipeline.target, models.convert(graph, pipeline.model, blocks))
        total = graph.add("Add", total, predicted) if total else predicted
    return graph.numeric("Div", total, float(len(member.pipelines))) if len(member.pipelines) > 1 else total


def _inverted(graph: Graph, target: Any, value: str) -> str:
    name = target.name
    if name == "identity":
        return value
    learned = target.state()
    if name == "standard":
        return graph.numeric("Add", graph.numeric("Mul", value, learned["spread"]), learned["centre"])
    if name == "log1p":
        raised = graph.add("Exp", graph.numeric("Min", value, learned["ceiling"]))
        return graph.numeric("Max", graph.numeric("Sub", raised, 1.0), 0.0)
    if name == "log":
        return graph.add("Exp", graph.numeric("Min", value, learned["ceiling"]))
    if name == "sqrt":
        held = graph.numeric("Max", value, 0.0)
        return graph.add("Mul", held, held)
    if name == "normal":
        return features.interpolated(graph, value, learned["scores"], learned["values"])
    raise CannotExportError.of(f"Target transformation '{name}'")


def _combined(graph: Graph, predictor: Predictor, values: list[str]) -> str:
    combiner: Any = predictor.combiner
    if combiner.name not in ("average", "stack"):
        raise CannotExportError.of(f"Combiner '{combiner.name}'")
    if combiner.name == "stack" and combiner.classification:
        values = [_centred_logits(graph, value) for value in values]
    total = graph.numeric("Mul", values[0], float(combiner.weights[0]))
    for weight, value in zip(combiner.weights[1:], values[1:], strict=True):
        total = graph.add("Add", total, graph.numeric("Mul", value, float(weight)))
    if combiner.name == "average":
        return total
    total = graph.numeric("Add", total, combiner.shift)
    return graph.add("Softmax", total, axis=1) if combiner.classification else total


def _centred_logits(graph: Graph, value: str) -> str:
    logits = graph.add("Log", graph.clip(value, 1e-9, 1.0))
    return graph.add("Sub", logits, graph.add("ReduceMean", logits, graph.constant([1], np.int64), keepdims=1))


def _calibrated(graph: Graph, predictor: Predictor, value: str) -> str:
    calibrator: Any = predictor.calibrator
    if calibrator is None:
        return value
    if calibrator.name != "temperature":
        raise CannotExportError.of(f"Calibrator '{calibrator.name}'")
    logits = graph.add("Log", graph.clip(value, 1e-15, 1.0))
    if len(predictor.task.classes) == 2:
        odds = graph.add("Sub", graph.column(logits, 1), graph.column(logits, 0))
        bent = graph.numeric("Add", graph.numeric("Mul", odds, calibrator.slope), calibrator.shift)
        return graph.two_columns(graph.add("Sigmoid", graph.clip(bent, -700.0, 700.0)))
    return graph.add("Softmax", graph.numeric("Mul", logits, calibrator.slope), axis=1)


def _decided(graph: Graph, runtime: Runtime, value: str) -> tuple[str, int]:
    """(rows,) labels in their own type, and the type."""
    decision, classes = runtime.predictor.decision, runtime.classes
    if decision.costs is not None:
        code = graph.add("ArgMin", graph.numeric("MatMul", value, decision.costs), axis=1, keepdims=0)
    elif decision.threshold is not None and len(classes) == 2:
        reached = graph.numeric("GreaterOrEqual", graph.flat(graph.column(value, 1)), float(decision.threshold))
        code = graph.cast(reached, np.int64)
    else:
        code = graph.add("ArgMax", value, axis=1, keepdims=0)
    types = graph.onnx.TensorProto
    known = {"b": (bool, types.BOOL), "i": (np.int64, types.INT64), "f": (np.float64, types.DOUBLE)}
    dtype, element = known.get(classes.dtype.kind, (object, types.STRING))
    labels = classes.tolist() if dtype is not object else [str(label) for label in classes]
    return graph.add("Gather", graph.constant(labels, dtype), code), int(element)
