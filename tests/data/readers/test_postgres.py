"""PostgreSQL: a real server, started for these tests in a folder of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import polars as pl
import psycopg
import pytest

from sevenfold.core.errors import DataError, RequestError
from sevenfold.data.readers.read import describe, read

_TABLE = """
CREATE TABLE sales (
  id bigint PRIMARY KEY, amount numeric(9, 2), rate double precision, few smallint, paid boolean, note text,
  code char(5), day date, at timestamp, seen timestamptz, more jsonb, tags text[], vector real[], raw bytea,
  key uuid, span interval, host inet, never integer, never_numeric numeric
);
INSERT INTO sales VALUES
 (1, 12.50, 0.1, 3, true, 'é, "x"', '00123', '2024-01-02', '2024-01-02 03:04:05', '2024-01-02 03:04:05+02',
  '{"a": 1}', '{p,q}', '{1,2.5}', '\\xff00', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '1 day', '10.0.0.1', NULL, NULL),
 (2, 'NaN', 'Infinity', NULL, NULL, '', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE SCHEMA other;
CREATE TABLE other.many AS SELECT n, n % 7 AS kind FROM generate_series(1, 120000) AS n;
"""


def _binaries() -> Path | None:
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((place for place in places if (place / "postgres").exists()), None)


def _as_other_user() -> list[str]:
    """PostgreSQL refuses to be run by the superuser."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a database on a socket in a folder, without its query."""
    binaries = _binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL server programs (initdb, postgres) are installed here")
    # A short path: the name of a socket may have some hundred characters at most.
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    try:
        if os.geteuid() == 0:
            os.chown(folder, 65534, 65534)
        data = folder / "data"
        command = [*_as_other_user(), str(binaries / "initdb"), "-D", str(data), "-U", "tester", "-A", "trust"]
        subprocess.run([*command, "-E", "UTF8", "--no-sync"], check=True, capture_output=True, cwd="/", timeout=60)
        control = [*_as_other_user(), str(binaries / "pg_ctl"), "-D", str(data), "-w", "-t", "30"]
        settings = f"-c listen_addresses='' -k {folder} -F"
        start = [*control, "-o", settings, "-l", str(folder / "log"), "start"]
        subprocess.run(start, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", timeout=60)
        try:
            with psycopg.connect(host=str(folder), user="tester", dbname="postgres") as connection:
                connection.execute(_TABLE)
            yield f"postgresql://tester@/postgres?host={folder}"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], check=True, capture_output=True, cwd="/", timeout=60)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_types_of_the_server_become_types_of_columns(server: str) -> None:
    raw = read(f"{server}&table=sales")
    assert dict(raw.frame.schema) == {
        "id": pl.Int64, "amount": pl.Float64, "rate": pl.Float64, "few": pl.Int16, "paid": pl.Boolean,
        "note": pl.String, "code": pl.String, "day": pl.Date, "at": pl.Datetime("us"), "seen": pl.Datetime("us"),
        "more": pl.String, "tags": pl.String, "vector": pl.List(pl.Float64), "raw": pl.Binary, "key": pl.String,
        "span": pl.Duration("us"), "host": pl.String, "never": pl.Int32, "never_numeric": pl.Float64,
    }  # fmt: skip
    row = raw.frame.row(0, named=True)
    assert (row["amount"], row["note"], row["code"]) == (12.5, 'é, "x"', "00123")
    assert (row["day"], row["at"]) == (date(2024, 1, 2), datetime(2024, 1, 2, 3, 4, 5))
    assert row["seen"] == datetime(2024, 1, 2, 1, 4, 5)
    assert (row["more"], row["tags"], row["vector"], row["raw"]) == ('{"a": 1}', '["p", "q"]', [1.0, 2.5], b"\xff\x00")
    assert raw.frame.row(1, named=True)["amount"] is None
    assert raw.frame["note"].to_list()[1] == ""
    assert describe(raw.source) == "PostgreSQL query"


def test_queries_come_in_portions(server: str) -> None:
    raw = read(f"{server}&query=SELECT n, kind FROM other.many WHERE n %25 2 = 0 ORDER BY n + 0")
    assert raw.frame.height == 60_000
    assert raw.frame["n"].to_list()[:2] == [2, 4]
    assert read(f"{server}&table=other.many").frame.height == 120_000


def test_nothing_can_be_written(server: str) -> None:
    with pytest.raises(RequestError, match="The query failed"):
        read(f"{server}&query=DELETE FROM sales")
    with pytest.raises(RequestError, match="The query failed"):
        read(f"{server}&query=WITH gone AS (DELETE FROM sales RETURNING id) SELECT * FROM gone")
    assert read(f"{server}&table=sales").frame.height == 2


def test_what_the_server_cannot_do_is_told(server: str) -> None:
    with pytest.raises(RequestError, match="The query failed") as caught:
        read(f"{server}&query=SELECT wrong FROM sales")
    assert "wrong" in caught.value.received
    with pytest.raises(RequestError, match="is unknown") as caught:
        read(f"{server}&table=sale")
    assert "sales" in caught.value.advice
    with pytest.raises(RequestError, match="holds 2 tables"):
        read(server)
    with pytest.raises(DataError, match="no rows"):
        read(f"{server}&query=SELECT * FROM sales WHERE id > 5")


def test_no_password_is_shown_when_there_is_no_server() -> None:
    with pytest.raises(RequestError, match="cannot be reached") as caught:
        read("postgresql://ann:secret@127.0.0.1:1/shop?query=SELECT 1")
    assert "secret" not in str(caught.value)
    assert all((caught.value.expected, caught.value.received, caught.value.advice))
