"""An ONNX graph in the making: nodes, constants, inputs; and what cannot be said in it."""

from __future__ import annotations

from typing import Any

import numpy as np

from sevenfold.core.errors import MissingExtraError, RequestError

OPSET, ML_OPSET, IR_VERSION = 20, 5, 10


class CannotExportError(RequestError):
    """A part of the model has no exact form in ONNX."""

    @classmethod
    def of(cls, part: str, advice: str = "") -> CannotExportError:
        """The error for a part, such as "Step 'tfidf' on column 'note'"."""
        return cls(
            f"{part} cannot be written as ONNX.",
            "parts with an exact form there, see docs/export.md",
            part,
            advice or "Train with --models that can be exported, drop the column, or export with --format mlflow.",
        )


def library() -> Any:
    """The package `onnx`.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import onnx
        import onnx.helper
        import onnx.numpy_helper
    except ImportError:
        raise MissingExtraError.of("onnx", "onnx", "Export to ONNX") from None
    return onnx


class Graph:
    """Collects nodes. Every value has a name; rows come first in every shape, numbers are float64."""

    def __init__(self) -> None:
        self.onnx = library()
        self.nodes: list[Any] = []
        self.constants: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self.initializers: list[Any] = []
        self.inputs: dict[str, Any] = {}
        self.thresholds: dict[str, set[float]] = {}
        self._count = 0

    def name(self) -> str:
        """A name that nothing has yet; no column begins so, see `input`."""
        self._count += 1
        return f"__{self._count}"

    def input(self, name: str, kind: str, width: int = 1) -> str:
        """Declare an input of shape (rows, 1), kind "double" or "string"; once for each name."""
        if name not in self.inputs:
            types = self.onnx.TensorProto
            element = types.DOUBLE if kind == "double" else types.STRING
            self.inputs[name] = self.onnx.helper.make_tensor_value_info(name, element, ["rows", width])
        return name

    def constant(self, value: Any, dtype: Any = np.float64) -> str:
        """An array as a constant; equal arrays are stored once."""
        array = np.asarray(value, dtype=dtype)
        key = (str(array.dtype), array.shape, repr(array.tolist()).encode() if dtype is object else array.tobytes())
        if key not in self.constants:
            self.constants[key] = name = self.name()
            self.initializers.append(self.onnx.numpy_helper.from_array(array, name))
        return self.constants[key]

    def add(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """The output of a node."""
        output = self.name()
        self.nodes.append(self.onnx.helper.make_node(operator, list(inputs), [output], domain=domain, **attributes))
        return output

    def numeric(self, operator: str, left: str, right: Any) -> str:
        """A node of a value and a constant."""
        return self.add(operator, left, self.constant(right))

    def cast(self, value: str, dtype: Any) -> str:
        """Another element type."""
        element = self.onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        return self.add("Cast", value, to=element)

    def side_by_side(self, parts: list[str]) -> str:
        """(rows, columns) values joined along their columns."""
        return parts[0] if len(parts) == 1 else self.add("Concat", *parts, axis=1)

    def columns(self, value: str, places: Any) -> str:
        """Some columns only."""
        return self.add("Gather", value, self.constant(places, np.int64), axis=1)

    def column(self, value: str, place: int) -> str:
        """(rows, 1) of one column."""
        return self.columns(value, [place])

    def flat(self, value: str) -> str:
        """(rows,) of (rows, 1)."""
        return self.add("Reshape", value, self.constant([-1], np.int64))

    def kept_nan(self, original: str, changed: str) -> str:
        """`changed`, NaN wherever `original` is: minimum and maximum may lose it."""
        return self.add("Where", self.add("IsNaN", original), original, changed)

    def clip(self, value: str, low: Any, high: Any) -> str:
        """Held between limits, which may differ by column; NaN stays."""
        held = self.numeric("Min", self.numeric("Max", value, low), high)
        return self.kept_nan(value, held)

    def total(self, value: str) -> str:
        """(rows, 1) sums along the columns."""
        return self.add("ReduceSum", value, self.constant([1], np.int64), keepdims=1)

    def normalised(self, value: str, classes: int) -> str:
        """Each row divided by its sum; a row of zeros becomes uniform."""
        total = self.total(value)
        empty = self.numeric("LessOrEqual", total, 0.0)
        shared = self.add("Div", value, self.add("Where", empty, self.constant(1.0), total))
        return self.add("Where", empty, self.constant(1.0 / classes), shared)

    def two_columns(self, positive: str) -> str:
        """(rows, 2) from (rows, 1) of the positive class."""
        return self.side_by_side([self.add("Sub", self.constant(1.0), positive), positive])

    def rows_of(self, row: Any, like: str) -> str:
        """(rows, columns): one row again and again, as many as `like` has."""
        count = self.add("Shape", like, start=0, end=1)
        values = np.atleast_2d(np.asarray(row, dtype=np.float64))
        shape = self.add("Concat", count, self.constant([values.shape[1]], np.int64), axis=0)
        return self.add("Expand", self.constant(values), shape)
