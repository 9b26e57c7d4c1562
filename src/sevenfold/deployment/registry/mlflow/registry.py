"""A registry in MLflow: the same versions, aliases and log as in a folder, for whom MLflow is the place for models.

What counts stands in the log (see `journal` and `history`): one line that MLflow has numbered decides. MLflow's own
registered model, its versions and aliases are written after it, for MLflow's tools; a process that is killed in
between leaves an alias that is late there, which the next one who writes puts right. An alias that somebody moves by
MLflow's own means has not passed the gate and is not followed: `oddities` tells of it.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, final

from sevenfold.core.errors import BundleError, RequestError, SevenfoldError
from sevenfold.deployment.registry.address import CHAMPION, Address, check_alias, check_name
from sevenfold.deployment.registry.contents import Contents, digest_of
from sevenfold.deployment.registry.lineage import Lineage
from sevenfold.deployment.registry.mlflow import files, journal
from sevenfold.deployment.registry.mlflow.client import check_uri, insist, open_client, telling
from sevenfold.deployment.registry.mlflow.history import History
from sevenfold.deployment.registry.records import (
    ADD,
    PROMOTE,
    ROLLBACK,
    Entry,
    Version,
    another_by_now,
    nothing_before,
)
from sevenfold.deployment.registry.registry import (
    Form,
    Registry,
    no_model,
    user,
    without_password,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient

_RESERVED = re.compile(r"latest|v\d+", re.IGNORECASE)


@final
@dataclass(frozen=True)
class MlflowRegistry(Registry):
    """A registry in an MLflow server or database.

    Args:
        uri: of the server or database.
        who: stands in the log; the user's name by default.
        cache: folder of this machine for copies of bundles, each under its digest.
    """

    poll_seconds: ClassVar[float] = 5.0

    uri: str = field(repr=False)
    who: str = field(default_factory=user)
    cache: Path = field(default_factory=files.cache_folder)

    @classmethod
    def of(cls, address: str) -> MlflowRegistry:
        """The registry at an address of MLflow's; the one that MLFLOW_TRACKING_URI names where it is empty."""
        return cls(check_uri(address))

    @property
    def place(self) -> str:
        """The address without a password."""
        return "mlflow+" + without_password(self.uri)

    def add(
        self, name: str, source: Path, read: Callable[[Path], Lineage], why: str = "", *, form: Form | None = None
    ) -> Version:
        """See `Registry.add`; `form` writes what `mlflow.pyfunc` loads."""
        check_name(name)
        copies = Contents(self.cache)
        sha256, size = copies.put(source)
        bundle = copies.path(sha256)
        lineage = read(bundle)
        with self._open(create=True) as client:
            journal.prepare(client, name)
            history = journal.history(client, name)
            version = history.with_digest(sha256)
            if version is None:
                tags = _tags(lineage, sha256, size)
                run = files.upload(client, self.uri, name, bundle, form, tags)
                about = {f"sevenfold.{key}": value for key, value in tags.items()}
                at = files.source(client, run)
                made = insist(lambda: client.create_model_version(name, at, run, about, description=why or None))
                kept = {"sha256": sha256, "bytes": size}
                more = {**kept, "run": run, "lineage": lineage.to_json()}
                self._say(client, name, ADD, None, int(made.version), why, kept, **more)
                version = journal.history(client, name).with_digest(sha256)  # of two who added it at once the first
            elif not self._whole(client, history.runs[version], sha256):
                files.put(client, history.runs[version], bundle, form)
        return self.get(Address(name, None, version))

    def names(self) -> list[str]:
        """See `Registry.names`."""
        with self._open() as client:
            return journal.names(client)

    def versions(self, name: str) -> list[Version]:
        """See `Registry.versions`."""
        with self._open() as client:
            return self._known(client, name).versions

    def log(self, name: str | None = None) -> list[Entry]:
        """See `Registry.log`; entries are numbered for each model by itself."""
        with self._open() as client:
            wanted = journal.names(client) if name is None else [name]
            entries = [entry for model in wanted for entry in journal.history(client, model).entries]
        return sorted(entries, key=lambda e: (e.time, e.model, e.number)) if name is None else entries

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
        _check_not_reserved(alias)
        self.path(Address(name, None, version))
        with self._open() as client:
            history = self._known(client, name)
            previous = history.pointed.get(alias)
            if expect is not None and (previous or 0) != expect:
                raise another_by_now(name, alias, expect, previous)
            seen = None if expect is None else history.moved.get(alias, 0)
            key = self._say(client, name, PROMOTE, alias, version, why, details or {}, seen=seen)
            history, entry = self._moved(client, name, alias, key)
            if entry is None:
                raise another_by_now(name, alias, expect, history.pointed.get(alias))
            return entry

    def rollback(self, name: str, alias: str = CHAMPION, *, expect: int | None = None, why: str = "") -> Entry:
        """See `Registry.rollback`."""
        with self._open() as client:
            history = self._known(client, name)
            stack = history.stack(alias)
            if expect is not None and (stack[-1] if stack else 0) != expect:
                raise another_by_now(name, alias, expect, stack[-1] if stack else None)
            if len(stack) < 2:
                raise nothing_before(name, alias, stack)
            self.path(Address(name, None, stack[-2]))
            key = self._say(client, name, ROLLBACK, alias, stack[-2], why, {}, seen=history.moved[alias])
            history, entry = self._moved(client, name, alias, key)
            if entry is None:
                raise another_by_now(name, alias, stack[-1], history.pointed.get(alias))
            return entry

    def note(
        self, action: str, name: str, alias: str | None, version: int | None, why: str, details: Mapping[str, Any]
    ) -> None:
        """See `Registry.note`."""
        with self._open() as client:
            self._say(client, name, action, alias, version, why, details)

    def file(self, version: Version, *, check: bool = True) -> Path:
        """See `Registry.file`; fetched once, its digest compared at every use."""
        copies = Contents(self.cache)
        path = copies.path(version.sha256)
        try:
            return copies.take(version.sha256)
        except BundleError:  # not here yet, or damaged
            try:
                with self._open() as client, tempfile.TemporaryDirectory() as temporary:
                    run = self._known(client, version.model).runs[version.version]
                    found, _ = copies.put(_fetched(client, run, Path(temporary)))
            except BundleError:
                if check:
                    raise
                return path
        if found == version.sha256:
            return path
        copies.path(found).unlink(missing_ok=True)
        if not check:
            return path
        raise BundleError(
            "A file of the registry has been changed.", version.sha256, found, "Restore it, or roll back."
        )

    @contextmanager
    def watching(self, names: Sequence[str]) -> Iterator[Callable[[], object]]:
        """See `Registry.watching`; one question to MLflow for each model."""
        with self._open() as client:
            yield lambda: tuple(journal.last_number(client, name) for name in names)

    def oddities(self, name: str) -> tuple[str, ...]:
        """See `Registry.oddities`."""
        with self._open() as client:
            history = self._known(client, name)
            there = {alias: int(v) for alias, v in client.get_registered_model(name).aliases.items()}
        found = [
            f"In MLflow {alias} points to version {there.get(alias) or 'none'}, not past the gate to {version}; "
            f"sevenfold registry promote {name} VERSION --to {alias} puts it right."
            for alias, version in sorted(history.pointed.items())
            if there.get(alias) != version
        ]
        if history.missing or history.unreadable:
            numbers = ", ".join(map(str, sorted([*history.missing, *history.unreadable])))
            found.append(f"Lines of the log were removed or changed in MLflow: {numbers}.")
        return tuple(found)

    def _known(self, client: MlflowClient, name: str) -> History:
        history = journal.history(client, name)
        if not history.versions:
            raise no_model(name, journal.names(client))
        return history

    def _say(
        self, client: MlflowClient, name: str, action: str, alias: str | None, version: int | None, why: str,
        details: Mapping[str, Any], **more: Any,
    ) -> str:  # fmt: skip
        said = {"who": self.who, "action": action, "alias": alias, "version": version, "why": why, "seen": None}
        return journal.append(client, name, {**said, "details": dict(details), **more})

    def _moved(self, client: MlflowClient, name: str, alias: str, key: str) -> tuple[History, Entry | None]:
        """What became of a line, and MLflow's alias where the log says; who comes last leaves it right."""
        history = journal.history(client, name)
        while True:
            version = history.pointed.get(alias)
            if version is None:
                return history, history.counted(key)
            insist(partial(client.set_registered_model_alias, name, alias, str(version)))
            history = journal.history(client, name)
            if history.pointed.get(alias) == version:
                return history, history.counted(key)

    def _whole(self, client: MlflowClient, run: str, sha256: str) -> bool:
        try:
            with tempfile.TemporaryDirectory() as temporary:
                return digest_of(_fetched(client, run, Path(temporary)))[0] == sha256
        except SevenfoldError:
            return False

    @contextmanager
    def _open(self, *, create: bool = False) -> Iterator[MlflowClient]:
        with telling(self.place):
            yield open_client(self.uri, create=create)


