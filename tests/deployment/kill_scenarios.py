"""Work of deployment that `kill_steps` breaks off: bundles, folders, registries."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from abc import abstractmethod
from pathlib import Path
from typing import Any

from kill_steps import Scenario

from sevenfold.core.errors import RequestError
from sevenfold.deployment.archive import read_archive, write_archive
from sevenfold.deployment.export.folder import write_folder
from sevenfold.deployment.files import append_lines, write_whole
from sevenfold.deployment.registry.address import Address
from sevenfold.deployment.registry.folder import FolderRegistry
from sevenfold.deployment.registry.lineage import Lineage
from sevenfold.deployment.registry.registry import Registry

LINEAGE = Lineage("0" * 64, "binary", "y", "log_loss")


class SavedBundle(Scenario):
    """A bundle takes another one's place."""

    def prepare(self, folder: Path) -> None:
        write_whole(folder / "m.sevenfold", write_archive({"n": 1}, {"a": bytes(5_000)}))

    def act(self, folder: Path) -> None:
        write_whole(folder / "m.sevenfold", write_archive({"n": 2}, {"a": bytes(40_000), "b": b"more"}))

    def state(self, folder: Path) -> Any:
        manifest, members, _ = read_archive(folder / "m.sevenfold")
        return [manifest["n"], sorted(members)]


class WrittenFolder(Scenario):
    """A folder that appears whole, as an export writes it."""

    def prepare(self, folder: Path) -> None:
        pass

    def act(self, folder: Path) -> None:
        write_folder(folder / "model", {"MLmodel": b"a: 1\n", "model.sevenfold": bytes(20_000)})

    def again(self, folder: Path) -> None:
        with contextlib.suppress(RequestError):  # it is there already
            self.act(folder)

    def state(self, folder: Path) -> Any:
        return {path.name: path.stat().st_size for path in sorted(folder.glob("model/*"))}


class AppendedLines(Scenario):
    """Lines that several writers add to one file."""

    def prepare(self, folder: Path) -> None:
        append_lines(folder / "lines", b"first\n")

    def act(self, folder: Path) -> None:
        append_lines(folder / "lines", b"second\n", synced=True)

    def state(self, folder: Path) -> Any:
        whole = {b"first", b"second"}
        return [line.decode() for line in (folder / "lines").read_bytes().split(b"\n")[:-1] if line in whole]

    def again(self, folder: Path) -> None:
        if self.state(folder) == ["first"]:
            self.act(folder)


class _InRegistry(Scenario):
    """A decision about model "m", of which some versions are there already."""

    def __init__(self, action: str) -> None:
        self.action = action

    @abstractmethod
    def registry(self, folder: Path) -> Registry:
        """The registry; its machine's own copies are no part of it."""

    def prepare(self, folder: Path) -> None:
        for name in ("one", "two", "three"):
            (folder / name).write_bytes(name.encode() * 1000)
        if self.action != "first":
            for name in ("one", "two"):
                self.add(folder, name)
            self.registry(folder).promote("m", 1)
        if self.action == "rollback":
            self.registry(folder).promote("m", 2)

    def add(self, folder: Path, name: str) -> None:
        self.registry(folder).add("m", folder / name, lambda path: LINEAGE)

    def act(self, folder: Path) -> None:
        if self.action in ("first", "add"):
            self.add(folder, "one" if self.action == "first" else "three")
        elif self.action == "promote":
            self.registry(folder).promote("m", 2, expect=1)
        else:
            self.registry(folder).rollback("m", expect=2)

    def again(self, folder: Path) -> None:
        try:
            self.act(folder)
        except RequestError as error:
            if "another one by now" not in error.what:  # it took effect before the kill
                raise

    def state(self, folder: Path) -> Any:
        """Files in the order of their versions with their aliases, and the log; every file is whole."""
        registry = self.registry(folder)
        try:
            versions = registry.versions("m")
        except RequestError as error:  # nothing was added yet
            assert "There is no registry" in error.what or "is unknown" in error.what, error
            return []
        place = {v.version: n for n, v in enumerate(versions, 1)}  # a broken add may leave a number unused in MLflow
        for version in versions:
            found = registry.path(Address("m", None, version.version)).read_bytes()
            assert found in (name.encode() * 1000 for name in ("one", "two", "three"))
        log = [[entry.action, entry.alias, place.get(entry.version or 0)] for entry in registry.log("m")]
        return [[[version.sha256[:6], list(version.aliases)] for version in versions], log]


class InFolder(_InRegistry):
    """The registry in a folder."""

    def registry(self, folder: Path) -> Registry:
        return FolderRegistry(folder / "registry", "ada")


class InMlflow(_InRegistry):
    """The registry in a database of MLflow's.

    Args:
        action: what is done.
        template: folder for an empty database, which takes MLflow long to make; made here where it is missing.
    """

    def __init__(self, action: str, template: str) -> None:
        super().__init__(action)
        self.template = Path(template)

    def registry(self, folder: Path) -> Registry:
        from sevenfold.deployment.registry.mlflow.registry import MlflowRegistry

        # Copies of an earlier process would hide what is missing in MLflow.
        cache = Path(tempfile.mkdtemp(dir=folder.parent))
        return MlflowRegistry(f"sqlite:///{folder / 'models.db'}", "ada", cache)

    def prepare(self, folder: Path) -> None:
        from sevenfold.deployment.registry.mlflow.client import open_client

        if not self.template.exists():
            open_client(f"sqlite:///{self.template}", create=True).search_registered_models(max_results=1)
        shutil.copy(self.template, folder / "models.db")
        super().prepare(folder)
