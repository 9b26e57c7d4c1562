"""The server's own description, OpenAPI 3.1, made from the model's schema."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from sevenfold.core.dataset import Column, Kind
from sevenfold.data.classes import spelled
from sevenfold.data.profile import QUANTILES
from sevenfold.deployment.model import LoadedModel

_TYPES: dict[Kind, dict[str, Any]] = {
    Kind.NUMBER: {"type": ["number", "string", "null"]},
    Kind.FLAG: {"type": ["boolean", "number", "string", "null"]},
    Kind.DATE: {"type": ["string", "null"]},
    Kind.IMAGE: {"type": ["string", "null"], "contentEncoding": "base64"},
    Kind.SEQUENCE: {"type": ["array", "null"], "items": {"type": "number"}},
}
_LEVELS_SHOWN = 50
_LONGEST_EXAMPLE = 60
_BYTES = "application/octet-stream"
_EXACT = 2**53  # whole numbers below are float64 as they stand


def describe(
    model: LoadedModel, name: str, version: str, token: bool, others: Mapping[str, LoadedModel] | None = None
) -> dict[str, Any]:
    """The OpenAPI document of a server.

    Args:
        model, name, version: the model that is meant where none is named.
        token: whether one is wanted.
        others: the models under other names.
    """
    schemas: dict[str, Any] = {
        "Record": _record(model),
        "Answer": _answer(model),
        "Error": {"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]},
    }
    predict = _predict(model, "Predict a record or a list of records", "Record", "Answer")
    paths: dict[str, Any] = {
        "/predict": {"post": predict},
        f"/predict/{name}": {"post": _predict(model, f"Predict with '{name}'", "Record", "Answer")},
        "/v2": {"get": _route("About the server")},
        "/v2/health/live": {"get": _route("Whether the process lives", public=True)},
        "/v2/health/ready": {"get": _route("Whether every model is loaded", public=True)},
        **_of_protocol(name, model),
        "/metrics": {"get": _route("Counters in Prometheus form", {"type": "string"}, media="text/plain")},
    }
    for other, found in (others or {}).items():
        record, answer = f"Record.{other}", f"Answer.{other}"
        schemas |= {record: _record(found), answer: _answer(found)}
        paths[f"/predict/{other}"] = {"post": _predict(found, f"Predict with '{other}'", record, answer)}
        paths |= _of_protocol(other, found)
    components: dict[str, Any] = {"schemas": schemas}
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": f"Sevenfold model '{name}'",
            "version": version,
            "description": f"Predicts '{model.task.target}' ({model.task.goal}).",
        },
        "paths": paths,
        "components": components,
    }
    if token:
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"token": []}]
    return document


def _predict(model: LoadedModel, summary: str, record: str, answer: str) -> dict[str, Any]:
    one, said = {"$ref": f"#/components/schemas/{record}"}, {"$ref": f"#/components/schemas/{answer}"}
    one_or_many = {"oneOf": [one, {"type": "array", "items": one, "minItems": 1}]}
    explain = {"name": "explain", "in": "query", "schema": {"type": "boolean", "default": False}}
    coverage = {
        "name": "coverage",
        "in": "query",
        "description": "Also a set of classes or an interval that holds the truth with this probability.",
        "schema": {"type": "string", "pattern": "^0?\\.[0-9]{1,15}$", "examples": ["0.9"]},
    }
    asked = [explain, *([coverage] if model.conformal is not None else ())]
    return _route(summary, {"oneOf": [said, {"type": "array", "items": said}]}, one_or_many, asked)


def _of_protocol(name: str, model: LoadedModel) -> dict[str, Any]:
    where = f"/v2/models/{name}"
    infer = _route("Predict tensors, one for each column", _inferred(), _to_infer(model))
    infer["responses"]["200"]["content"] |= _content({"type": "string", "format": "binary"}, _BYTES)
    return {
        where: {"get": _route("Inputs and outputs of the model")},
        f"{where}/ready": {"get": _route("Whether the model is loaded")},
        f"{where}/infer": {"post": infer},
    }


def _to_infer(model: LoadedModel) -> dict[str, Any]:
    """The body of an inference request."""
    parameters: dict[str, Any] = {
        "binary_data_output": {"type": "boolean", "description": "Answer with binary tensors behind the JSON."}
    }
    if model.conformal is not None:
        more = "set" if model.task.goal.is_classification else "interval"
        parameters["coverage"] = {
            "type": "number",
            "exclusiveMinimum": 0,
            "exclusiveMaximum": 1,
            "description": f"Also the output '{more}', which holds the truth with this probability.",
            "examples": [0.9],
        }
    named = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    return {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "parameters": {"type": "object", "properties": parameters},
            "inputs": {"type": "array", "items": _tensor(), "minItems": 1},
            "outputs": {"type": "array", "items": named, "description": "Those that are wanted; all by default."},
        },
        "required": ["inputs"],
    }


def _inferred() -> dict[str, Any]:
    """The answer to an inference request."""
    properties = {
        "model_name": {"type": "string"},
        "model_version": {"type": "string"},
        "id": {"type": "string"},
        "outputs": {"type": "array", "items": {"type": "object"}},
    }
    return {"type": "object", "properties": properties, "required": ["model_name", "outputs"]}


def _tensor() -> dict[str, Any]:
    properties = {
        "name": {"type": "string", "description": "The column's name."},
        "datatype": {"type": "string", "examples": ["FP64", "BYTES", "BOOL"]},
        "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}, "examples": [[1]]},
        "data": {"type": "array", "items": {}},
    }
    return {"type": "object", "properties": properties, "required": ["name", "datatype", "shape"]}


def _route(
    summary: str,
    response: dict[str, Any] | None = None,
    body: dict[str, Any] | None = None,
    parameters: list[Any] | None = None,
    public: bool = False,
    media: str = "application/json",
) -> dict[str, Any]:
    failure = {"description": "What is wrong", "content": _content({"$ref": "#/components/schemas/Error"})}
    route: dict[str, Any] = {
        "summary": summary,
        "responses": {
            "200": {"description": "Done", "content": _content(response or {"type": "object"}, media)},
            "4XX": failure,
            "5XX": failure,
        },
    }
    if body is not None:
        route["requestBody"] = {"required": True, "content": _content(body)}
    if parameters:
        route["parameters"] = parameters
    if public:
        route["security"] = []
    return route


def _content(schema: dict[str, Any], media: str = "application/json") -> dict[str, Any]:
    return {media: {"schema": schema}}


def _record(model: LoadedModel) -> dict[str, Any]:
    used = [column for column in model.inputs if column.name in model.runtime.used]
    quantiles = _quantiles(model)
    return {
        "type": "object",
        "properties": {column.name: _property(column, model, quantiles.get(column.name)) for column in used},
        "additionalProperties": True,
    }


def _property(column: Column, model: LoadedModel, quantiles: Any) -> dict[str, Any]:
    described: dict[str, Any] = dict(_TYPES.get(column.kind, {"type": ["string", "number", "boolean", "null"]}))
    described["description"] = str(column.kind)
    if examples := _examples(column, model, quantiles):
        described["examples"] = examples
    return described


def _examples(column: Column, model: LoadedModel, quantiles: Any) -> list[Any]:
    """Values such as training has seen: a category's levels, a number's quartiles, of others that of the example."""
    if column.kind in (Kind.CATEGORY, Kind.FLAG) and column.levels:
        return list(column.levels[:_LEVELS_SHOWN])
    if column.kind is Kind.NUMBER:
        return _quartiles(quantiles)
    example = model.example.get(column.name)
    short = isinstance(example, bool | int | float) or (isinstance(example, str) and len(example) <= _LONGEST_EXAMPLE)
    return [example] if short else []


def _quantiles(model: LoadedModel) -> dict[str, Any]:
    """By column what the profile says they are. No prediction depends on a profile, so nobody has checked it."""
    try:
        return {column["name"]: column["quantiles"] for column in model.profile["columns"]}
    except (LookupError, TypeError):
        return {}


def _quartiles(quantiles: Any) -> list[Any]:
    """With four digits, which is as much as an example needs; the middle one first; none of what are no quantiles."""
    try:
        found = [float(f"{quantiles[QUANTILES.index(share)]:.4g}") for share in (0.5, 0.25, 0.75)]
    except (LookupError, TypeError, ValueError, OverflowError):
        return []
    fine = [value for value in found if math.isfinite(value)]
    return list(dict.fromkeys(int(v) if v.is_integer() and abs(v) < _EXACT else v for v in fine))


def _answer(model: LoadedModel) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "prediction": {},
        "violations": {"type": "array", "items": {"type": "object"}},
        "request_id": {"type": "string"},
        "row": {"type": "integer"},
    }
    if len(model.classes):
        names = spelled(model.task.classes)
        properties["probabilities"] = {"type": "object", "properties": {name: {"type": "number"} for name in names}}
    if model.conformal is not None:
        properties["coverage"] = {"type": "number", "description": "as it was asked for"}
        end = {"type": ["number", "null"], "description": "null where calibration rows are too few"}
        if model.task.goal.is_classification:
            properties["set"] = {"type": "array", "items": {}, "description": "classes, the prediction among them"}
        else:
            properties["interval"] = {"type": "object", "properties": {"low": end, "high": end}}
    return {"type": "object", "properties": properties, "required": ["prediction", "violations"]}
