"""JSON: a line for each record, or one array of records."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, ClassVar

from sevenfold.core.errors import DataError
from sevenfold.data.readers.base import Format, Raw, Request
from sevenfold.data.readers.blob import Blob
from sevenfold.data.readers.encodings import to_utf8
from sevenfold.data.readers.records import frame_of, frame_of_columns
from sevenfold.data.readers.tolerance import bear

_START = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:\{\s*[\"}]|\[\s*[\[\{\]])")


class Json(Format):
    """JSON lines, an array of objects, or an object of columns. Values keep their JSON types."""

    name = "json"
    endings: ClassVar[tuple[str, ...]] = (".json", ".jsonl", ".ndjson")

    def recognises(self, head: bytes) -> bool:
        """An object or an array of objects at the start."""
        return _START.match(head) is not None

    def parse(self, blob: Blob, request: Request) -> Raw:
        """Read every record; nested objects become columns with dots, lists of numbers stay lists."""
        text = to_utf8(blob.read(), blob.name, request.options.encoding)
        broken: dict[str, Any] = {}
        if text.data.lstrip().startswith(b"["):
            layout, records = "array", _records(_loaded(text.data, blob.name), blob.name)
        else:
            layout, records, broken = _lines(text.data, blob.name)
        if isinstance(records, dict):
            frame, notes = frame_of_columns(records)
        else:
            frame, notes = frame_of(records)
        if not frame.height or not frame.width:
            raise DataError(f"{blob.name} has no rows.", "at least one record", "none", "Check how it was made.")
        source: dict[str, Any] = {
            "format": self.name,
            "name": blob.name,
            "compression": blob.compression,
            "encoding": text.encoding,
            "layout": layout,
            "columns": frame.columns,
            "rows": frame.height,
            "notes": [*text.notes, *notes],
        }
        if broken:
            source["bad_rows"] = broken
        return Raw(frame, source)

    def describe(self, source: Mapping[str, Any]) -> str:
        """For instance "JSON lines, utf-8"."""
        words = {"lines": "JSON lines", "array": "JSON array of objects", "columns": "JSON object of columns"}
        return f"{words.get(source['layout'], 'JSON')}, {source['encoding']}"


def _lines(data: bytes, name: str) -> tuple[str, list[Any] | dict[str, Any], dict[str, Any]]:
    records: list[Any] = []
    broken: dict[int, str] = {}
    lines: dict[int, int] = {}
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            record, reason = None, f"is not JSON: {error}"
        else:
            reason = "" if isinstance(record, dict) else f"is {type(record).__name__}, no object"
        if reason:
            if not records:
                whole = _whole(data, name)
                if whole is not None:
                    return whole
            broken[len(records)] = reason
            lines[len(records)] = number
            record = None
        records.append(record)
    if not broken and len(records) == 1 and (columns := _columns(records[0])) is not None:
        return "columns", columns, {}
    report = bear(name, broken, len(records), "a JSON object in each line", lines) if broken else {}
    return "lines", records, report


def _whole(data: bytes, name: str) -> tuple[str, list[Any] | dict[str, Any], dict[str, Any]] | None:
    """An object over several lines: a single record, columns, or a wrapper around the records."""
    try:
        loaded = json.loads(data)
    except (ValueError, RecursionError):
        return None
    records = _records(loaded, name)
    return ("columns" if isinstance(records, dict) else "array"), records, {}


def _loaded(data: bytes, name: str) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"{name} is not JSON.", "an array of objects", str(error), "The file is damaged or cut off: fetch it again."
        ) from error


def _records(loaded: Any, name: str) -> list[Any] | dict[str, Any]:
    if isinstance(loaded, dict):
        columns = _columns(loaded)
        if columns is not None:
            return columns
        # {"data": [{...}, ...]} and its like: the one list of objects within is the table.
        lists = [v for v in loaded.values() if isinstance(v, list) and v and all(isinstance(r, dict) for r in v)]
        return lists[0] if len(lists) == 1 else [loaded]
    if isinstance(loaded, list) and all(isinstance(record, dict) for record in loaded):
        return loaded
    wrong = next((type(r).__name__ for r in loaded if not isinstance(r, dict)), "") if isinstance(loaded, list) else ""
    raise DataError(
        f"{name} holds no records.",
        "an array of objects, or an object of columns of equal length",
        f"an array with {wrong} in it" if wrong else type(loaded).__name__,
        "Write a JSON object for each row.",
    )


def _columns(loaded: dict[str, Any]) -> dict[str, Any] | None:
    """The object, if it is columns: {"a": [1, 2], "b": [3, 4]}."""
    values = list(loaded.values())
    if not values or not all(isinstance(value, list) for value in values):
        return None
    if len({len(value) for value in values}) != 1 or any(isinstance(v, dict) for value in values for v in value):
        return None
    return loaded
