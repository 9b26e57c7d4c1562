"""The Open Inference Protocol v2 over one model: metadata, and inference requests and responses.

One input tensor is one source column of the training data, under its name.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sevenfold.core.dataset import Column, Kind
from sevenfold.core.errors import DataError, RequestError
from sevenfold.deployment import tensors
from sevenfold.deployment.bundle import own_version
from sevenfold.deployment.documents import compact, parse
from sevenfold.deployment.model import LoadedModel
from sevenfold.deployment.request import HttpError, Limits, Reply
from sevenfold.deployment.runtime import Answer

if TYPE_CHECKING:
    import numpy.typing as npt
    import polars as pl

HEADER_LENGTH = "inference-header-content-length"
PLATFORM = "sevenfold_bundle_v1"
EXTENSIONS = ("binary_tensor_data",)
ID_LENGTH = 256
_FEW_ROWS = 4
_PLAIN = frozenset({"BOOL", "INT8", "INT16", "INT32", "UINT8", "UINT16", "UINT32", "FP32", "FP64", "BYTES"})
_ELEMENTS_LIMIT = 20_000_000


@dataclass(frozen=True)
class InferRequest:
    """A decoded inference request.

    Args:
        id: as the client sent it, or None.
        rows: raw columns as a frame, or a few rows as records.
        count: of rows.
        outputs: names of the outputs that are wanted, and whether each is wanted as bytes; empty for all.
        binary: whether outputs are sent as bytes where it is not said of each.
        covering: the set or interval that is wanted as a further output, or None.
    """

    id: str | None
    rows: pl.DataFrame | list[dict[str, Any]]
    count: int
    outputs: Mapping[str, bool]
    binary: bool
    covering: Covering | None = None


@dataclass(frozen=True)
class Covering:
    """An output that holds the truth with a probability that was asked for, see `LoadedModel.predict_set`.

    Args:
        model: whose answers.
        coverage: the probability.
    """

    model: LoadedModel
    coverage: float

    @property
    def name(self) -> str:
        """Of the output: `set`, BOOL (rows, classes) in the order of probabilities, or `interval`, FP64 (rows, 2)."""
        return "set" if self.model.task.goal.is_classification else "interval"

    def of(self, answer: Answer) -> npt.NDArray[Any]:
        """The output's values."""
        return (
            self.model.members_of(answer, self.coverage)
            if self.name == "set"
            else self.model.intervals_of(answer, self.coverage)
        )


def covering_of(coverage: object, model: LoadedModel) -> Covering | None:
    """What the parameter `coverage` of a request asks for; None without one.

    Raises:
        HttpError: 400, it is no number above 0 and below 1, or the model cannot give it.
    """
    if coverage is None:
        return None
    if isinstance(coverage, bool) or not isinstance(coverage, int | float) or not 0 < coverage < 1:
        raise HttpError(400, "The parameter coverage is a number above 0 and below 1.")
    try:
        model.check_coverage(float(coverage))
    except RequestError as error:
        raise HttpError(400, error.what) from None
    return Covering(model, float(coverage))


def server_metadata() -> dict[str, Any]:
    """What `GET /v2` answers."""
    return {"name": "sevenfold", "version": own_version(), "extensions": list(EXTENSIONS)}


def model_metadata(model: LoadedModel, name: str, version: str) -> dict[str, Any]:
    """What `GET /v2/models/NAME` answers."""
    used = [column for column in model.inputs if column.name in model.runtime.used]
    return {
        "name": name,
        "versions": [version],
        "platform": PLATFORM,
        "inputs": [tensors.describe(column) for column in used],
        "outputs": _output_metadata(model),
    }


def _output_metadata(model: LoadedModel) -> list[dict[str, Any]]:
    datatype = tensors.datatype_of(model.classes) if len(model.classes) else "FP64"
    outputs = [{"name": "prediction", "datatype": datatype, "shape": [-1]}]
    if len(model.classes):
        outputs.append({"name": "probabilities", "datatype": "FP64", "shape": [-1, len(model.classes)]})
    return outputs


