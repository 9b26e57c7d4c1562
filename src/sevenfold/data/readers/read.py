"""Read any source of data into a raw table, and say in words how it was read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sevenfold.data.readers.base import Options, Raw, Request, refuse
from sevenfold.data.readers.catalogue import FORMATS, READERS


def read(
    source: object,
    *,
    target: str | None = None,
    like: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | Options | None = None,
) -> Raw:
    """Read a file, a folder or glob, a database, an address, standard input, or a table in memory.

    Args:
        source: path, URL, "-", a polars or pandas frame, an Arrow table, a numpy array, a record (dict), a list of
            records, or a dict of lists.
        target: the column to predict, if known. It tells a header from data: a whole number that no header names
            is the position of a column of a file without a header, whose columns are then named "0", "1", ...
        like: `source` of an earlier Raw, to read a test or prediction file in the same way.
        options: what to do instead of what would be found out; see `Options`.
    Raises:
        RequestError: there is no such source, or it may not be read.
        DataError: the content cannot be used.
    """
    request = Request(None if target is None else str(target), dict(like or {}), Options.of(options))
    if isinstance(source, str) and not source.strip():
        raise refuse("an empty name", "a path, a URL, or -", "Name the data.")
    for name, reader in READERS:
        instance = reader()
        if instance.accepts(source):
            raw = instance.read(source, request)
            return Raw(raw.frame, {"reader": name, **raw.source})
    raise refuse(
        f"an object of type {type(source).__name__}",
        "a path, a URL, a polars or pandas frame, an Arrow table, a record, or a list of records",
        "Convert it to one of these.",
    )


def describe(source: Mapping[str, Any]) -> str:
    """How a source was read, in words: "CSV, ';' delimited, cp1252, CRLF, header; 3 files"."""
    kind = str(source.get("format", ""))
    if kind in FORMATS:
        words = FORMATS.get(kind)().describe(source)
    elif kind == "pictures":
        words = f"folder of pictures, {len(source['classes'])} classes" if source["classes"] else "folder of pictures"
    elif kind == "memory":
        words = str(source["name"])
    else:
        words = {"sqlite": "SQLite", "duckdb": "DuckDB", "postgresql": "PostgreSQL"}.get(kind, kind) + " query"
    if source.get("compression"):
        words += f", .{source['compression']}"
    if "files" in source:
        words += f"; {len(source['files'])} files"
    if source.get("bad_rows"):
        words += "; some rows broken"
    return words
