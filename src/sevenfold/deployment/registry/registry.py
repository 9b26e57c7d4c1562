"""What every registry does, wherever it keeps things: versions, aliases, and an append-only log of every decision."""

from __future__ import annotations

import datetime
import getpass
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, ClassVar, TypeAlias, final

from sevenfold.core.errors import RequestError, unknown_name
from sevenfold.deployment.registry.address import CHAMPION, Address, default_place
from sevenfold.deployment.registry.lineage import Lineage
from sevenfold.deployment.registry.records import Entry, Version

Form: TypeAlias = Callable[[Path, Path], None]
"""Writes a new folder (the second path) in which other systems find a bundle (the first) as a model of theirs."""
_KIND = re.compile(r"([a-z][a-z0-9_-]+)(?:\+|:(?!//))(.*)", re.DOTALL)


class Registry(ABC):
    """Versions of models, aliases that point to them, and a log that only grows.

    Processes and threads may use one registry at once. What one call changes counts as a whole or not at all, even if
    its process is killed; of several who move an alias with the same expectation one succeeds.
    """

    poll_seconds: ClassVar[float]
    """How long a server that follows an alias waits between two looks."""
    who: str
    """Stands in the log."""

    @staticmethod
    def at(place: str | Path | None = None) -> Registry:
        """The registry at a place: a folder, or `mlflow+URI`; by default the usual one, see `address.default_place`.

        Raises:
            RequestError: there is no such kind of registry.
            MissingExtraError: that kind needs a package that is not installed.
        """
        from sevenfold.deployment.registry.catalogue import REGISTRIES

        text = default_place() if place is None else str(place)
        named = _KIND.fullmatch(text)
        if named is not None and named[1] in REGISTRIES:
            return REGISTRIES.get(named[1]).of(named[2])
        if "://" in text:
            known = ("a folder", *(f"{kind}+URI" for kind in REGISTRIES.names() if kind != "folder"))
            raise RequestError(
                "There is no such kind of registry.", " or ".join(known), repr(without_password(text)),
                "Say, for example, mlflow+sqlite:///models.db.",
            )  # fmt: skip
        return REGISTRIES.get("folder").of(text)

    @classmethod
    @abstractmethod
    def of(cls, address: str) -> Registry:
        """The registry at an address of this kind."""

    @property
    @abstractmethod
    def place(self) -> str:
        """Where it is, as people are told; no secrets."""

    @abstractmethod
    def add(
        self, name: str, source: Path, read: Callable[[Path], Lineage], why: str = "", *, form: Form | None = None
    ) -> Version:
        """A new version of a model, made of a copy of a bundle. Equal bytes give the version that has them already.

        Args:
            name: of the model, new or not.
            source: the bundle.
            read: checks the copied file and tells its lineage; what it raises leaves no version behind.
            why: for the log.
            form: of registries that other systems read as well: what they find.
        Raises:
            RequestError, BundleError: the file is no model, or the registry cannot be written.
        """

    @abstractmethod
    def names(self) -> list[str]:
        """Every model's name, sorted."""

    @abstractmethod
    def versions(self, name: str) -> list[Version]:
        """Every version of a model, oldest first.

        Raises:
            RequestError: there is no such model.
        """

    @abstractmethod
    def log(self, name: str | None = None) -> list[Entry]:
        """Everything that was decided, oldest first, of one model or of all."""

    @abstractmethod
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

    @abstractmethod
    def rollback(self, name: str, alias: str = CHAMPION, *, expect: int | None = None, why: str = "") -> Entry:
        """Let an alias point again to the version before. A second rollback goes one further back.

        Raises:
            RequestError: there is no version before, or the alias points to another version than was expected.
            BundleError: the file of the version before is missing or has been changed.
        """

    @abstractmethod
    def note(
        self, action: str, name: str, alias: str | None, version: int | None, why: str, details: Mapping[str, Any]
    ) -> None:
        """Add a line to the log that changes nothing else."""

    @abstractmethod
    def file(self, version: Version, *, check: bool = True) -> Path:
        """The bundle of a version, on this machine.

        Args:
            check: compare its digest; without it the file may be missing or damaged, and whoever loads it finds out.
        Raises:
            BundleError: it is missing or has been changed.
        """

    @abstractmethod
    def watching(self, names: Sequence[str]) -> AbstractContextManager[Callable[[], object]]:
        """A block with a cheap look: a value that is another one once something about these models has changed."""

    def oddities(self, name: str) -> tuple[str, ...]:
        """What somebody did to a model's records behind the registry's back, in sentences."""
        return ()

    @final
    def get(self, address: Address) -> Version:
        """The version that an address means now.

        Raises:
            RequestError: there is no such model, alias or version.
        """
        versions = self.versions(address.name)
        for version in versions:
            if address.version == version.version or (address.version is None and address.alias in version.aliases):
                return version
        if address.version is not None:
            raise no_version(address.name, address.version, versions)
        raise RequestError(
            f"Model '{address.name}' has no {address.alias}.",
            "one of: " + (", ".join(sorted(a for v in versions for a in v.aliases)) or "no alias is set yet"),
            str(address.alias),
            f"Set it: sevenfold registry promote {address.name} VERSION --to {address.alias}",
        )

    @final
    def path(self, address: Address) -> Path:
        """The file of the version that an address means now, its digest checked.

        Raises:
            RequestError: there is no such version.
            BundleError: its file is missing or has been changed.
        """
        return self.file(self.get(address))


def no_version(name: str, version: int, versions: Sequence[Version]) -> RequestError:
    """The error for a number that no version has."""
    numbers = [known.version for known in versions]
    whole = numbers == list(range(numbers[0], numbers[-1] + 1))
    return RequestError(
        f"Model '{name}' has no version {version}.",
        (f"{numbers[0]} to {numbers[-1]}" if len(numbers) > 1 else str(numbers[0])) if whole
        else ", ".join(map(str, numbers)),
        str(version),
        f"See sevenfold registry show {name}.",
    )  # fmt: skip


def no_model(name: str, names: Sequence[str]) -> RequestError:
    """The error for a model that is not there."""
    return unknown_name("Model", name, names or ("none yet",))


def without_password(address: str) -> str:
    """An address as it may be shown."""
    return re.sub(r"://[^/@\s]*@", "://", address)


def now() -> str:
    """The time that stands in the log."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")


def user() -> str:
    """Who stands in the log where nobody says so."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        return "unknown"
