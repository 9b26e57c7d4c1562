"""One row in plain JSON tensors, read and written without a detour: what most clients of the protocol send.

It is a quick way to what `protocol.decode` and `protocol.encode` give. Whatever is not as plain as can be is left to
them, whole: they know what is wrong with a request, and what else it may mean.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

from sevenfold.core.dataset import Kind
from sevenfold.core.errors import DataError
from sevenfold.deployment import tensors
from sevenfold.deployment.documents import WIDE, compact, digits_of, has_at_most, parse_unchecked
from sevenfold.deployment.model import LoadedModel
from sevenfold.deployment.people import label_texts
from sevenfold.deployment.protocol import ID_LENGTH
from sevenfold.deployment.runtime import Answer

_TYPES = {"FP64": float, "FP32": float, "BYTES": str, "BOOL": bool}
_EXACT = 2**53  # whole numbers below are float64 as they stand
_KEYS = 4  # of a tensor: name, datatype, shape, data
_PREDICTION = '[{"name":"prediction","datatype":"%s","shape":[1],"data":['
_NUMBER = _PREDICTION % "FP64"
_CHANCES = ']},{"name":"probabilities","datatype":"FP64","shape":[1,%d],"data":['


class TensorRow:
    """Reads requests of one row, and writes their answers.

    Args:
        model: that answers.
        name, version: under which the protocol knows it.

    Attributes:
        names: of the columns that one element holds as it is.
        needed: the columns that must be there.
    """

    def __init__(self, model: LoadedModel, name: str, version: str) -> None:
        special = (Kind.IMAGE, Kind.SEQUENCE)
        self.names = frozenset(column.name for column in model.inputs if column.kind not in special)
        self.needed = model.runtime.used - {model.task.roles.get("item")}
        self._labels = label_texts(model)
        self._head = f'{{"model_name":{_said(name)},"model_version":{_said(version)},"outputs":'
        self._label = _PREDICTION % tensors.datatype_of(model.classes)
        self._chances = _CHANCES % len(model.classes)

    def read(self, body: bytes) -> tuple[dict[str, Any], str | None] | None:
        """The record that a request holds, and the request's own id; None where it must be read with more care."""
        try:
            document = parse_unchecked(body)
        except (ValueError, RecursionError, DataError):
            return None
        if type(document) is not dict:
            return None
        inputs, own = document.get("inputs"), document.get("id")
        plain = type(own) is str and len(own) <= ID_LENGTH if "id" in document else True
        if type(inputs) is not list or not plain or len(document) != 1 + ("id" in document):
            return None
        if not has_at_most(body, len(document) + _KEYS * len(inputs)):
            return None
        record = self._record(inputs)
        return None if record is None else (record, own)

    def _record(self, inputs: list[Any]) -> dict[str, Any] | None:
        record: dict[str, Any] = {}
        names = self.names
        try:
            for tensor in inputs:
                name, kind, shape, data = tensor["name"], _TYPES[tensor["datatype"]], tensor["shape"], tensor["data"]
                if len(tensor) != _KEYS or shape != [1] or type(shape[0]) is not int or name not in names:
                    return None
                if type(data) is not list or len(data) != 1:
                    return None
                value = data[0]
                if type(value) is not kind and value is not None:
                    if type(value) is not int or kind is not float or abs(value) > _EXACT:
                        return None
                    value = float(value)
                elif type(value) is float and not -WIDE < value < WIDE:
                    return None  # it may have been a whole number
                record[name] = value
        except (KeyError, TypeError):  # something else than four plain members
            return None
        return record if len(record) == len(inputs) and self.needed.issubset(record) else None

    def write(self, answer: Answer, own: str | None) -> bytes | None:
        """The response as JSON; None where it must be written with more care.

        Args:
            answer: of one row.
            own: the request's own id.
        """
        shown = None if answer.reading.violations else self._outputs(answer)
        if shown is None:
            return None
        end = "]}]}" if own is None else f']}}],"id":{_said(own)}}}'
        return (self._head + shown + end).encode()

    def _outputs(self, answer: Answer) -> str | None:
        if answer.has_classes:
            label = self._labels.get(answer.labels.tolist()[0])
            chances: list[float] = answer.values.tolist()[0]
            if label is None or not isfinite(sum(chances)):
                return None
            return f"{self._label}{label}{self._chances}{','.join(digits_of(chances))}"
        if answer.labels.ndim == 1 and answer.labels.dtype.kind == "f":
            number: float = answer.labels.tolist()[0]
            return f"{_NUMBER}{number!r}" if isfinite(number) else None
        return None


def _said(text: str) -> str:
    return compact(text).decode()
