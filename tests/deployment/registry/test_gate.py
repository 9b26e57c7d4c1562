from dataclasses import replace

import pytest
from tiny_parts import PARTS, contents, table

from sevenfold.core.errors import BundleError, RequestError
from sevenfold.core.task import Goal
from sevenfold.deployment.bundle import load, save
from sevenfold.deployment.registry import decide
from sevenfold.deployment.registry.address import Address
from sevenfold.deployment.registry.gate import Limits
from sevenfold.deployment.registry.lineage import Lineage

EASY = Limits(latency_seconds=60.0, isolated=False)


def read(path):
    return Lineage.of(load(path, parts=PARTS))


def gate(registry, version, **options):
    found = decide.gate(registry, "m", version, parts=PARTS, **{"limits": EASY, **options})
    return {verdict.check: verdict for verdict in found}


def test_the_first_champion_has_nobody_to_compare_with(filled):
    found = gate(filled, 1)
    assert {name: v.passed for name, v in found.items()} == {
        "golden": True, "contract": None, "size": True, "latency": True, "score": None, "fairness": None
    }  # fmt: skip


def test_limits_of_latency_and_size_refuse_with_the_figures(filled):
    found = gate(filled, 1, limits=Limits(latency_seconds=1e-9, bytes=10, isolated=False))
    assert found["latency"].passed is False and "ms for one row" in found["latency"].reason
    assert found["size"].passed is False and "10 bytes allowed" in found["size"].reason


def test_a_recorded_score_that_is_clearly_worse_refuses(filled):
    filled.promote("m", 1)
    assert gate(filled, 2)["score"].passed is True
    worse = gate(filled, 3)["score"]
    assert worse.passed is False and "clearly worse" in worse.reason
    filled.promote("m", 3)
    assert gate(filled, 1)["score"].passed is True


def test_given_rows_decide_rather_than_what_was_recorded(filled):
    """The third was trained on the same data and only claims to be worse; on rows it is as good."""
    filled.promote("m", 1)
    found = gate(filled, 3, data=table(600, seed=9))
    assert found["score"].passed is True and "600 paired rows" in found["score"].reason


def test_a_model_that_learned_noise_is_refused_on_rows(filled, tmp_path):
    import numpy as np

    made = contents(rows=120, members=1)
    weights = made.predictor.members[0].pipelines[0].model
    weights.weights = -np.asarray(weights.weights)
    save(tmp_path / "bad.sevenfold", made)
    version = decide.add(filled, "m", tmp_path / "bad.sevenfold", parts=PARTS).version
    filled.promote("m", 1)
    found = gate(filled, version, data=table(400, seed=9))
    assert found["score"].passed is False and "clearly worse" in found["score"].reason
    assert gate(filled, version)["score"].passed is True  # what it told of itself says nothing against it


def test_another_question_is_refused(filled, tmp_path):
    save(tmp_path / "r.sevenfold", contents(Goal.REGRESSION, rows=100, members=1))
    version = filled.add("m", tmp_path / "r.sevenfold", read).version
    filled.promote("m", 1)
    found = gate(filled, version)
    assert found["contract"].passed is False and "task" in found["contract"].reason
    assert found["score"].passed is None


def test_a_damaged_file_fails_its_golden_rows(filled):
    path = filled.path(Address("m", None, 2))
    path.write_bytes(path.read_bytes()[:-10])
    found = gate(filled, 2)
    assert found["golden"].passed is False
    assert found["score"].passed is None


def disparity(value, low, high, clear):
    entry = {"figure": "selection_rate", "measure": "ratio", "lowest": "a", "highest": "b"}
    return [{"column": "city", "disparities": [{**entry, "value": value, "low": low, "high": high, "clear": clear}]}]


@pytest.mark.parametrize(
    ("old", "new", "passed"),
    [
        (None, disparity(0.95, 0.9, 1.0, False), True),
        (None, disparity(0.5, 0.4, 0.6, True), False),
        (disparity(0.9, 0.85, 0.95, False), disparity(0.82, 0.81, 0.84, False), False),
        (disparity(0.5, 0.4, 0.6, True), disparity(0.52, 0.42, 0.62, True), True),
    ],
)
def test_a_recorded_disparity_is_compared_with_the_champions(registry, tmp_path, old, new, passed):
    for name, told in (("old", old), ("new", new)):
        made = contents(rows=100 if name == "old" else 110, members=1)
        metadata = {**made.metadata, **({} if told is None else {"fairness": told})}
        save(tmp_path / name, replace(made, metadata=metadata))
        registry.add("m", tmp_path / name, read)
    registry.promote("m", 1)
    assert gate(registry, 2)["fairness"].passed is passed


def test_a_refusal_is_logged_and_a_reason_overrules_it(filled):
    filled.promote("m", 1)
    with pytest.raises(RequestError, match="gate refuses version 3") as caught:
        decide.promote(filled, "m", 3, parts=PARTS, limits=EASY)
    assert "clearly worse" in caught.value.received and "--force" in caught.value.advice
    assert filled.log("m")[-1].action == "refuse"
    assert filled.get(Address("m")).version == 1
    done = decide.promote(filled, "m", 3, parts=PARTS, limits=EASY, force="the old one leaks")
    assert done.entry.details["forced"] == "the old one leaks"
    assert done.entry.why == "the old one leaks"
    assert filled.get(Address("m")).version == 3


def test_a_promotion_behind_the_gates_back_is_noticed(filled, monkeypatch):
    filled.promote("m", 1)
    ask = decide.gate

    def slow(*arguments, **options):
        found = ask(*arguments, **options)
        filled.promote("m", 3)
        return found

    monkeypatch.setattr(decide, "gate", slow)
    with pytest.raises(RequestError, match="another one by now"):
        decide.promote(filled, "m", 2, parts=PARTS, limits=EASY)
    assert filled.get(Address("m")).version == 3


def test_no_model_is_added_that_does_not_load(registry, tmp_path):
    (tmp_path / "junk").write_bytes(b"PK\x03\x04 junk")
    with pytest.raises(BundleError):
        decide.add(registry, "m", tmp_path / "junk", parts=PARTS)
