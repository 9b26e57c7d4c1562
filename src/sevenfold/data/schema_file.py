"""schema.json: written beside a run, edited by people, read again with every key checked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sevenfold.core.dataset import Column, Kind, Schema
from sevenfold.core.errors import RequestError, unknown_name
from sevenfold.data.parse.dates import EPOCHS

_SPELLINGS = frozenset({"missing", "kept"})
PARSE_KEYS: Mapping[Kind, frozenset[str]] = {
    Kind.NUMBER: _SPELLINGS
    | {"decimal", "thousands", "units", "prefixes", "brackets", "clock", "nth", "from", "low", "high"},
    Kind.CATEGORY: _SPELLINGS | {"numeric", "ignore_case", "order"},
    Kind.FLAG: _SPELLINGS | {"true", "false"},
    Kind.DATE: _SPELLINGS | {"formats", "epoch", "ambiguous"},
    Kind.TEXT: _SPELLINGS | {"numeric"},
    Kind.ID: _SPELLINGS | {"numeric"},
    Kind.SEQUENCE: _SPELLINGS,
    Kind.IMAGE: frozenset(),
}
"""Keys that `parse` may have, by kind; the readers in `data.parse` say what each means."""

_LISTS = frozenset({"missing", "kept", "prefixes", "order", "true", "false", "formats"})
_COLUMN_KEYS = ("name", "kind", "reason", "parse", "levels", "used")


def write_schema(path: Path, schema: Schema) -> None:
    """Write a schema for people to read and edit."""
    path.write_text(json.dumps(schema.to_json(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_schema(path: Path) -> Schema:
    """The schema of a schema.json that people may have edited.

    Raises:
        RequestError: it cannot be read, or a key, a kind or a value is not known.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise RequestError(
            "The schema cannot be read.", "a JSON file", f"{path}: {error}", "Check the file."
        ) from error
    return check_schema(data)


def check_schema(data: Any) -> Schema:
    """The schema that plain data describe, every key and value checked."""
    columns = data.get("columns") if isinstance(data, dict) else None
    if not isinstance(columns, list) or not columns:
        raise RequestError(
            "The schema lists no columns.", '{"columns": [...]}', repr(data)[:80], "Start from a written one."
        )
    _known("Key", data, ("columns",), "the schema")
    schema = Schema(tuple(_column(entry) for entry in columns))
    twice = sorted({name for name in schema.names if schema.names.count(name) > 1})
    if twice:
        raise RequestError("The schema names a column twice.", "each column once", ", ".join(twice), "Remove one.")
    return schema


def _column(entry: Any) -> Column:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str) or "kind" not in entry:
        raise RequestError(
            "A column of the schema is not complete.", "a name and a kind", repr(entry)[:80], "Complete it."
        )
    name = entry["name"]
    _known("Key", entry, _COLUMN_KEYS, f"column '{name}'")
    if entry["kind"] not in list(Kind):
        raise unknown_name(f"Kind of column '{name}',", str(entry["kind"]), [str(kind) for kind in Kind])
    kind = Kind(entry["kind"])
    parse, levels = entry.get("parse", {}), entry.get("levels", [])
    if not isinstance(parse, dict):
        raise _wrong(name, "parse", "an object", parse)
    if not isinstance(levels, list) or not all(isinstance(level, str) for level in levels):
        raise _wrong(name, "levels", "a list of strings", levels)
    if not isinstance(entry.get("used", True), bool):
        raise _wrong(name, "used", "true or false", entry["used"])
    _known("Key", parse, PARSE_KEYS[kind], f"parse of column '{name}', a {kind}")
    for key, value in parse.items():
        _check_value(name, key, value)
    return Column.from_json(entry)


def _check_value(name: str, key: str, value: Any) -> None:
    if key in _LISTS and not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
        raise _wrong(name, key, "a list of strings", value)
    if key == "decimal" and value not in (".", ","):
        raise _wrong(name, key, "'.' or ','", value)
    if key == "epoch" and value not in EPOCHS:
        raise _wrong(name, key, " or ".join(EPOCHS), value)
    if key in ("low", "high") and not _is_number(value):
        raise _wrong(name, key, "a number", value)
    if key == "nth" and not (isinstance(value, int) and not isinstance(value, bool) and value >= 1):
        raise _wrong(name, key, "a whole number from 1", value)
    if key == "units" and not (isinstance(value, dict) and all(_is_number(factor) for factor in value.values())):
        raise _wrong(name, key, "a factor for each unit", value)
    if key in ("brackets", "clock", "numeric", "ignore_case", "ambiguous") and not isinstance(value, bool):
        raise _wrong(name, key, "true or false", value)
    if key in ("thousands", "from") and not isinstance(value, str):
        raise _wrong(name, key, "a string", value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _wrong(name: str, key: str, expected: str, received: Any) -> RequestError:
    return RequestError(
        f"'{key}' of column '{name}' in the schema is wrong.", expected, repr(received)[:80], "Correct the schema."
    )


def _known(kind: str, given: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    for key in given:
        if key not in set(known):
            raise unknown_name(f"{kind} in {where},", str(key), known)