def _fetched(client: MlflowClient, run: str, folder: Path) -> Path:
    from mlflow.exceptions import MlflowException

    try:
        return files.fetch(client, run, folder)
    except (MlflowException, OSError) as error:
        said = str(error).splitlines()[0][:300] if str(error) else type(error).__name__
        raise BundleError(
            "A file of the registry is missing.", f"an artifact of run {run}", said, "Restore it, or roll back."
        ) from error


def _tags(lineage: Lineage, sha256: str, size: int) -> dict[str, str]:
    """What MLflow's pages show and its searches find."""
    told = {
        "sha256": sha256, "bytes": str(size), "digest": lineage.digest, "goal": lineage.goal, "target": lineage.target,
        "metric": lineage.metric, "run": lineage.run, "data": lineage.data, "split": lineage.split,
    }  # fmt: skip
    for name, score in (lineage.scores or {}).items():
        told[name] = " ".join(f"{key}={score[key]:.6g}" for key in ("value", "low", "high") if key in score)
    return {key: value for key, value in told.items() if value}


def _check_not_reserved(alias: str) -> None:
    if _RESERVED.fullmatch(alias):
        raise RequestError(
            "MLflow keeps this alias for itself.", "an alias other than latest, v1, v2, ...", repr(alias),
            "Choose another one.",
        )  # fmt: skip
