import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from tiny_parts import PARTS, contents, with_test_score

from sevenfold.deployment.bundle import load, save
from sevenfold.deployment.registry.folder import FolderRegistry
from sevenfold.deployment.registry.lineage import Lineage


def read(path):
    """The lineage of a bundle of tiny parts, without a child process."""
    return Lineage.of(load(path, parts=PARTS))


def with_metadata(made, **more):
    """Contents that tell more."""
    return replace(made, metadata={**json.loads(json.dumps(dict(made.metadata))), **more})


@pytest.fixture(scope="session")
def bundles(tmp_path_factory):
    """Three bundles of the same task: the first scores 0.45 to 0.55, the second the same, the third clearly worse."""
    folder = tmp_path_factory.mktemp("bundles")
    made = contents(rows=120, members=1)
    other = contents(rows=200, members=1)
    save(folder / "one.sevenfold", made)
    save(folder / "two.sevenfold", other)
    save(folder / "worse.sevenfold", with_test_score(contents(rows=150, members=1), 0.8, 0.9))
    return [folder / f"{name}.sevenfold" for name in ("one", "two", "worse")]


@pytest.fixture
def registry(tmp_path):
    return FolderRegistry(tmp_path / "registry", who="ada")


@pytest.fixture
def filled(registry, bundles):
    """A registry with three versions of the model "m"."""
    for bundle in bundles:
        registry.add("m", bundle, read)
    return registry
