"""DuckDB: a query or a table of a database file, opened for reading only."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenfold.core.errors import DataError, MissingExtraError
from sevenfold.data.readers.base import Raw, Reader, Request
from sevenfold.data.readers.database import Address, failed_query, of_query
from sevenfold.data.readers.frames import from_arrow
from sevenfold.data.readers.paths import checked_file
from sevenfold.data.readers.sqlite import local_path
from sevenfold.data.readers.typed import settled

if TYPE_CHECKING:
    import polars as pl


class DuckDB(Reader):
    """duckdb:///path.duckdb?table=NAME, or duckdb:///path.duckdb?query=SELECT..., or duckdb:///:memory:?query=..."""

    name = "duckdb"

    def accepts(self, source: object) -> bool:
        """Whether it begins with duckdb:."""
        return isinstance(source, str) and source.lower().startswith("duckdb:")

    def read(self, source: Any, request: Request) -> Raw:
        """Run the query; columns keep DuckDB's types."""
        try:
            import duckdb
        except ImportError as error:
            raise MissingExtraError.of("duckdb", "sql", "Reading DuckDB") from error
        address = Address.of(str(source), request)
        in_memory = address.path in ("", ":memory:")
        path = ":memory:" if in_memory else str(checked_file(local_path(address.path)))
        try:
            connection = duckdb.connect(path, read_only=not in_memory)
        except duckdb.Error as error:
            raise DataError(
                f"{path} cannot be read as a DuckDB database.", "a DuckDB file", str(error).splitlines()[0],
                "Check that the file is the right one, complete, and not open for writing elsewhere.",
            ) from error  # fmt: skip
        with closing(connection):
            found = connection.execute("SELECT table_name FROM information_schema.tables ORDER BY 1").fetchall()
            sql = address.sql([name for (name,) in found], Path(path).name)
            try:
                frame = _result(connection.sql(sql))
            except duckdb.Error as error:
                raise failed_query(sql, error) from error
        frame, notes = settled(frame)
        return of_query(frame, path, "duckdb", sql, notes)


def _result(result: Any) -> pl.DataFrame:
    import polars as pl

    if result is None:  # a statement that gives no rows, such as SET
        return pl.DataFrame()
    try:
        # Before 1.4 the method had another name.
        return from_arrow(result.to_arrow_table() if hasattr(result, "to_arrow_table") else result.arrow())
    except ImportError as error:
        raise MissingExtraError.of("pyarrow", "files", "Reading DuckDB") from error
