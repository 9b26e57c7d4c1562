import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from tiny_parts import PARTS, contents

from sevenfold.deployment.archive import read_archive
from sevenfold.deployment.bundle import load, save
from sevenfold.deployment.registry.folder import FolderRegistry
from sevenfold.deployment.registry.lineage import Lineage


@pytest.fixture(scope="session")
def bundles(tmp_path_factory):
    """Two versions of a model that answer differently."""
    folder = tmp_path_factory.mktemp("versions")
    for name, rows in (("one", 120), ("two", 300)):
        save(folder / name, contents(rows=rows, members=1))
    return [folder / "one", folder / "two"]


@pytest.fixture
def registry(tmp_path, bundles):
    """Versions 1 and 2 of "m", the first one champion, the second one challenger."""
    made = FolderRegistry(tmp_path / "registry", who="ada")
    for path in bundles:
        made.add("m", path, lambda path: Lineage.of(load(path, parts=PARTS)))
    made.promote("m", 1)
    made.promote("m", 2, "challenger")
    return made


@pytest.fixture
def unisolated(monkeypatch):
    """Loads without the child process, which has tests of its own."""
    monkeypatch.setattr("sevenfold.deployment.isolation.canary", lambda path, *more, **options: read_archive(path)[2])
