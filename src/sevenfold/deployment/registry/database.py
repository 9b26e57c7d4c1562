"""The registry's tables: SQLite with a write-ahead log, so that a crash leaves the old state or the new one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sevenfold.core.errors import DataError, LimitError, RequestError, disk_is_full

SCHEMA_VERSION = 1
APPLICATION_ID = 0x53455645  # "SEVE", so that another program's file is not taken for a registry
BUSY_SECONDS = 30.0
FILE = "registry.db"

_SCHEMA = """
CREATE TABLE versions (
  model TEXT NOT NULL, version INTEGER NOT NULL CHECK (version > 0),
  sha256 TEXT NOT NULL, bytes INTEGER NOT NULL, lineage TEXT NOT NULL, parent INTEGER,
  time TEXT NOT NULL, who TEXT NOT NULL, why TEXT NOT NULL,
  PRIMARY KEY (model, version)
) WITHOUT ROWID;
CREATE TABLE aliases (
  model TEXT NOT NULL, alias TEXT NOT NULL, version INTEGER NOT NULL,
  PRIMARY KEY (model, alias), FOREIGN KEY (model, version) REFERENCES versions (model, version)
) WITHOUT ROWID;
CREATE TABLE log (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  time TEXT NOT NULL, who TEXT NOT NULL, action TEXT NOT NULL, model TEXT NOT NULL,
  alias TEXT, version INTEGER, previous INTEGER, why TEXT NOT NULL, details TEXT NOT NULL
);
CREATE INDEX log_by_alias ON log (model, alias, number);
CREATE TRIGGER log_keeps BEFORE UPDATE ON log BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER log_stays BEFORE DELETE ON log BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER versions_keep BEFORE UPDATE ON versions BEGIN SELECT RAISE(ABORT, 'a version never changes'); END;
CREATE TRIGGER versions_stay BEFORE DELETE ON versions BEGIN SELECT RAISE(ABORT, 'a version never changes'); END;
"""


def connect(folder: Path, *, create: bool) -> sqlite3.Connection:
    """A connection in autocommit mode to the registry in a folder.

    Args:
        folder: of the registry.
        create: make the folder and the tables where they are missing.
    Raises:
        RequestError: there is no registry, or it cannot be written to.
        DataError: the file is damaged, or of a version that this one does not know.
    """
    path = folder / FILE
    if not create and not path.is_file():
        raise RequestError(
            f"There is no registry in {folder}.",
            f"a folder with a {FILE}",
            "a folder without one",
            "Add a model first: sevenfold registry add MODEL --name NAME; or check --registry.",
        )
    with telling(folder):
        folder.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")  # a promotion that was told outlives a failure of power
            connection.execute("PRAGMA foreign_keys = ON")
            if _version(connection, folder) == 0:
                _create(connection, folder)
        except BaseException:
            connection.close()
            raise
    return connection


@contextmanager
def writing(connection: sqlite3.Connection, folder: Path) -> Iterator[None]:
    """A block whose writes count all together or not at all; one writer at a time, others wait.

    Raises:
        RequestError: another process holds the registry for too long, or it cannot be written to.
    """
    with telling(folder):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


@contextmanager
def telling(folder: Path) -> Iterator[None]:
    """A block in which faults of disk and database are told in the usual four parts."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if disk_is_full(error) or "disk is full" in str(error):
            raise LimitError("The registry's disk is full.", "room to write", str(error), "Make room.") from error
        if isinstance(error, sqlite3.OperationalError):
            raise RequestError(
                f"The registry in {folder} cannot be used.",
                "a folder that can be written to, and nobody who holds it for long",
                str(error),
                "Check the folder, then try again.",
            ) from error
        raise _damaged(folder, str(error)) from error
    except OSError as error:
        if disk_is_full(error):
            raise LimitError("The registry's disk is full.", "room to write", str(error), "Make room.") from error
        raise RequestError(
            f"The registry in {folder} cannot be used.", "a folder that can be written to", str(error), "Check it."
        ) from error


def _version(connection: sqlite3.Connection, folder: Path) -> int:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    application = int(connection.execute("PRAGMA application_id").fetchone()[0])
    tables = int(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
    if (version, application, tables) == (0, 0, 0):
        return 0
    if application != APPLICATION_ID:
        raise _damaged(folder, "a database of another program")
    if version != SCHEMA_VERSION:
        raise _damaged(folder, f"version {version} of the tables")
    return version


def _create(connection: sqlite3.Connection, folder: Path) -> None:
    with writing(connection, folder):
        if _version(connection, folder):  # another process was faster
            return
        for statement in _statements(_SCHEMA):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _statements(script: str) -> Iterator[str]:
    """`executescript` would commit the transaction: the statements one by one."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _damaged(folder: Path, received: str) -> DataError:
    return DataError(
        f"The registry in {folder} cannot be read.",
        f"version {SCHEMA_VERSION} of the registry's tables",
        received,
        "Use the version of Sevenfold that wrote it, or restore a copy.",
    )
