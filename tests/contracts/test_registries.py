"""Every kind of registry keeps the same promises. MLflow is the real one, on a database of its own for each test."""

import shutil
import warnings
from itertools import pairwise

import pytest

from sevenfold.core.errors import BundleError, RequestError
from sevenfold.deployment.registry.address import Address
from sevenfold.deployment.registry.catalogue import REGISTRIES
from sevenfold.deployment.registry.folder import FolderRegistry
from sevenfold.deployment.registry.lineage import Lineage
from sevenfold.deployment.registry.mlflow.registry import MlflowRegistry
from sevenfold.deployment.registry.records import SERVE
from sevenfold.deployment.registry.registry import Registry


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory):
    """A database in which MLflow has made its tables, which takes it some seconds."""
    from sevenfold.deployment.registry.mlflow.client import open_client

    path = tmp_path_factory.mktemp("mlflow") / "empty.db"
    open_client(f"sqlite:///{path}", create=True)
    return path


@pytest.fixture(params=REGISTRIES.names())
def opened(request, tmp_path, monkeypatch):
    """Opens the same registry as somebody."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    if request.param == "folder":
        return lambda who: FolderRegistry(tmp_path / "registry", who)
    place = tmp_path / "mlflow.db"
    shutil.copy(request.getfixturevalue("empty_database"), place)
    return lambda who: MlflowRegistry(f"sqlite:///{place}", who)


@pytest.fixture
def registry(opened):
    return opened("ada")


@pytest.fixture
def sources(tmp_path):
    paths = [tmp_path / f"{name}.sevenfold" for name in "abc"]
    for path in paths:
        path.write_bytes(path.name.encode() * 100)
    return paths


def lineage(path):
    return Lineage(
        path.stem.ljust(64, "0"), "binary", "y", "log_loss", ("nö", "yes"), ("age",), run="r1", data="d1",
        scores={"test": {"value": 0.5, "low": 0.4, "high": 0.6}},
    )  # fmt: skip


def filled(registry, sources):
    for source in sources:
        registry.add("m", source, lineage, f"why {source.stem}")
    return registry


def test_versions_are_what_was_added(registry, sources):
    with pytest.raises(RequestError):
        registry.versions("m")
    filled(registry, sources)
    versions = registry.versions("m")
    assert [v.version for v in versions] == [1, 2, 3]
    assert [v.why for v in versions] == ["why a", "why b", "why c"]
    assert {v.who for v in versions} == {"ada"}
    assert versions[0].lineage.scores == {"test": {"value": 0.5, "low": 0.4, "high": 0.6}}
    assert versions[0].lineage.classes == ("nö", "yes")
    assert [registry.file(v).read_bytes() for v in versions] == [s.read_bytes() for s in sources]
    assert registry.names() == ["m"]
    assert registry.add("m", sources[1], lineage).version == 2  # equal bytes
    assert [e.action for e in registry.log("m")] == ["add"] * 3
    assert registry.add("a.b", sources[1], lineage).version == 1
    assert registry.names() == ["a.b", "m"]
    assert len(registry.log()) == 4


def test_what_is_refused_leaves_no_version(registry, sources):
    def refuse(path):
        raise BundleError("no model")

    with pytest.raises(BundleError, match="no model"):
        registry.add("m", sources[0], refuse)
    with pytest.raises(RequestError):
        registry.versions("m")
    with pytest.raises(RequestError, match="this name"):
        registry.add("m~log", sources[0], lineage)
    with pytest.raises(RequestError, match="cannot be read"):
        registry.add("m", sources[0].with_name("none"), lineage)


def test_aliases_move_and_roll_back(registry, sources):
    filled(registry, sources)
    with pytest.raises(RequestError, match="no champion"):
        registry.get(Address("m"))
    first = registry.promote("m", 1, why="the first", details={"gate": [{"check": "golden", "passed": True}]})
    assert (first.version, first.previous, first.why) == (1, None, "the first")
    assert first.details["gate"][0]["passed"] is True
    assert registry.promote("m", 2).previous == 1
    registry.promote("m", 2)
    registry.promote("m", 3, "challenger")
    registry.promote("m", 3)
    assert registry.get(Address("m")).aliases == ("challenger", "champion")
    assert registry.rollback("m", why="it failed").version == 2
    assert registry.rollback("m").version == 1
    with pytest.raises(RequestError, match="version 1 is the first"):
        registry.rollback("m")
    with pytest.raises(RequestError, match="no such alias"):
        registry.rollback("m", "other")
    assert registry.promote("m", 2).version == 2
    assert registry.rollback("m").version == 1
    assert registry.get(Address("m", "challenger")).version == 3
    log = registry.log("m")
    assert [e.action for e in log[3:]] == ["promote"] * 5 + ["rollback"] * 2 + ["promote", "rollback"]
    assert all(one.number < other.number and one.time <= other.time for one, other in pairwise(log))
    with pytest.raises(RequestError, match="no version 9"):
        registry.promote("m", 9)
    with pytest.raises(RequestError, match="unknown"):
        registry.promote("n", 1)
    with pytest.raises(RequestError, match="this name"):
        registry.promote("m", 1, "3")


def test_of_two_who_decide_on_the_same_state_one_is_told(registry, opened, sources):
    filled(registry, sources)
    other = opened("bob")
    registry.promote("m", 1, expect=0)
    with pytest.raises(RequestError, match="another one by now"):
        other.promote("m", 2, expect=0)
    other.promote("m", 2, expect=1)
    with pytest.raises(RequestError, match="another one by now"):
        registry.rollback("m", expect=1)
    assert registry.get(Address("m")).version == 2
    newer = sources[0].with_name("d.sevenfold")
    newer.write_bytes(b"d")
    assert registry.add("m", newer, lineage).parent == 2
    assert [e.who for e in registry.log("m") if e.action == "promote"] == ["ada", "bob"]


def test_notes_change_nothing_but_the_log(registry, sources):
    filled(registry, sources)
    registry.promote("m", 1)
    registry.note(SERVE, "m", "champion", 2, "it failed", {"outcome": "refused"})
    assert registry.get(Address("m")).version == 1
    last = registry.log("m")[-1]
    assert (last.action, last.version, last.details) == ("serve", 2, {"outcome": "refused"})
    assert registry.oddities("m") == ()


def test_a_glance_tells_of_changes_by_others(registry, opened, sources):
    filled(registry, sources)
    other = opened("bob")
    with registry.watching(["m"]) as glance:
        before = glance()
        assert glance() == before
        other.promote("m", 2)
        after = glance()
        assert after != before
        assert glance() == after


@pytest.mark.parametrize(("text", "kind"), [
    ("models", FolderRegistry), ("a/b+c", FolderRegistry), ("folder:models", FolderRegistry),
    ("mlflow", FolderRegistry), ("mlflow+sqlite:///x.db", MlflowRegistry),
    ("mlflow+http://ada:pw@h:5000", MlflowRegistry),
])  # fmt: skip
def test_the_address_chooses_the_kind(text, kind):
    found = Registry.at(text)
    assert type(found) is kind
    assert "pw" not in found.place and "pw" not in repr(found)


@pytest.mark.parametrize(
    "text", ["http://host:5000", "mlflow+", "mlflow+mlruns", "mlflow+file:///x", "s3://ada:pw@b/x"]
)
def test_an_address_of_no_kind_is_told(text, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(RequestError) as told:
        Registry.at(text)
    assert "mlflow+" in str(told.value) and "pw" not in str(told.value)


def test_mlflows_own_variable_is_taken(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///models.db")
    assert Registry.at("mlflow:").place == "mlflow+sqlite:///models.db"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(RequestError, match="no registry in models"):
            Registry.at("mlflow:").names()
