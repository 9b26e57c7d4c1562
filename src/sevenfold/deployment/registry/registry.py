"""The registry: versions of models, aliases that say which is in use, and an append-only log of every decision.

    registry.db              tables, see `database`
    files/ab/abcd….sevenfold bundles under the digest of their bytes, see `contents`

A file is complete and synced before its row exists, and a row exists before an alias can point to it; so a process
that is killed at any moment leaves the old state or the new one, and at worst a file that no row names.
"""

from __future__ import annotations

import datetime
import getpass
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sevenfold.core.errors import RequestError, unknown_name
from sevenfold.deployment.registry.address import CHAMPION, Address, check_alias, check_name, default_folder
from sevenfold.deployment.registry.contents import Contents
from sevenfold.deployment.registry.database import connect, telling, writing
from sevenfold.deployment.registry.lineage import Lineage

ADD, PROMOTE, ROLLBACK, REFUSE, SERVE = "add", "promote", "rollback", "refuse", "serve"


@dataclass(frozen=True)
class Version:
    """One version of a model; it never changes.

    Args:
        model, version: what it is called; versions count from 1.
        sha256, bytes: of its file.
        lineage: where it comes from.
        parent: version that was champion when it was added; None for the first.
        time, who, why: of the adding.
        aliases: that point to it now.
    """

    model: str
    version: int
    sha256: str
    bytes: int
    lineage: Lineage
    parent: int | None
    time: str
    who: str
    why: str
    aliases: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "name": self.model,
            "version": self.version,
            "aliases": list(self.aliases),
            "sha256": self.sha256,
            "bytes": self.bytes,
            "parent": self.parent,
            "time": self.time,
            "who": self.who,
            "why": self.why,
            "lineage": self.lineage.to_json(),
        }


@dataclass(frozen=True)
class Entry:
    """One line of the log.

    Args:
        action: add, promote, rollback, refuse (the gate said no) or serve (what a server did with a version).
        previous: the version that the alias pointed to before.
        details: what the gate found, and the like.
    """

    number: int
    time: str
    who: str
    action: str
    model: str
    alias: str | None
    version: int | None
    previous: int | None
    why: str
    details: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "number": self.number, "time": self.time, "who": self.who, "action": self.action, "name": self.model,
            "alias": self.alias, "version": self.version, "previous": self.previous, "why": self.why,
            "details": dict(self.details),
        }  # fmt: skip


