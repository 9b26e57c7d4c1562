"""Protobuf messages to and from what `deployment.protocol` and `deployment.tensors` speak."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.deployment import protocol, tensors
from sevenfold.deployment.grpc.messages import classes
from sevenfold.deployment.hosting import Hosted
from sevenfold.deployment.model import LoadedModel
from sevenfold.deployment.request import HttpError, Limits
from sevenfold.deployment.runtime import Answer

if TYPE_CHECKING:
    import numpy.typing as npt

_DOUBLE, _LENGTH, _MOST = struct.Struct("<d"), struct.Struct("<I"), 2**32 - 1
_ONE, _FLAGS = ([1], [1, 1]), (b"\0", b"\1")
_CONTENTS: Mapping[str, str] = {
    "BOOL": "bool_contents", "INT8": "int_contents", "INT16": "int_contents", "INT32": "int_contents",
    "INT64": "int64_contents", "UINT8": "uint_contents", "UINT16": "uint_contents", "UINT32": "uint_contents",
    "UINT64": "uint64_contents", "FP32": "fp32_contents", "FP64": "fp64_contents", "BYTES": "bytes_contents",
}  # fmt: skip


def decode(message: Any, model: LoadedModel, limits: Limits) -> protocol.InferRequest:
    """Read a ModelInferRequest.

    Raises:
        HttpError: what is wrong with it.
    """
    raw = message.raw_input_contents
    if raw and (len(raw) != len(message.inputs) or any(tensor.HasField("contents") for tensor in message.inputs)):
        raise HttpError(400, "With raw_input_contents, every input is there and none has contents.")
    read: list[protocol.Input] = []
    if not 0 < len(message.inputs) <= len(model.schema):
        raise HttpError(400, f"The model has {len(model.runtime.used)} inputs.")
    for position, tensor in enumerate(message.inputs):
        shape = protocol.checked(tensor.name, tensor.datatype, list(tensor.shape), model, limits)
        if raw:
            flat = tensors.from_bytes(memoryview(raw[position]), tensor.datatype, shape)
        else:
            flat = _flat(tensor, shape)
        read.append(protocol.Input(model.schema[tensor.name], tensor.datatype, shape, flat))
    if len(message.id) > protocol.ID_LENGTH:
        raise HttpError(400, f"The id of a request is a string of at most {protocol.ID_LENGTH} characters.")
    rows, count = protocol.rows_of(read, model)
    covering = (
        protocol.covering_of(_number(message.parameters["coverage"]), model)
        if ("coverage" in message.parameters)
        else None
    )
    known = protocol.output_names(model, covering)
    wanted = [output.name for output in message.outputs]
    if len(set(wanted)) != len(wanted) or not set(wanted) <= set(known):
        raise HttpError(400, "An output is unknown or asked for twice; the model has: " + ", ".join(known))
    return protocol.InferRequest(message.id or None, rows, count, dict.fromkeys(wanted, bool(raw)), bool(raw), covering)


def _number(parameter: Any) -> object:
    """What a parameter says, whichever of its types it was sent in."""
    kind = parameter.WhichOneof("parameter_choice")
    return "nothing" if kind is None else getattr(parameter, kind)


def decode_row(message: Any, hosted: Hosted) -> protocol.InferRequest | None:
    """What `decode` gives for one row of plain tensors sent as bytes, sooner; None where it needs more care.

    Args:
        message: a ModelInferRequest.
        hosted: who answers.
    """
    raw, inputs = message.raw_input_contents, message.inputs
    if not raw or len(raw) != len(inputs) or message.outputs or len(message.id) > protocol.ID_LENGTH:
        return None
    names, record = hosted.tensor_row.names, {}
    for tensor, content in zip(inputs, raw, strict=True):
        name, datatype = tensor.name, tensor.datatype
        if name not in names or tensor.shape not in _ONE or tensor.HasField("contents"):
            return None
        if datatype == "FP64" and len(content) == 8:
            (value,) = _DOUBLE.unpack(content)
            record[name] = None if value != value else value
        elif datatype == "BOOL" and content in _FLAGS:
            record[name] = content == _FLAGS[1]
        elif datatype == tensors.BYTES and _LENGTH.pack(len(content) - 4 & _MOST) == content[:4]:
            try:
                record[name] = content[4:].decode()
            except UnicodeDecodeError:
                return None
        else:
            return None
    if len(record) != len(inputs) or not hosted.tensor_row.needed.issubset(record):
        return None
    return protocol.InferRequest(message.id or None, [record], 1, {}, True)


def _flat(tensor: Any, shape: tuple[int, ...]) -> list[Any]:
    field = _CONTENTS.get(tensor.datatype)
    if field is None:
        raise HttpError(400, f"Datatype {tensor.datatype} can only be sent in raw_input_contents.")
    others = {filled.name for filled, _ in tensor.contents.ListFields()} - {field}
    if others:
        raise HttpError(400, f"The contents of datatype {tensor.datatype} belong in {field}.")
    return tensors.from_values(list(getattr(tensor.contents, field)), tensor.datatype, shape)


def encode(request: protocol.InferRequest, answer: Answer, hosted: Hosted) -> Any:
    """The ModelInferResponse: raw where the request was raw, typed contents otherwise."""
    response = classes()["ModelInferResponse"](
        model_name=hosted.name, model_version=hosted.version, id=request.id or ""
    )
    for name, values in protocol.outputs_of(request, answer).items():
        datatype = tensors.datatype_of(values)
        output = response.outputs.add(name=name, datatype=datatype, shape=values.shape)
        if request.binary:
            response.raw_output_contents.append(tensors.to_bytes(values))
        else:
            getattr(output.contents, _CONTENTS[datatype]).extend(_elements(values, datatype))
    if answer.reading.violations:
        response.parameters["violations"].int64_param = len(answer.reading.violations)
    return response


def _elements(values: npt.NDArray[Any], datatype: str) -> list[Any]:
    flat = values.reshape(-1).tolist()
    if datatype == tensors.BYTES:
        return [b"" if value is None else str(value).encode() for value in flat]
    return flat if np.ndim(flat) else [flat]


def metadata(hosted: Hosted) -> Any:
    """The ModelMetadataResponse."""
    return classes()["ModelMetadataResponse"](**protocol.model_metadata(hosted.model, hosted.name, hosted.version))
