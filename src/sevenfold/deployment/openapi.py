"""The server's own description, OpenAPI 3.1, made from the model's schema."""

from __future__ import annotations

from typing import Any

from sevenfold.core.dataset import Column, Kind
from sevenfold.data.classes import spelled
from sevenfold.deployment.model import LoadedModel

_TYPES: dict[Kind, dict[str, Any]] = {
    Kind.NUMBER: {"type": ["number", "string", "null"]},
    Kind.FLAG: {"type": ["boolean", "number", "string", "null"]},
    Kind.DATE: {"type": ["string", "null"]},
    Kind.IMAGE: {"type": ["string", "null"], "contentEncoding": "base64"},
    Kind.SEQUENCE: {"type": ["array", "null"], "items": {"type": "number"}},
}
_LEVELS_SHOWN = 50


def describe(model: LoadedModel, name: str, version: str, token: bool) -> dict[str, Any]:
    """The OpenAPI document of a server with this model."""
    record, answer = {"$ref": "#/components/schemas/Record"}, {"$ref": "#/components/schemas/Answer"}
    one_or_many = {"oneOf": [record, {"type": "array", "items": record, "minItems": 1}]}
    answers = {"oneOf": [answer, {"type": "array", "items": answer}]}
    explain = {"name": "explain", "in": "query", "schema": {"type": "boolean", "default": False}}
    coverage = {
        "name": "coverage",
        "in": "query",
        "description": "Also a set of classes or an interval that holds the truth with this probability.",
        "schema": {"type": "string", "pattern": "^0?\\.[0-9]{1,15}$", "examples": ["0.9"]},
    }
    asked = [explain, *([coverage] if model.conformal is not None else ())]
    where = f"/v2/models/{name}"
    paths: dict[str, Any] = {
        "/predict": {"post": _route("Predict a record or a list of records", answers, one_or_many, asked)},
        "/v2": {"get": _route("About the server")},
        "/v2/health/live": {"get": _route("Whether the process lives", public=True)},
        "/v2/health/ready": {"get": _route("Whether every model is loaded", public=True)},
        where: {"get": _route("Inputs and outputs of the model")},
        f"{where}/ready": {"get": _route("Whether the model is loaded")},
        f"{where}/infer": {"post": _route("Predict tensors", {"type": "object"}, {"type": "object"})},
        "/metrics": {"get": _route("Counters in Prometheus form", {"type": "string"}, media="text/plain")},
    }
    components: dict[str, Any] = {
        "schemas": {
            "Record": _record(model),
            "Answer": _answer(model),
            "Error": {"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]},
        }
    }
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
    return {
        "type": "object",
        "properties": {column.name: _property(column) for column in used},
        "additionalProperties": True,
    }


def _property(column: Column) -> dict[str, Any]:
    described: dict[str, Any] = dict(_TYPES.get(column.kind, {"type": ["string", "number", "boolean", "null"]}))
    described["description"] = str(column.kind)
    if column.kind is Kind.CATEGORY and column.levels:
        described["examples"] = list(column.levels[:_LEVELS_SHOWN])
    return described


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