@dataclass(frozen=True)
class Registry:
    """A registry in a folder. Processes and threads may use it at once; each call opens it anew.

    Args:
        folder: of the registry.
        who: stands in the log; the user's name by default.
    """

    folder: Path
    who: str = field(default_factory=lambda: _user())

    @classmethod
    def at(cls, folder: str | Path | None = None) -> Registry:
        """The registry in a folder, by default the usual one."""
        return cls(default_folder() if folder is None else Path(folder))

    @property
    def contents(self) -> Contents:
        """The files."""
        return Contents(self.folder / "files")

    def add(self, name: str, source: Path, read: Callable[[Path], Lineage], why: str = "") -> Version:
        """A new version of a model, made of a copy of a bundle. Equal bytes give the version that has them already.

        Args:
            name: of the model, new or not.
            source: the bundle.
            read: checks the copied file and tells its lineage; what it raises leaves no version behind.
            why: for the log.
        Raises:
            RequestError, BundleError: the file is no model, or the registry cannot be written.
        """
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
                now = _now()
                connection.execute(
                    "INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (name, version, sha256, size, _json(lineage.to_json()), parent, now, self.who, why),
                )
                self._note(connection, now, ADD, name, None, version, None, why, {"sha256": sha256, "bytes": size})
            else:
                version = int(known[0])
        return self.get(Address(name, None, version))

    def get(self, address: Address) -> Version:
        """The version that an address means now.

        Raises:
            RequestError: there is no such model, alias or version.
        """
        with self._open() as connection, telling(self.folder):
            versions = _versions(connection, address.name)
        if not versions:
            raise unknown_name("Model", address.name, self.names() or ("none yet",))
        for version in versions:
            if address.version == version.version or (address.version is None and address.alias in version.aliases):
                return version
        if address.version is not None:
            raise RequestError(
                f"Model '{address.name}' has no version {address.version}.",
                f"1 to {versions[-1].version}",
                str(address.version),
                f"See sevenfold registry show {address.name}.",
            )
        raise RequestError(
            f"Model '{address.name}' has no {address.alias}.",
            "one of: " + (", ".join(sorted(a for v in versions for a in v.aliases)) or "no alias is set yet"),
            str(address.alias),
            f"Set it: sevenfold registry promote {address.name} VERSION --to {address.alias}",
        )

    def path(self, address: Address) -> Path:
        """The file of the version that an address means now, its digest checked.

        Raises:
            RequestError: there is no such version.
            BundleError: its file is missing or has been changed.
        """
        return self.contents.take(self.get(address).sha256)

    def names(self) -> list[str]:
        """Every model's name."""
        with self._open() as connection, telling(self.folder):
            return [row[0] for row in connection.execute("SELECT DISTINCT model FROM versions ORDER BY model")]

    def versions(self, name: str) -> list[Version]:
        """Every version of a model, oldest first.

        Raises:
            RequestError: there is no such model.
        """
        with self._open() as connection, telling(self.folder):
            found = _versions(connection, name)
        if not found:
            raise unknown_name("Model", name, self.names() or ("none yet",))
        return found

    def log(self, name: str | None = None) -> list[Entry]:
        """Everything that was decided, oldest first, of one model or of all."""
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
        """Let an alias point to a version. The gate is the caller's to ask, see `gate`.

        Args:
            expect: version that the alias must point to now, 0 for none; otherwise somebody else was faster.
            details: for the log.
        Raises:
            RequestError: no such version, or the alias points to another one than was expected.
            BundleError: the version's file is missing or has been changed.
        """
        check_alias(alias)
        self.path(Address(name, None, version))
        with self._open() as connection, writing(connection, self.folder):
            previous = _pointed(connection, name, alias)
            if expect is not None and (previous or 0) != expect:
                raise RequestError(
                    f"The {alias} of '{name}' is another one by now; nothing was changed.",
                    f"version {expect}" if expect else "no version",
                    f"version {previous}" if previous else "no version",
                    "Look at it, then decide again.",
                )
            return self._point(connection, PROMOTE, name, alias, version, previous, why, details or {})

    def rollback(self, name: str, alias: str = CHAMPION, *, expect: int | None = None, why: str = "") -> Entry:
        """Let an alias point again to the version before. A second rollback goes one further back.

        Raises:
            RequestError: there is no version before, or the alias points to another version than was expected.
            BundleError: the file of the version before is missing or has been changed.
        """
        with self._open() as connection, writing(connection, self.folder):
            rows = connection.execute(_LOG + "model = ? AND alias = ? ORDER BY number", (name, alias))
            stack = _stack(_entry(row) for row in rows)
            if expect is not None and (stack[-1] if stack else 0) != expect:
                raise RequestError(
                    f"The {alias} of '{name}' is another one by now; nothing was changed.",
                    f"version {expect}", f"version {stack[-1] if stack else 'none'}", "Look at it, then decide again.",
                )  # fmt: skip
            if len(stack) < 2:
                raise RequestError(
                    f"The {alias} of '{name}' cannot be rolled back.",
                    "a version that it pointed to before",
                    f"version {stack[0]} is the first" if stack else "no such alias yet",
                    f"See sevenfold registry show {name}.",
                )
            sha256 = connection.execute(
                "SELECT sha256 FROM versions WHERE model = ? AND version = ?", (name, stack[-2])
            ).fetchone()[0]
            self.contents.take(sha256)
            return self._point(connection, ROLLBACK, name, alias, stack[-2], stack[-1], why, {})

    def note(
        self, action: str, name: str, alias: str | None, version: int | None, why: str, details: Mapping[str, Any]
    ) -> None:
        """Add a line to the log that changes nothing else."""
        with self._open() as connection, writing(connection, self.folder):
            self._note(connection, _now(), action, name, alias, version, None, why, details)

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
        number = self._note(connection, _now(), action, name, alias, version, previous, why, details)
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


def _stack(entries: Iterator[Entry]) -> list[int]:
    """The versions to go back through, the present one last."""
    stack: list[int] = []
    for entry in entries:
        if entry.version is None:
            continue
        if entry.action == PROMOTE and stack[-1:] != [entry.version]:
            stack.append(entry.version)
        elif entry.action == ROLLBACK:
            stack.pop()
    return stack


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


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        return "unknown"