def decode(body: bytes, header_length: str | None, model: LoadedModel, limits: Limits) -> InferRequest:
    """Read an inference request.

    Args:
        body: JSON, followed by binary tensors where `header_length` says how long the JSON is.
        header_length: the header Inference-Header-Content-Length, or None.
    Raises:
        HttpError: 400 or 413; the message says what is wrong with the request.
    """
    head, tail = _split(body, header_length)
    try:
        document = parse(head, limit_bytes=limits.body_bytes)
    except DataError as error:
        raise HttpError(400, error.what) from None
    if not isinstance(document, dict):
        raise HttpError(400, "An inference request is a JSON object.")
    rows, count = _rows(document.get("inputs"), tail, model, limits)
    request_id = document.get("id")
    if request_id is not None and not (isinstance(request_id, str) and len(request_id) <= ID_LENGTH):
        raise HttpError(400, f"The id of a request is a string of at most {ID_LENGTH} characters.")
    parameters = _parameters(document)
    binary = parameters.get("binary_data_output", False) is True
    covering = covering_of(parameters.get("coverage"), model)
    wanted = _wanted(document.get("outputs"), output_names(model, covering), binary)
    return InferRequest(request_id, rows, count, wanted, binary, covering)


def encode(request: InferRequest, answer: Answer, name: str, version: str) -> Reply:
    """The response to an inference request: JSON, with binary tensors behind it where they were asked for."""
    outputs: list[dict[str, Any]] = []
    tail: list[bytes] = []
    for output, values in outputs_of(request, answer).items():
        as_bytes = request.outputs.get(output, request.binary)
        described: dict[str, Any] = {
            "name": output,
            "datatype": tensors.datatype_of(values),
            "shape": list(values.shape),
        }
        if as_bytes:
            tail.append(tensors.to_bytes(values))
            described["parameters"] = {"binary_data_size": len(tail[-1])}
        else:
            described["data"] = tensors.to_json(values)
        outputs.append(described)
    response: dict[str, Any] = {"model_name": name, "model_version": version, "outputs": outputs}
    if request.id is not None:
        response["id"] = request.id
    if answer.reading.violations:
        response["parameters"] = {"violations": len(answer.reading.violations)}
    head = compact(response)
    if not tail:
        return Reply(200, head)
    headers = {HEADER_LENGTH: str(len(head))}
    return Reply(200, b"".join((head, *tail)), "application/octet-stream", headers)


def outputs_of(request: InferRequest, answer: Answer) -> dict[str, npt.NDArray[Any]]:
    """The outputs that were asked for, by name; all of them where none was."""
    available: dict[str, npt.NDArray[Any]] = {"prediction": answer.labels}
    if answer.probabilities is not None:
        available["probabilities"] = answer.probabilities
    if answer.scores is not None:
        available["scores"] = answer.scores
    if request.covering is not None and (not request.outputs or request.covering.name in request.outputs):
        available[request.covering.name] = request.covering.of(answer)
    return {name: available[name] for name in request.outputs} if request.outputs else available


def _split(body: bytes, header_length: str | None) -> tuple[bytes, memoryview]:
    if header_length is None:
        return body, memoryview(b"")
    if not (header_length.isascii() and header_length.isdigit() and len(header_length) < 12):
        raise HttpError(400, "Inference-Header-Content-Length is not a number.")
    length = int(header_length)
    if length > len(body):
        raise HttpError(400, "Inference-Header-Content-Length is longer than the body.")
    return body[:length], memoryview(body)[length:]


@dataclass(frozen=True, slots=True)
class Input:
    """One input tensor.

    Args:
        column: that it is read as.
        datatype, shape: as stated, and checked.
        flat: its elements in row-major order.
    """

    column: Column
    datatype: str
    shape: tuple[int, ...]
    flat: list[Any]

    @property
    def is_plain(self) -> bool:
        """Whether it has one element a row, which a record can hold as it is."""
        one_each = len(self.flat) == self.shape[0] and self.column.kind is not Kind.SEQUENCE
        return one_each and self.datatype in _PLAIN


