"""Whether whole-number products are quicker: a perceptron in onnxruntime, float and dynamically quantised, on one core.

    python benchmarks/quantization/activations.py

Dynamic quantisation rounds weights beforehand and the inputs of each product as they come (`MatMulInteger`).
"""

from __future__ import annotations

import statistics
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

WIDTHS = (144, 256, 256, 256, 10)
BATCHES = (1, 4, 1000)


def network() -> onnx.ModelProto:
    """Rectified layers of random weights."""
    draws, nodes, held, value = np.random.default_rng(0), [], [], "x"
    for number, (wide, out) in enumerate(pairwise(WIDTHS)):
        weights = (draws.normal(size=(wide, out)) / wide**0.5).astype(np.float32)
        held.append(numpy_helper.from_array(weights, f"w{number}"))
        nodes.append(helper.make_node("MatMul", [value, f"w{number}"], [f"m{number}"]))
        nodes.append(helper.make_node("Relu", [f"m{number}"], [f"r{number}"]))
        value = f"r{number}"
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, wide])
        for name, wide in (("x", WIDTHS[0]), (value, WIDTHS[-1]))
    ]
    graph = helper.make_graph(nodes, "perceptron", ends[:1], ends[1:], held)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def microseconds(path: Path, rows: int) -> float:
    """Median time of a call."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    given = {"x": np.random.default_rng(1).normal(size=(rows, WIDTHS[0])).astype(np.float32)}
    times = []
    for _ in range(300 if rows < 100 else 60):
        started = time.perf_counter()
        session.run(None, given)
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1e6


def main() -> None:
    """Measure, and print a table."""
    with tempfile.TemporaryDirectory() as folder:
        whole, small = Path(folder) / "float.onnx", Path(folder) / "int8.onnx"
        onnx.save(network(), whole)
        quantize_dynamic(whole, small, weight_type=QuantType.QInt8)
        print("| rows | float, µs | dynamic int8, µs |\n|---|---|---|")
        for rows in BATCHES:
            print(f"| {rows} | {microseconds(whole, rows):.1f} | {microseconds(small, rows):.1f} |")


if __name__ == "__main__":
    main()
