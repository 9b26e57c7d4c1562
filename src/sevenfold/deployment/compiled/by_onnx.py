"""A model's prediction of one row by onnxruntime, from a graph built of its learned state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sevenfold.core.compiled import RowInputs, RowPredictor
from sevenfold.core.inputs import Block, Form
from sevenfold.core.model import Model

_INPUTS = {Form.NUMBERS: "numbers", Form.CATEGORIES: "codes"}


def onnx_form(model: Model, blocks: Sequence[Block]) -> RowPredictor:
    """The form of a fitted model as a session of one thread. Threads may share it.

    Args:
        model: fitted or restored.
        blocks: such as it is given, in order; their values are not looked at.
    Raises:
        CannotExportError: the model has no exact form in ONNX, or is given sparse columns.
        MissingExtraError: the extra 'onnx' is not installed.
    """
    from sevenfold.deployment.export.features import Made
    from sevenfold.deployment.export.graph import IR_VERSION, ML_OPSET, OPSET, CannotExportError, Graph
    from sevenfold.deployment.export.models import convert, gathered
    from sevenfold.deployment.export.onnx import session_of

    graph = Graph()
    made: list[Made] = []
    widths = {form: sum(int(b.values.shape[1]) for b in blocks if b.form is form) for form in _INPUTS}
    for form, name in _INPUTS.items():
        own = [block for block in blocks if block.form is form]
        if not widths[form]:
            continue
        given = graph.input(name, "double", widths[form])
        value = graph.cast(given, np.int64) if form is Form.CATEGORIES else given
        names = tuple(column for block in own for column in block.names)
        made.append(Made(form, names, value, tuple(level for block in own for level in block.levels)))
    if any(block.form not in _INPUTS for block in blocks):
        raise CannotExportError.of("A model of sparse columns, asked for single rows,")
    answer = convert(graph, model, gathered(graph, made))
    make = graph.onnx.helper
    output = make.make_tensor_value_info(answer, graph.onnx.TensorProto.DOUBLE, ["rows", None])
    whole = make.make_graph(graph.nodes, "model", list(graph.inputs.values()), [output], graph.initializers)
    versions = [make.make_opsetid("", OPSET), make.make_opsetid("ai.onnx.ml", ML_OPSET)]
    content = make.make_model(whole, opset_imports=versions, ir_version=IR_VERSION).SerializeToString()
    session = session_of(content)
    takes = {entry.name for entry in session.get_inputs()}
    run, array = session.run, np.array

    def predict(row: RowInputs) -> list[float]:
        fed: dict[str, Any] = {}
        if "numbers" in takes:
            fed["numbers"] = array([row.numbers])
        if "codes" in takes:
            fed["codes"] = array([row.codes], dtype=np.float64)
        found: list[float] = run(None, fed)[0].ravel().tolist()
        return found

    return predict
