"""SQLite: a query or a table of a database file, opened for reading only."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sevenfold.core.errors import DataError
from sevenfold.data.readers.base import Raw, Reader, Request
from sevenfold.data.readers.database import Address, failed_query, table_of
from sevenfold.data.readers.paths import checked_file


class Sqlite(Reader):
    """sqlite:///relative/path.db?table=NAME, or sqlite:////absolute/path.db?query=SELECT..."""

    name = "sqlite"

    def accepts(self, source: object) -> bool:
        """Whether it begins with sqlite:."""
        return isinstance(source, str) and source.lower().startswith("sqlite:")

    def read(self, source: Any, request: Request) -> Raw:
        """Run the query; values of mixed types in a column become text."""
        address = Address.of(str(source), request)
        path = checked_file(local_path(address.path))
        try:
            with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as connection:
                tables = _tables(connection)
                sql = address.sql(tables, str(path))
                try:
                    cursor = connection.execute(sql)
                except sqlite3.Error as error:
                    raise failed_query(sql, error) from error
                names = [column[0] for column in cursor.description or ()]
                rows = cursor.fetchall()
        except sqlite3.DatabaseError as error:
            raise DataError(
                f"{path} cannot be read as an SQLite database.", "an SQLite 3 file", str(error),
                "Check that the file is the right one and complete.",
            ) from error  # fmt: skip
        return table_of(names, rows, str(path), "sqlite", sql)


def local_path(path: str) -> Path:
    """The file of a database address: relative after three slashes, absolute after four.

    Many write an absolute path after three slashes; it is taken for one where only that file exists.
    """
    given = Path(path)
    absolute = Path("/") / path
    return absolute if not given.exists() and absolute.exists() else given


def _tables(connection: sqlite3.Connection) -> list[str]:
    found = connection.execute(
        "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY name"
    )
    return [str(name) for (name,) in found]
