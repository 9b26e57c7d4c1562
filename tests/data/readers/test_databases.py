"""SQLite and DuckDB."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import duckdb
import polars as pl
import pytest

from sevenfold.core.errors import DataError, RequestError
from sevenfold.data.readers.read import describe, read


@pytest.fixture
def sqlite_file(tmp_path: Path) -> Path:
    path = tmp_path / "some shop.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE sales (id INTEGER, amount REAL, note TEXT, mixed, blob BLOB)")
        connection.executemany(
            "INSERT INTO sales VALUES (?, ?, ?, ?, ?)",
            [(1, 2.5, "a", 1, b"x"), (2, None, "007", "one", None), (3, 4.0, None, 1.5, b"y")],
        )
    connection.close()
    return path


def test_a_single_table_need_not_be_named(sqlite_file: Path) -> None:
    raw = read(f"sqlite:///{sqlite_file}")
    assert raw.frame.schema == pl.Schema(
        {"id": pl.Int64(), "amount": pl.Float64(), "note": pl.String(), "mixed": pl.String(), "blob": pl.Binary()}
    )
    assert raw.frame["mixed"].to_list() == ["1", "one", "1.5"]
    assert describe(raw.source) == "SQLite query"


def test_queries_and_tables(sqlite_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sql = "SELECT id + 1 AS next, amount FROM sales WHERE note LIKE '0%' OR id = 1 ORDER BY id;"
    for text in (sql, quote(sql)):
        raw = read(
            f"sqlite:////{str(sqlite_file).lstrip('/')}?query={text.replace('%', '%25') if text is sql else text}"
        )
        assert raw.frame.to_dict(as_series=False) == {"next": [2, 3], "amount": [2.5, None]}
    assert read(f"sqlite:///{sqlite_file}", options={"query": "SELECT 1 AS one"}).frame.rows() == [(1,)]
    monkeypatch.chdir(sqlite_file.parent)
    assert read("sqlite:///some%20shop.db?table=sales").frame.height == 3


def test_what_a_database_cannot_do_is_told(sqlite_file: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{sqlite_file}"
    with pytest.raises(RequestError, match="The query failed") as caught:
        read(f"{url}?query=SELECT nothing FROM sales")
    assert "nothing" in caught.value.received
    with pytest.raises(RequestError, match="The query failed"):
        read(f"{url}?query=DELETE FROM sales")
    with pytest.raises(RequestError, match="is unknown") as caught:
        read(f"{url}?table=sale")
    assert "sales" in caught.value.advice
    with pytest.raises(RequestError, match="Both query and table"):
        read(f"{url}?table=sales&query=SELECT 1")
    with pytest.raises(DataError, match="no rows"):
        read(f"{url}?query=SELECT * FROM sales WHERE id > 9")
    with pytest.raises(RequestError, match="There is no"):
        read(f"sqlite:///{tmp_path}/other.db")
    (tmp_path / "junk.db").write_bytes(b"junk" * 500)
    with pytest.raises(DataError, match="SQLite"):
        read(f"sqlite:///{tmp_path}/junk.db")
    with pytest.raises(DataError, match="SQLite database") as caught_data:
        read(sqlite_file)
    assert "sqlite:///" in caught_data.value.advice


def test_several_tables_must_be_named(sqlite_file: Path) -> None:
    with sqlite3.connect(sqlite_file) as connection:
        connection.execute('CREATE TABLE "odd ""name" (a)')
        connection.execute('INSERT INTO "odd ""name" VALUES (1)')
    connection.close()
    with pytest.raises(RequestError, match="holds 2 tables") as caught:
        read(f"sqlite:///{sqlite_file}")
    assert "sales" in caught.value.received
    assert read(f"sqlite:///{sqlite_file}", options={"table": 'odd "name'}).frame.rows() == [(1,)]


def test_duckdb_keeps_its_types(tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE t AS SELECT 1 AS i, 1.50::DECIMAL(9, 2) AS d, 'x' AS s, "
            "TIMESTAMP '2024-01-02 03:04:05' AS at, {'a': 1, 'b': 'y'} AS st, [1.0, 2.0] AS v, "
            "170141183460469231731687303715884105727::HUGEINT AS h, NULL AS n"
        )
    raw = read(f"duckdb:///{path}?table=t")
    assert raw.frame.row(0)[:7] == (1, 1.5, "x", datetime(2024, 1, 2, 3, 4, 5), 1, "y", [1.0, 2.0])
    assert raw.frame["d"].dtype == pl.Float64
    assert read(f"duckdb:///{path}").frame.height == 1
    assert read(f"duckdb:///{path}?query=SELECT i * 2 AS j FROM t").frame.rows() == [(2,)]
    assert read("duckdb:///:memory:?query=SELECT 42 AS a").frame.rows() == [(42,)]
    assert describe(raw.source) == "DuckDB query"
    for wrong in ("query=SELECT no FROM t", "query=DROP TABLE t", "table=u"):
        with pytest.raises(RequestError):
            read(f"duckdb:///{path}?{wrong}")
    with pytest.raises(DataError, match="DuckDB database"):
        read(path)
    (tmp_path / "junk.duckdb").write_bytes(b"junk" * 5000)
    with pytest.raises(DataError):
        read(f"duckdb:///{tmp_path}/junk.duckdb")
