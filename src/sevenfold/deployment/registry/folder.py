"""A registry in a folder: versions of models, aliases that say which is in use, and a log of every decision.

    registry.db              tables, see `database`
    files/ab/abcd….sevenfold bundles under the digest of their bytes, see `contents`

A file is complete and synced before its row exists, and a row exists before an alias can point to it; so a process
that is killed at any moment leaves the old state or the new one, and at worst a file that no row names.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, final

from sevenfold.deployment.registry.address import CHAMPION, Address, check_alias, check_name
from sevenfold.deployment.registry.contents import Contents
from sevenfold.deployment.registry.database import connect, telling, writing
from sevenfold.deployment.registry.lineage import Lineage
from sevenfold.deployment.registry.records import (
    ADD,
    PROMOTE,
    ROLLBACK,
    Entry,
    Version,
    another_by_now,
    nothing_before,
    stack_of,
)
from sevenfold.deployment.registry.registry import Form, Registry, no_model, now, user


@final
@dataclass(frozen=True)
class FolderRegistry(Registry):
    """A registry in a folder. Each call opens it anew.

    Args:
        folder: of the registry.
        who: stands in the log; the user's name by default.
    """

    poll_seconds: ClassVar[float] = 1.0

    folder: Path
    who: str = field(default_factory=user)

    @classmethod
    def of(cls, address: str) -> FolderRegistry:
        """The registry in the folder of that path."""
        return cls(Path(address))

    @property
    def place(self) -> str:
        """The folder."""
        return str(self.folder)

    @property
    def contents(self) -> Contents:
        """The files."""
        return Contents(self.folder / "files")

    def add(
        self, name: str, source: Path, read: Callable[[Path], Lineage], why: str = "", *, form: Form | None = None
    ) -> Version:
        """See `Registry.add`; nobody else reads the folder, so `form` is not asked."""
        check_name(name)
        with telling(self.folder):
            sha256, size = self.contents.put(source)
        lineage = read(self.contents.path(sha256))
        with self._open(create=True) as connection, writing(connection, self.folder):
            known = connection.execute(
                "SELECT version FROM versions WHERE model = ? AND sha256 = ?", (name, sha256)
            ).fetchone()
            if known is None:
                last = connection.execute("SELECT max(version) FROM versions WHERE model = ?", (name,)).fetchone()[0]
                version = (last or 0) + 1
                parent = _pointed(connection, name, CHAMPION)
                time = now()
                connection.execute(
                    "INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (name, version, sha256, size, _json(lineage.to_json()), parent, time, self.who, why),
                )
                self._note(connection, time, ADD, name, None, version, None, why, {"sha256": sha256, "bytes": size})
            else:
                version = int(known[0])
        return self.get(Address(name, None, version))

    def names(self) -> list[str]:
        """See `Registry.names`."""
        with self._open() as connection, telling(self.folder):
            return [row[0] for row in connection.execute("SELECT DISTINCT model FROM versions ORDER BY model")]

    def versions(self, name: str) -> list[Version]:
        """See `Registry.versions`."""
        with self._open() as connection, telling(self.folder):
            found = _versions(connection, name)
        if not found:
            raise no_model(name, self.names())
        return found

    def log(self, name: str | None = None) -> list[Entry]:
        """See `Registry.log`."""
        with self._open() as connection, telling(self.folder):
            return [_entry(r) for r in connection.execute(_LOG + "(?1 IS NULL OR model = ?1) ORDER BY number", (name,))]

    def promote(
        self,
        name: str,
        version: int,
        alias: str = CHAMPION,
        *,
        expect: int | None = None,
        why: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> Entry:
        """See `Registry.promote`."""
        check_alias(alias)
        self.path(Address(name, None, version))
        with self._open() as connection, writing(connection, self.folder):
            previous = _pointed(connection, name, alias)
            if expect is not None and (previous or 0) != expect:
                raise another_by_now(name, alias, expect, previous)
            return self._point(connection, PROMOTE, name, alias, version, previous, why, details or {})

    def rollback(self, name: str, alias: str = CHAMPION, *, expect: int | None = None, why: str = "") -> Entry:
        """See `Registry.rollback`."""
        with self._open() as connection, writing(connection, self.folder):
            rows = connection.execute(_LOG + "model = ? AND alias = ? ORDER BY number", (name, alias))
            stack = stack_of(_entry(row) for row in rows)
            if expect is not None and (stack[-1] if stack else 0) != expect:
                raise another_by_now(name, alias, expect, stack[-1] if stack else None)
            if len(stack) < 2:
                raise nothing_before(name, alias, stack)
            sha256 = connection.execute(
                "SELECT sha256 FROM versions WHERE model = ? AND version = ?", (name, stack[-2])
            ).fetchone()[0]
            self.contents.take(sha256)
            return self._point(connection, ROLLBACK, name, alias, stack[-2], stack[-1], why, {})

    def note(
        self, action: str, name: str, alias: str | None, version: int | None, why: str, details: Mapping[str, Any]
    ) -> None:
        """See `Registry.note`."""
        with self._open() as connection, writing(connection, self.folder):
            self._note(connection, now(), action, name, alias, version, None, why, details)

    def file(self, version: Version, *, check: bool = True) -> Path:
        """See `Registry.file`."""
        return self.contents.take(version.sha256) if check else self.contents.path(version.sha256)

    @contextmanager
    def watching(self, names: Sequence[str]) -> Iterator[Callable[[], object]]:
        """See `Registry.watching`; one read of the database's head."""
        with self._open() as connection, telling(self.folder):
            yield lambda: int(connection.execute("PRAGMA data_version").fetchone()[0])

    def _point(
        self,
        connection: sqlite3.Connection,
        action: str,
        name: str,
        alias: str,
        version: int,
        previous: int | None,
        why: str,
        details: Mapping[str, Any],
    ) -> Entry:
        connection.execute(
            "INSERT INTO aliases VALUES (?1, ?2, ?3) ON CONFLICT (model, alias) DO UPDATE SET version = ?3",
            (name, alias, version),
        )
        number = self._note(connection, now(), action, name, alias, version, previous, why, details)
        return _entry(connection.execute(_LOG + "number = ?", (number,)).fetchone())

    def _note(self, connection: sqlite3.Connection, time: str, action: str, name: str, alias: str | None,
              version: int | None, previous: int | None, why: str, details: Mapping[str, Any]) -> int:  # fmt: skip
        cursor = connection.execute(
            "INSERT INTO log (time, who, action, model, alias, version, previous, why, details)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (time, self.who, action, name, alias, version, previous, why, _json(details)),
        )
        return int(cursor.lastrowid or 0)

    @contextmanager
    def _open(self, *, create: bool = False) -> Iterator[sqlite3.Connection]:
        with closing(connect(self.folder, create=create)) as connection:
            yield connection


