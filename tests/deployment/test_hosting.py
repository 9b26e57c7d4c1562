import pytest

from sevenfold.core.errors import RequestError
from sevenfold.deployment.hosting import Host, Hosted, part_of
from sevenfold.deployment.recorder import Recorder
from sevenfold.deployment.request import HttpError


class Closing(Recorder):
    def __init__(self):
        self.closed = 0

    def record(self, request, answer):
        raise AssertionError("nothing is answered here")

    @property
    def dropped(self):
        return 0

    def close(self):
        self.closed += 1


def hosted(name="m", version="1"):
    return Hosted(None, name, version, Closing())


def test_a_name_leads_to_its_model_and_no_name_to_the_first():
    first, second = hosted("a"), hosted("b", "7")
    host = Host(first, second)
    assert host.pick(None, None, "k") is first
    assert host.pick("b", None, "k") is second
    assert host.pick("b", "7", "k") is second
    assert host.all == (first, second)
    for name, version in (("c", None), ("a", "2"), ("a", "")):
        with pytest.raises(HttpError) as caught:
            host.pick(name, version, "k")
        assert caught.value.status == 404
    for those in ((), (first, hosted("a"))):
        with pytest.raises(RequestError, match="one name"):
            Host(*those)


def test_a_canary_answers_its_share_and_a_key_always_goes_the_same_way():
    current, canary = hosted(), hosted(version="2")
    host = Host(current)
    host.try_out("m", canary, 0.25)
    picked = [host.pick("m", None, f"request {i}") for i in range(20_000)]
    assert picked == [host.pick("m", None, f"request {i}") for i in range(20_000)]
    assert abs(picked.count(canary) / 20_000 - 0.25) < 0.02
    host.try_out("m", canary, 0.5)  # a larger share takes nobody away from the canary
    assert all(host.pick("m", None, f"request {i}") is canary for i in range(20_000) if picked[i] is canary)
    assert host.pick("m", "1", "any") is current and host.pick("m", "2", "any") is canary
    host.try_out("m", None)
    assert host.all == (current,)
    with pytest.raises(RequestError, match="share"):
        host.try_out("m", canary, 1.5)


def test_a_share_of_nothing_and_of_everything():
    host = Host(current := hosted())
    host.try_out("m", canary := hosted(version="2"), 0.0)
    assert {host.pick("m", None, str(i)) for i in range(500)} == {current}
    host.try_out("m", canary, 1.0)
    assert {host.pick("m", None, str(i)) for i in range(500)} == {canary}
    assert 0 <= part_of("") < 1 and part_of("\udcff") != part_of("x")


def test_a_replaced_model_is_let_go_when_no_request_holds_it():
    old, new = hosted(), hosted(version="2")
    host = Host(old)
    with host.use("m", None, "k") as held:
        host.swap(new)
        assert host.pick("m", None, "k") is new and held is old
        assert [host.let_go() for _ in range(3)] == [1, 1, 1]
        assert old.recorder.closed == 0
    host.let_go()
    assert (old.recorder.closed, new.recorder.closed) == (1, 0)
    host.close()
    assert (old.recorder.closed, new.recorder.closed) == (1, 1)


def test_a_model_rests_before_it_is_let_go():
    host = Host(old := hosted())
    host.swap(hosted(version="2"))
    host.let_go()
    assert old.recorder.closed == 0
    host.let_go()
    assert old.recorder.closed == 1


def test_the_end_closes_what_is_still_held():
    host = Host(old := hosted())
    with host.use(None, None, "k"):
        host.swap(new := hosted(version="2"))
        host.close()
    assert (old.recorder.closed, new.recorder.closed) == (1, 1)
