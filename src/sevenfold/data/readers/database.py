"""Database addresses: taken apart, and shown without secrets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from sevenfold.core.errors import DataError, RequestError, unknown_name
from sevenfold.data.readers.base import Raw, Request
from sevenfold.data.readers.records import frame_of_columns


@dataclass(frozen=True)
class Address:
    """A database URL.

    Args:
        scheme: "postgresql", "sqlite", "duckdb".
        path: of the file, or name of the database, decoded.
        query: SQL to run, or None.
        table: table to read whole, or None.
        plain: the URL less `query` and `table`.
    """

    scheme: str
    path: str
    query: str | None
    table: str | None
    plain: str

    @classmethod
    def of(cls, url: str, request: Request) -> Address:
        """Take a URL apart; options of the request stand in for missing parts."""
        # "+" is a sign in SQL far more often than a space, so it is kept: only %20 is a space.
        parts = urlsplit(url)
        settings = dict(parse_qsl(parts.query.replace("+", "%2B"), keep_blank_values=True))
        query = request.options.query or settings.pop("query", None)
        table = request.options.table or settings.pop("table", None)
        if query and table:
            raise RequestError(
                "Both query and table are given.", "one of them", url.partition("?")[0], "Leave one out."
            )
        plain = urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode(settings), ""))
        path = unquote(parts.netloc + parts.path if parts.netloc else parts.path[1:])
        return cls(parts.scheme.lower(), path, query, table, plain)

    def sql(self, tables: Sequence[str], shown: str) -> str:
        """The statement to run; a single table need not be named."""
        if self.query:
            return self.query.strip().rstrip(";")
        if self.table:
            if self.table not in tables and self.table.partition(".")[2] not in tables:
                raise unknown_name("Table", self.table, tables)
            return "SELECT * FROM " + ".".join(quoted(part) for part in self.table.split("."))
        if len(tables) == 1:
            return f"SELECT * FROM {quoted(tables[0])}"
        raise RequestError(
            f"{shown} holds {len(tables)} tables.",
            "?table=NAME or ?query=SELECT... at the end of the address",
            "tables: " + (", ".join(sorted(tables)[:20]) or "none"),
            "Name a table or a query.",
        )


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def table_of(names: Sequence[str], rows: Sequence[Sequence[Any]], path: str, kind: str, sql: str) -> Raw:
    """A query's result as a table of columns with types."""
    columns = {f"{i}": [row[i] for row in rows] for i in range(len(names))}
    frame, notes = frame_of_columns(columns)
    from sevenfold.data.readers.names import tidy

    tidied, more = tidy(names)
    frame.columns = tidied
    return of_query(frame, path, kind, sql, [*notes, *more])


def of_query(frame: Any, path: str, kind: str, sql: str, notes: list[str]) -> Raw:
    """A Raw of a query's result; a DataError where it has no rows."""
    if not frame.height or not frame.width:
        raise DataError("The query gives no rows.", "at least one row", sql[:200], "Check the query.")
    source = {
        "format": kind,
        "name": path,
        "path": path,
        "query": sql,
        "columns": frame.columns,
        "rows": frame.height,
        "notes": notes,
    }
    return Raw(frame, source)


def failed_query(sql: str, error: Exception) -> RequestError:
    """The error for SQL that the database refuses."""
    reason = str(error).strip().splitlines()
    return RequestError(
        "The query failed.",
        "a query that reads",
        f"{sql[:200]}: {reason[0] if reason else error}",
        "Correct the query.",
    )
