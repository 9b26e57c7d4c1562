"""`POST /predict`: JSON records for people."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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

_COVERAGE = re.compile(r"0?\.[0-9]{1,15}", re.ASCII)


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


@dataclass(frozen=True)
class Asked:
    """What is wanted beside the predictions.

    Args:
        explain: why each row got its answer.
        coverage: a set or interval that holds the truth with this probability; None for none.
    """

    explain: bool = False
    coverage: float | None = None


_NOTHING_MORE = Asked()


def asked(request: Request) -> Asked:
    """What the query says: `explain=true`, `coverage=0.9`.

    Raises:
        HttpError: 400 for other values or another parameter.
    """
    if not request.query:
        return _NOTHING_MORE
    try:
        query = parse_qs(request.query, keep_blank_values=True, strict_parsing=True, max_num_fields=8)
    except ValueError:
        raise HttpError(400, "The query cannot be read.") from None
    if set(query) - {"explain", "coverage"} or any(v not in ("true", "false") for v in query.get("explain", ())):
        raise HttpError(400, "The query may say explain=true or explain=false, and coverage=0.9 or the like.")
    coverage = None
    if "coverage" in query:
        if not all(_COVERAGE.fullmatch(text) and float(text) > 0 for text in query["coverage"]):
            raise HttpError(400, "The coverage is a number above 0 and below 1, as coverage=0.9.")
        coverage = float(query["coverage"][-1])
    return Asked(query.get("explain", ["false"])[-1] == "true", coverage)


def covering(answer: Answer, model: LoadedModel, coverage: float) -> list[dict[str, Any]]:
    """For each row `coverage`, and `set` or `interval`; an end that is not finite is null.

    Raises:
        RequestError: the model has none.
    """
    if model.task.goal.is_classification:
        return [{"coverage": coverage, "set": labels} for labels in model.sets_of(answer, coverage)]
    limits = model.intervals_of(answer, coverage)
    ends = zip(to_json(limits[:, 0]), to_json(limits[:, 1]), strict=True)
    return [{"coverage": coverage, "interval": {"low": low, "high": high}} for low, high in ends]


def encode(
    answer: Answer,
    model: LoadedModel,
    request_id: str,
    explanations: Sequence[Any] | None,
    covered: Sequence[Mapping[str, Any]] | None = None,
) -> list[Any]:
    """One object for each row: prediction, probabilities by class, violations, and if asked for an explanation, a set
    or an interval."""
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
        if covered is not None:
            record.update(covered[row])
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
