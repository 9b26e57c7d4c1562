"""One row of plain tensors: the quick way says what the careful one says, or nothing."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_parts import PARTS, contents

from sevenfold.core.task import Goal
from sevenfold.deployment.bundle import load, save
from sevenfold.deployment.protocol import InferRequest, decode, encode
from sevenfold.deployment.request import HttpError, Limits
from sevenfold.deployment.runtime import Answer
from sevenfold.deployment.tensor_row import TensorRow

RECORD = {"age": 31.5, "income": 20000.0, "city": "Rome", "member": True, "since": "2024-03-01 10:00:00"}
KINDS = {"age": "FP64", "income": "FP64", "city": "BYTES", "member": "BOOL", "since": "BYTES"}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    for goal in (Goal.BINARY, Goal.REGRESSION):
        save(folder / goal, contents(goal, rows=60, members=1))
    return {goal: load(folder / goal, parts=PARTS) for goal in (Goal.BINARY, Goal.REGRESSION)}


@pytest.fixture(scope="module")
def row(models):
    return TensorRow(models[Goal.BINARY], "model", "1")


def tensor(name, **changed):
    return {"name": name, "datatype": KINDS[name], "shape": [1], "data": [RECORD[name]], **changed}


def body(*inputs, **more):
    return json.dumps({"inputs": list(inputs), **more}).encode()


PLAIN = [tensor(name) for name in KINDS]


def carefully(model, content):
    """What the careful way makes of a request; None where it refuses."""
    try:
        return decode(content, None, model, Limits())
    except HttpError:
        return None


def check(row, model, content):
    """Whether the quick way takes a request; then the careful one says the same."""
    found = row.read(content)
    if found is not None:
        record, own = found
        said = carefully(model, content)
        assert said is not None
        assert repr((record, own)) == repr((said.rows[0], said.id))
        assert (said.count, said.outputs, said.binary) == (1, {}, False)
    return found is not None


def test_plain_requests_are_taken(row, models):
    model = models[Goal.BINARY]
    for content in (
        body(*PLAIN),
        body(*PLAIN, id="mine"),
        body(*reversed(PLAIN)),
        json.dumps({"id": "ä\n", "inputs": PLAIN}, ensure_ascii=False, indent=2).encode(),
        body(*PLAIN[1:], tensor("age", data=[None])),
        body(*PLAIN[1:], tensor("age", data=[7])),
        body(*PLAIN[1:], tensor("age", data=[-1e18], datatype="FP32")),
    ):
        assert check(row, model, content)


def test_whatever_is_not_plain_is_left_to_the_careful_way(row, models):
    model = models[Goal.BINARY]
    twice = body(*PLAIN).replace(b'"shape"', b'"name":"age","shape"', 1)
    for content in (
        b"", b"{", b"[]", b'{"inputs":3}', b'{"inputs":[]}', b"\xff", b"[" * 9000, b'{"inputs":[NaN]}',
        body(*PLAIN, id=3), body(*PLAIN, id="x" * 300), body(*PLAIN, id=None), body(*PLAIN, outputs=[]),
        body(*PLAIN, parameters={}), body(*PLAIN, PLAIN[0]), body(*PLAIN[1:]), body(*PLAIN, 3),
        body(*PLAIN, {"a": {}, "b": 1, "c": 2, "d": 3}), twice, body(*PLAIN, id='a": b'), body(*PLAIN, id="\ud800"),
        body(*PLAIN[1:], tensor("age", data="7")), body(*PLAIN[1:], tensor("age", data={"7": 7})),
        body(*PLAIN[1:], tensor("age", data=[True])), body(*PLAIN[1:], tensor("age", data=[10**400])),
        body(*PLAIN[1:], tensor("age", data=[10**30])), body(*PLAIN[1:], tensor("age", data=[-1e300])),
        body(*PLAIN[1:], tensor("age", data=[[1.0]])), body(*PLAIN[1:], tensor("age", data=[1.0, 2.0])),
        body(*PLAIN[1:], tensor("age", shape=[True])), body(*PLAIN[1:], tensor("age", shape=[1.0])),
        body(*PLAIN[1:], tensor("age", shape=[1, 1])), body(*PLAIN[1:], tensor("age", datatype="INT64", data=[3])),
        body(*PLAIN[1:], tensor("age", datatype=["FP64"])), body(*PLAIN[1:], {**tensor("age"), "name": ["age"]}),
        body(*PLAIN[1:], {**tensor("age"), "parameters": {}}), body(*PLAIN[:-1], tensor("since", data=[5])),
    ):  # fmt: skip
        assert not check(row, model, content)


VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4)
SHAPES = st.sampled_from([[1], [1, 1], [2], [], 1, None, [1.0], [True]])
DATATYPES = st.sampled_from(["FP64", "FP32", "BYTES", "BOOL", "INT32", "INT64", "UINT8", "what", 3])
NAMES = st.sampled_from([*KINDS, "bought", "nothing"])


@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "name": NAMES,
                "datatype": DATATYPES,
                "shape": SHAPES,
                "data": st.lists(VALUES, min_size=1, max_size=1) | VALUES | st.lists(VALUES, max_size=2),
                "parameters": st.just({}),
            },
        ),
        max_size=3,
    ),
    st.booleans(),
)
def test_nothing_is_taken_that_the_careful_way_reads_otherwise(row, models, changes, blanks):
    inputs = {name: tensor(name) for name in KINDS}
    more = []
    for number, change in enumerate(changes):
        name = change.get("name")
        if name in inputs and number < 2:
            inputs[name] |= change
        else:
            more.append({**tensor("age"), **change})
    content = body(*inputs.values(), *more)
    check(row, models[Goal.BINARY], content.replace(b":", b" :") if blanks else content)


@pytest.mark.parametrize("goal", [Goal.BINARY, Goal.REGRESSION])
def test_answers_are_written_as_always(models, goal):
    model = models[goal]
    row = TensorRow(model, "model", "1")
    answer = model.answer([RECORD], every_violation=True)
    for own in (None, "mine", 'a "b" ä'):
        request = InferRequest(own, [RECORD], 1, {}, False)
        assert row.write(answer, own) == encode(request, answer, "model", "1").body
    assert row.write(model.answer([{**RECORD, "city": "Atlantis"}], every_violation=True), None) is None
    odd = Answer(answer.reading, answer.labels, answer.values * float("nan"), answer.has_classes)
    if goal is Goal.REGRESSION:
        odd = Answer(answer.reading, answer.labels * float("nan"), answer.values, answer.has_classes)
    assert row.write(odd, None) is None
