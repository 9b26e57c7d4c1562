"""`POST /predict`: JSON records for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from sevenfold.core.dataset import Kind
from sevenfold.core.errors import DataError
from sevenfold.data.classes import spelled
from sevenfold.deployment.documents import parse
from sevenfold.deployment.model import LoadedModel
from sevenfold.deployment.request import HttpError, Limits, Request
from sevenfold.deployment.runtime import Answer
from sevenfold.deployment.tensors import picture_of, to_json

if TYPE_CHECKING:
    from sevenfold.data.clean import Violation


def decode(request: Request, model: LoadedModel, limits: Limits) -> tuple[list[dict[str, Any]], bool]:
    """The records of a request, and whether it was one record by itself.

    Raises:
        HttpError: 400 the body is no record and no list of records, 413 too many of them.
    """
    try:
        value = parse(request.body, limit_bytes=limits.body_bytes)
    except DataError as error:
        raise HttpError(400, error.what) from None
    single = isinstance(value, dict)
    records = [value] if single else value
    if not isinstance(records, list) or not records or not all(isinstance(record, dict) for record in records):
        raise HttpError(400, "The body is a record (an object with a value for each column) or a list of records.")
    if len(records) > limits.rows:
        raise HttpError(413, f"A request may hold {limits.rows} rows.")
    pictures = [column.name for column in model.inputs.of_kind(Kind.IMAGE)]
    for record in records:
        for name in pictures:
            if isinstance(record.get(name), str):
                record[name] = picture_of(record[name])
    return records, single


def wants_explanation(request: Request) -> bool:
    """Whether the query says `explain=true`.

    Raises:
        HttpError: 400 for another value or another parameter.
    """
    if not request.query:
        return False
    try:
        query = parse_qs(request.query, keep_blank_values=True, strict_parsing=True, max_num_fields=8)
    except ValueError:
        raise HttpError(400, "The query cannot be read.") from None
    if set(query) - {"explain"} or any(value not in ("true", "false") for value in query.get("explain", ())):
        raise HttpError(400, "The query may say explain=true or explain=false.")
    return query.get("explain", ["false"])[-1] == "true"


def encode(answer: Answer, model: LoadedModel, request_id: str, explanations: Sequence[Any] | None) -> list[Any]:
    """One object for each row: prediction, probabilities by class, violations, and an explanation if asked for."""
    predictions = to_plain(answer)
    names = spelled(model.task.classes)
    violations = answer.reading.by_row()
    encoded: list[Any] = []
    for row, prediction in enumerate(predictions):
        record: dict[str, Any] = {"prediction": prediction}
        if answer.probabilities is not None:
            record["probabilities"] = dict(zip(names, answer.probabilities[row].tolist(), strict=True))
        if answer.scores is not None:
            record["scores"] = to_json(answer.scores[row])
        record["violations"] = [violation_as_json(violation) for violation in violations[row]]
        if explanations is not None:
            record["explanation"] = explanations[row]
        record["request_id"] = request_id
        record["row"] = row
        encoded.append(record)
    return encoded


def to_plain(answer: Answer) -> list[Any]:
    """Predictions as plain values: labels in their own type, numbers (null where not finite), or lists of items."""
    if answer.labels.dtype.kind == "f":
        return to_json(answer.labels)
    plain: list[Any] = answer.labels.tolist()
    return plain


def violation_as_json(violation: Violation) -> Mapping[str, Any]:
    """A violation for the one who sent the row."""
    return {"column": violation.column, "code": violation.code, "received": violation.received}
