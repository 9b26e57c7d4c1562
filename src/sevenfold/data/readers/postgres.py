"""PostgreSQL: a query or a table, in a transaction that only reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sevenfold.core.errors import MissingExtraError, RequestError
from sevenfold.data.readers.base import Raw, Reader, Request
from sevenfold.data.readers.database import Address, failed_query, of_query
from sevenfold.data.readers.names import tidy
from sevenfold.data.readers.remote import without_secrets
from sevenfold.data.readers.series import as_text, column_of

if TYPE_CHECKING:
    import polars as pl

_CONNECT_SECONDS = "10"
_FETCH_ROWS = 50_000
# The server's own type numbers (pg_type.oid), which also type columns of nothing but nulls.
_BOOLEAN, _NUMBERS, _WHOLE = {16}, {700, 701, 790, 1700}, {20: "Int64", 21: "Int16", 23: "Int32", 26: "Int64"}
_TEXT = {18, 19, 25, 114, 142, 650, 774, 829, 869, 1042, 1043, 1266, 2950, 3802}


class Postgres(Reader):
    """postgresql://user@host/database?query=SELECT..., or ?table=SCHEMA.NAME; other settings go to libpq."""

    name = "postgresql"

    def accepts(self, source: object) -> bool:
        """Whether it begins with postgresql: or postgres:."""
        return isinstance(source, str) and source.lower().startswith(("postgresql:", "postgres:"))

    def read(self, source: Any, request: Request) -> Raw:
        """Run the query with a cursor of the server, so that rows come in portions."""
        try:
            import psycopg
        except ImportError as error:
            raise MissingExtraError.of("psycopg", "sql", "Reading PostgreSQL") from error
        address = Address.of(str(source), request)
        shown = without_secrets(address.plain)
        settings: dict[str, Any] = {} if "connect_timeout" in address.plain else {"connect_timeout": _CONNECT_SECONDS}
        try:
            connection = psycopg.connect(address.plain, **settings)
        except (psycopg.Error, ValueError) as error:
            raise RequestError(
                f"{shown} cannot be reached.", "a PostgreSQL server that lets this user in", _reason(error),
                "Check host, port, database, user and password (PGPASSWORD or ~/.pgpass keep it out of the address).",
            ) from error  # fmt: skip
        with connection:
            connection.read_only = True
            sql = address.sql(_tables(connection) if not address.query else [], shown)
            try:
                frame, notes = _result(connection, sql)
            except psycopg.Error as error:
                raise failed_query(sql, error) from error
        return of_query(frame, shown, "postgresql", sql, notes)


def _tables(connection: Any) -> list[str]:
    rows = connection.execute(
        "SELECT table_schema, table_name FROM information_schema.tables "
        "WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2"
    ).fetchall()
    return [name if schema == "public" else f"{schema}.{name}" for schema, name in rows]


def _result(connection: Any, sql: str) -> tuple[pl.DataFrame, list[str]]:
    import polars as pl

    with connection.cursor(name="sevenfold") as cursor:
        cursor.execute(sql)
        described = cursor.description or ()
        columns: list[list[Any]] = [[] for _ in described]
        while rows := cursor.fetchmany(_FETCH_ROWS):
            for values, portion in zip(columns, zip(*rows, strict=True), strict=True):
                values.extend(portion)
    names, notes = tidy(column.name for column in described)
    series = [
        _column(name, column.type_code, values) for name, column, values in zip(names, described, columns, strict=True)
    ]
    return pl.DataFrame(series), notes


def _column(name: str, type_number: int, values: list[Any]) -> pl.Series:
    import polars as pl

    if type_number in _WHOLE:
        return pl.Series(name, values, dtype=getattr(pl, _WHOLE[type_number]))
    if type_number in _NUMBERS:
        floats = [None if value is None else float(value) for value in values]
        return pl.Series(name, floats, dtype=pl.Float64).fill_nan(None)
    if type_number in _BOOLEAN:
        return pl.Series(name, values, dtype=pl.Boolean)
    if type_number in _TEXT:
        return pl.Series(name, [as_text(value) for value in values], dtype=pl.String)
    return column_of(name, values)


def _reason(error: Exception) -> str:
    # Only the first line, and nothing between quotes of a connection string: libpq may repeat the password there.
    text = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return text if "password=" not in text else type(error).__name__