def rows_of(inputs: Sequence[Input], model: LoadedModel) -> tuple[pl.DataFrame | list[dict[str, Any]], int]:
    """Inputs as rows, and how many: a few plain rows as records, which are answered sooner, others as a frame.

    Raises:
        HttpError: 400, an input is missing or given twice, or they differ in rows.
    """
    names = {tensor.column.name for tensor in inputs}
    if len(names) != len(inputs):
        raise HttpError(400, "An input is given twice.")
    count = inputs[0].shape[0]
    if any(tensor.shape[0] != count for tensor in inputs):
        raise HttpError(400, "The inputs differ in rows.")
    missing = sorted(model.runtime.used - names - {model.task.roles.get("item")})
    if missing:
        raise HttpError(400, "These inputs are missing: " + ", ".join(missing))
    known = [tensor for tensor in inputs if tensor.column.name in model.inputs]
    if count <= _FEW_ROWS and all(tensor.is_plain for tensor in known):
        columns = {tensor.column.name: tensors.plain(tensor.column, tensor.datatype, tensor.flat) for tensor in known}
        return [{name: values[row] for name, values in columns.items()} for row in range(count)], count
    import polars as pl

    made = [tensors.series_of(tensor.column, tensor.datatype, tensor.shape, tensor.flat) for tensor in known]
    return pl.DataFrame(made), count


def _rows(
    inputs: Any, tail: memoryview, model: LoadedModel, limits: Limits
) -> tuple[pl.DataFrame | list[dict[str, Any]], int]:
    if not isinstance(inputs, list) or not inputs or not all(isinstance(tensor, dict) for tensor in inputs):
        raise HttpError(400, "An inference request has a list of inputs.")
    if len(inputs) > len(model.schema):
        raise HttpError(400, f"The model has {len(model.runtime.used)} inputs.")
    read: list[Input] = []
    position = 0
    for tensor in inputs:
        found, taken = _input(tensor, tail[position:], model, limits)
        position += taken
        read.append(found)
    if position != len(tail):
        raise HttpError(400, "The body holds more bytes than the inputs say.")
    return rows_of(read, model)


def _input(tensor: Mapping[str, Any], tail: memoryview, model: LoadedModel, limits: Limits) -> tuple[Input, int]:
    """A tensor, and how many bytes of the tail it took."""
    name: Any = tensor.get("name")
    datatype: Any = tensor.get("datatype")
    shape = checked(name, datatype, tensor.get("shape"), model, limits)
    size = _parameters(tensor).get("binary_data_size")
    if size is None:
        return Input(model.schema[name], datatype, shape, tensors.from_json(tensor.get("data"), datatype, shape)), 0
    if "data" in tensor or type(size) is not int or not 0 <= size <= len(tail):
        raise HttpError(400, "A binary_data_size does not fit the body.")
    return Input(model.schema[name], datatype, shape, tensors.from_bytes(tail[:size], datatype, shape)), size


def checked(name: Any, datatype: Any, shape: Any, model: LoadedModel, limits: Limits) -> tuple[int, ...]:
    """The shape of an input whose name, datatype and size may be taken.

    Raises:
        HttpError: 400 or 413.
    """
    if not isinstance(name, str) or name not in model.schema:
        raise HttpError(400, "The model has no input of a name that was given; see the model's metadata.")
    if not isinstance(datatype, str) or (datatype != tensors.BYTES and datatype not in tensors.NUMPY):
        raise HttpError(400, "A datatype is unknown.")
    sizes = tensors.shape_of(shape, limits.rows)
    if math.prod(sizes) > _ELEMENTS_LIMIT:
        raise HttpError(413, "A tensor has too many elements.")
    return sizes


def output_names(model: LoadedModel, covering: Covering | None = None) -> list[str]:
    """The outputs that may be asked for; a set or interval only together with its coverage."""
    names = [output["name"] for output in _output_metadata(model)]
    return sorted([*names, *([] if covering is None else [covering.name])])


def _wanted(outputs: Any, known: Sequence[str], binary: bool) -> dict[str, bool]:
    if outputs is None:
        return {}
    if not isinstance(outputs, list) or not all(isinstance(output, dict) for output in outputs):
        raise HttpError(400, "The outputs of a request are a list of objects.")
    wanted: dict[str, bool] = {}
    for output in outputs:
        name = output.get("name")
        if not isinstance(name, str) or name not in known or name in wanted:
            raise HttpError(400, "An output is unknown or asked for twice; the model has: " + ", ".join(known))
        wanted[name] = _parameters(output).get("binary_data", binary) is True
    return wanted


def _parameters(holder: Mapping[str, Any]) -> Mapping[str, Any]:
    parameters = holder.get("parameters", {})
    if not isinstance(parameters, dict):
        raise HttpError(400, "Parameters are an object.")
    return parameters
