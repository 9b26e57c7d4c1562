import threading
import time

import pytest
from tiny_parts import PARTS, table

from sevenfold.core.errors import RequestError
from sevenfold.deployment.recorder import Recorder
from sevenfold.deployment.registry.address import Address
from sevenfold.deployment.registry.lineage import Lineage
from sevenfold.deployment.traffic.plan import Stage, Traffic
from sevenfold.deployment.traffic.watch import Watcher, on_stage

CHAMPION, CHALLENGER = Address("m"), Address("m", "challenger")


class Noting(Recorder):
    def __init__(self, opened, *told):
        self.told = told
        opened.append(self)
        self.closed = False

    def record(self, request, answer):
        self.last = request

    @property
    def dropped(self):
        return 0

    def close(self):
        self.closed = True


def junk(registry, tmp_path):
    """A version whose file is no model."""
    (tmp_path / "junk").write_bytes(b"no model")
    lineage = Lineage("0" * 64, "binary", "bought", "log_loss")
    return registry.add("m", tmp_path / "junk", lambda path: lineage).version


def test_what_is_hosted_follows_the_alias(registry, unisolated):
    stage = Stage(Traffic({"m": CHAMPION, "fixed": Address("m", None, 1)}), registry, parts=PARTS)
    watcher = Watcher(stage)
    rows = table(5, seed=2)
    before = stage.host.pick("m", None, "k").model.predict_proba(rows)
    watcher.look()
    assert stage.host.pick("m", None, "k").version == "1"
    registry.promote("m", 2)
    watcher.look()
    hosted = stage.host.pick("m", None, "k")
    assert hosted.version == "2"
    assert (hosted.model.predict_proba(rows) != before).any()
    assert stage.host.pick("fixed", None, "k").version == "1"
    registry.rollback("m")
    watcher.look()
    assert stage.host.pick("m", None, "k").version == "1"
    served = [(e.action, e.version, e.details["outcome"]) for e in registry.log("m") if e.action == "serve"]
    assert served == [("serve", 2, "swapped"), ("serve", 1, "swapped")]


def test_a_version_that_fails_leaves_the_old_one_serving(registry, tmp_path):
    stage = Stage(Traffic({"m": CHAMPION}), registry, parts=PARTS)
    watcher = Watcher(stage)
    registry.promote("m", junk(registry, tmp_path))
    watcher.look()
    watcher.look()  # is not tried again
    assert stage.host.pick("m", None, "k").version == "1"
    (told,) = [e for e in registry.log("m") if e.action == "serve"]
    assert (told.version, told.details["outcome"]) == (3, "refused")
    assert "version 1 goes on" in told.why
    registry.promote("m", 2)
    watcher.look()
    assert stage.host.pick("m", None, "k").version == "2"


def test_canary_and_shadow_follow_their_aliases_too(registry, unisolated):
    opened = []
    stage = Stage(
        Traffic({"m": CHAMPION}, canary=CHALLENGER, share=1.0, shadow=CHALLENGER),
        registry,
        recorder=lambda model, *told: Noting(opened, *told),
        parts=PARTS,
    )
    assert [r.told for r in opened] == [("m", "2", "canary"), ("m", "1", "first")]
    assert stage.host.pick("m", None, "k").version == "2"
    watcher = Watcher(stage)
    registry.promote("m", 1, "challenger")
    watcher.look()
    assert stage.host.pick("m", None, "k").version == "1"
    assert stage.shadow.hosted.version == "1"
    stage.host.let_go()
    stage.host.let_go()
    assert [r.closed for r in opened] == [True, False, False]
    stage.host.close()
    stage.close()
    assert all(r.closed for r in opened)


def test_the_thread_sees_a_change_of_another_process_and_ends(registry, unisolated):
    with on_stage(Traffic({"m": CHAMPION}), registry, parts=PARTS, poll_seconds=0.01) as stage:
        registry.promote("m", 2)
        until = time.monotonic() + 60
        while stage.host.pick("m", None, "k").version != "2":
            assert time.monotonic() < until
            time.sleep(0.01)
    assert not any(thread.name == "sevenfold-watch" for thread in threading.enumerate())


def test_a_registry_that_goes_away_does_not_end_the_watch(registry, unisolated):
    with on_stage(Traffic({"m": CHAMPION}), registry, parts=PARTS, poll_seconds=0.01) as stage:
        moved = registry.folder.rename(registry.folder.with_name("away"))
        Watcher(stage).look()  # is told, and nothing else
        moved.rename(registry.folder)
        registry.promote("m", 2)
        until = time.monotonic() + 60
        while stage.host.pick("m", None, "k").version != "2":
            assert time.monotonic() < until
            time.sleep(0.01)


def test_what_is_asked_for_is_checked(registry):
    with pytest.raises(RequestError, match="share"):
        Traffic({"m": CHAMPION}, share=2.0)
    with pytest.raises(RequestError, match="name"):
        Traffic({"a/b": CHAMPION})
    with pytest.raises(RequestError, match="unknown"):
        Stage(Traffic({"m": Address("nobody")}), registry, parts=PARTS)
