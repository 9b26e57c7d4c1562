import sqlite3

import pytest
from tiny_parts import PARTS

from sevenfold.core.errors import BundleError, DataError, RequestError
from sevenfold.deployment.bundle import load
from sevenfold.deployment.registry.address import Address
from sevenfold.deployment.registry.folder import FolderRegistry
from sevenfold.deployment.registry.lineage import Lineage


def lineage(path):
    return Lineage("0" * 64, "binary", "y", "log_loss")


def test_versions_count_up_and_tell_where_they_come_from(filled, bundles):
    versions = filled.versions("m")
    assert [v.version for v in versions] == [1, 2, 3]
    first = versions[0]
    assert (first.who, first.bytes) == ("ada", bundles[0].stat().st_size)
    assert (first.lineage.run, first.lineage.data, first.lineage.target) == ("r1", "abc", "bought")
    assert first.lineage.scores["test"] == {"value": 0.5, "low": 0.45, "high": 0.55}
    assert filled.path(Address("m", None, 1)).read_bytes() == bundles[0].read_bytes()
    assert load(filled.path(Address("m", None, 1)), parts=PARTS).digest == first.lineage.digest
    assert filled.names() == ["m"]
    assert Lineage.from_json(first.lineage.to_json()) == first.lineage


def test_the_parent_is_the_champion_of_that_time(registry, bundles):
    registry.add("m", bundles[0], lineage)
    registry.promote("m", 1)
    assert registry.add("m", bundles[1], lineage).parent == 1
    assert registry.get(Address("m", None, 1)).parent is None


def test_equal_bytes_are_one_version(filled, bundles):
    assert filled.add("m", bundles[1], lineage).version == 2
    assert len(filled.versions("m")) == 3
    assert filled.add("other", bundles[1], lineage).version == 1


def test_a_file_that_is_refused_leaves_no_version(registry, tmp_path):
    def refuse(path):
        raise BundleError("no model")

    (tmp_path / "junk").write_bytes(b"junk")
    with pytest.raises(BundleError):
        registry.add("m", tmp_path / "junk", refuse)
    with pytest.raises(RequestError, match="no registry"):
        registry.versions("m")
    with pytest.raises(RequestError, match="cannot be read"):
        registry.add("m", tmp_path / "none", lineage)


def test_aliases_point_and_roll_back_step_by_step(filled):
    for version in (1, 2, 2, 3):
        filled.promote("m", version)
    assert filled.get(Address("m")).version == 3
    assert filled.rollback("m").version == 2
    assert filled.rollback("m", why="worse").previous == 2
    assert filled.get(Address("m")).version == 1
    with pytest.raises(RequestError, match="cannot be rolled back"):
        filled.rollback("m")
    filled.promote("m", 3)
    assert filled.rollback("m").version == 1
    with pytest.raises(RequestError, match="no such alias"):
        filled.rollback("m", "challenger")
    actions = [(e.action, e.version) for e in filled.log("m") if e.alias]
    assert actions[-4:] == [("rollback", 2), ("rollback", 1), ("promote", 3), ("rollback", 1)]
    assert filled.log("m")[-4].previous == 3
    assert filled.log("elsewhere") == []


def test_two_aliases_do_not_disturb_each_other(filled):
    filled.promote("m", 1)
    filled.promote("m", 2, "challenger")
    filled.promote("m", 2)
    assert filled.get(Address("m")).aliases == ("challenger", "champion")
    filled.rollback("m")
    assert filled.get(Address("m", "challenger")).version == 2
    assert filled.get(Address("m")).version == 1


def test_only_if_the_alias_still_points_where_it_did(filled):
    filled.promote("m", 1, expect=0)
    with pytest.raises(RequestError, match="another one by now"):
        filled.promote("m", 2, expect=0)
    filled.promote("m", 2, expect=1)
    with pytest.raises(RequestError, match="another one by now"):
        filled.rollback("m", expect=1)
    assert filled.get(Address("m")).version == 2


def test_unknown_names_are_told(filled):
    with pytest.raises(RequestError, match="unknown"):
        filled.get(Address("n"))
    with pytest.raises(RequestError, match="no version 9"):
        filled.get(Address("m", None, 9))
    with pytest.raises(RequestError, match="no champion"):
        filled.get(Address("m"))
    with pytest.raises(RequestError, match="no version 9"):
        filled.promote("m", 9)
    with pytest.raises(RequestError, match="this name"):
        filled.promote("m", 1, "3")
    with pytest.raises(RequestError, match="unknown"):
        filled.versions("n")


def test_a_changed_or_missing_file_is_never_served(filled):
    filled.promote("m", 1)
    path = filled.path(Address("m"))
    path.chmod(0o644)
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(BundleError, match="has been changed"):
        filled.path(Address("m"))
    with pytest.raises(BundleError, match="has been changed"):
        filled.promote("m", 1, "challenger")
    filled.promote("m", 2)
    with pytest.raises(BundleError):
        filled.rollback("m")
    assert filled.get(Address("m")).version == 2
    path.unlink()
    with pytest.raises(BundleError, match="missing"):
        filled.promote("m", 1)


def test_adding_again_mends_a_changed_file(filled, bundles):
    path = filled.path(Address("m", None, 1))
    path.write_bytes(b"half")
    filled.add("m", bundles[0], lineage)
    assert filled.path(Address("m", None, 1)).read_bytes() == bundles[0].read_bytes()


def test_log_and_versions_cannot_be_rewritten(filled):
    filled.promote("m", 1)
    connection = sqlite3.connect(filled.folder / "registry.db")
    for statement in (
        "UPDATE log SET who = 'eve'", "DELETE FROM log", "UPDATE versions SET sha256 = ''", "DELETE FROM versions"
    ):  # fmt: skip
        with pytest.raises(sqlite3.IntegrityError, match=r"append-only|never changes"):
            connection.execute(statement)
    connection.close()
    assert [e.who for e in filled.log()] == ["ada"] * 4


def test_another_programs_file_and_a_newer_version_are_refused(tmp_path):
    for number, statement in enumerate(("CREATE TABLE x (y)", "PRAGMA user_version = 7")):
        folder = tmp_path / str(number)
        folder.mkdir()
        connection = sqlite3.connect(folder / "registry.db")
        connection.execute(statement)
        connection.close()
        with pytest.raises(DataError, match="cannot be read"):
            FolderRegistry(folder).names()
    newer = FolderRegistry(tmp_path / "newer")
    (tmp_path / "any").write_bytes(b"any")
    newer.add("m", tmp_path / "any", lineage)
    connection = sqlite3.connect(newer.folder / "registry.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(DataError, match="version 99"):
        newer.names()
    (tmp_path / "junk").mkdir()
    (tmp_path / "junk" / "registry.db").write_bytes(b"no database at all, but long enough to be read" * 50)
    with pytest.raises(DataError, match="cannot be read"):
        FolderRegistry(tmp_path / "junk").names()


def test_what_a_broken_copy_left_behind_is_swept_up(filled, bundles):
    import os
    import time

    folder = filled.path(Address("m", None, 1)).parent
    old, fresh = folder / ".x.sevenfold.1.tmp", folder / ".y.sevenfold.2.tmp"
    for path in (old, fresh):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 1e6,) * 2)
    filled.add("m", bundles[0], lineage)
    assert not old.exists() and fresh.exists()