_LOG = "SELECT number, time, who, action, model, alias, version, previous, why, details FROM log WHERE "


def _entry(row: tuple[Any, ...]) -> Entry:
    return replace(Entry(*row), details=json.loads(row[-1]))


def _versions(connection: sqlite3.Connection, name: str) -> list[Version]:
    aliases: dict[int, list[str]] = {}
    connection.execute("BEGIN")  # both tables as they were at one moment
    try:
        for alias, version in connection.execute(
            "SELECT alias, version FROM aliases WHERE model = ? ORDER BY alias", (name,)
        ):
            aliases.setdefault(version, []).append(alias)
        rows = connection.execute("SELECT * FROM versions WHERE model = ? ORDER BY version", (name,)).fetchall()
    finally:
        connection.execute("COMMIT")
    return [
        Version(model, version, sha256, size, Lineage.from_json(json.loads(lineage)), parent, time, who, why,
                tuple(aliases.get(version, ())))
        for model, version, sha256, size, lineage, parent, time, who, why in rows
    ]  # fmt: skip


def _pointed(connection: sqlite3.Connection, name: str, alias: str) -> int | None:
    row = connection.execute("SELECT version FROM aliases WHERE model = ? AND alias = ?", (name, alias)).fetchone()
    return None if row is None else int(row[0])


def _json(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, sort_keys=True)
