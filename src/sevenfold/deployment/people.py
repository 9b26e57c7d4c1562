"""`POST /predict`: JSON records for people."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from sevenfold.core.dataset import Kind
from sevenfold.core.errors import DataError
from sevenfold.data.classes import spelled
from sevenfold.deployment.documents import compact, digits_of, parse
from sevenfold.deployment.model import LoadedModel
from sevenfold.deployment.request import HttpError, Limits, Request
from sevenfold.deployment.runtime import Answer
from sevenfold.deployment.tensors import picture_of, to_json

if TYPE_CHECKING:
    import numpy.typing as npt

    from sevenfold.data.clean import Violation

_COVERAGE = re.compile(r"0?\.[0-9]{1,15}", re.ASCII)


def pictures_of(model: LoadedModel) -> tuple[str, ...]:
    """The columns whose values in JSON are pictures in base64."""
    return tuple(column.name for column in model.inputs.of_kind(Kind.IMAGE))


def decode(body: bytes, pictures: Sequence[str], limits: Limits) -> tuple[list[dict[str, Any]], bool]:
    """The records of a request, and whether it was one record by itself.

    Args:
        body: of the request.
        pictures: columns of pictures.
    Raises:
        HttpError: 400 the body is no record and no list of records, 413 too many of them.
    """
    try:
        value = parse(body, limit_bytes=limits.body_bytes)
    except DataError as error:
        raise HttpError(400, error.what) from None
    single = type(value) is dict
    records = [value] if single else value
    if not single and not (isinstance(records, list) and records and all(isinstance(one, dict) for one in records)):
        raise HttpError(400, "The body is a record (an object with a value for each column) or a list of records.")
    if len(records) > limits.rows:
        raise HttpError(413, f"A request may hold {limits.rows} rows.")
    for name in pictures:
        for record in records:
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


def label_texts(model: LoadedModel) -> dict[Any, str]:
    """A model's labels as JSON; empty where they are not plain, or of several types."""
    labels = model.classes.tolist()
    alike = {type(label) for label in labels}
    plain = len(alike) == 1 and alike <= {str, int, bool}
    return {label: compact(label).decode() for label in labels} if plain else {}


class OneRow:
    """Writes the answer to a single record, the same bytes as `compact` gives for what `encode` makes.

    What is the same in every answer is written once.

    Args:
        model: whose answers.
    """

    def __init__(self, model: LoadedModel) -> None:
        self._model = model
        self._labels = label_texts(model)
        self._names = [compact(name).decode() + ":" for name in spelled(model.task.classes)]

    def encode(self, answer: Answer, request_id: str) -> bytes:
        """The record's object as JSON."""
        return self.text(answer, request_id).encode()

    def text(self, answer: Answer, request_id: str) -> str:
        """The same, not encoded yet."""
        said = None if answer.reading.violations else self._said(answer)
        if said is None:
            return compact(encode(answer, self._model, request_id, None)[0]).decode()
        return f'{{"prediction":{said},"violations":[],"request_id":"{request_id}","row":0}}'

    def _said(self, answer: Answer) -> str | None:
        """What is predicted; None where that is not written as plainly as usual."""
        if answer.has_classes:
            label = self._labels.get(answer.labels.tolist()[0])
            chances: list[float] = answer.values.tolist()[0]
            if label is None or not isfinite(sum(chances)):
                return None
            shown = ",".join([name + chance for name, chance in zip(self._names, digits_of(chances), strict=True)])
            return f'{label},"probabilities":{{{shown}}}'
        if answer.labels.ndim == 1 and answer.labels.dtype.kind == "f":
            number: float = answer.labels.tolist()[0]
            return repr(number) if isfinite(number) else None
        return None


def to_plain(answer: Answer) -> list[Any]:
    """Predictions as plain values: labels in their own type, numbers (null where not finite), or lists of items."""
    return plain_labels(answer.labels)


def plain_labels(labels: npt.NDArray[Any]) -> list[Any]:
    """Labels as `to_plain` gives them."""
    if labels.dtype.kind == "f":
        return to_json(labels)
    plain: list[Any] = labels.tolist()
    return plain


def violation_as_json(violation: Violation) -> Mapping[str, Any]:
    """A violation for the one who sent the row."""
    return {"column": violation.column, "code": violation.code, "received": violation.received}
