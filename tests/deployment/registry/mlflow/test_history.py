"""The log as the one truth: whoever reads the same lines comes to the same state."""

from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.deployment.registry.lineage import Lineage
from sevenfold.deployment.registry.mlflow.history import History

LINEAGE = Lineage("0" * 64, "binary", "y", "log_loss").to_json()


def line(key, action, alias=None, version=None, seen=None, **more):
    said = {"key": key, "time": "t", "who": "ada", "action": action, "alias": alias, "version": version, "why": ""}
    return {**said, "seen": seen, "details": {}, **more}


def added(key, version, sha256):
    return line(key, "add", version=version, sha256=sha256, bytes=1, run=f"run{version}", lineage=LINEAGE)


ADDED = [added("a1", 1, "s1"), added("a2", 2, "s2"), added("a3", 3, "s3")]


def numbered(lines):
    return list(enumerate(lines, 1))


def test_of_two_who_saw_the_same_state_the_first_counts():
    lines = [*ADDED, line("p1", "promote", "champion", 1, 0), line("p2", "promote", "champion", 2, 0)]
    found = History.of("m", numbered(lines))
    assert found.pointed == {"champion": 1}
    assert found.counted("p1").version == 1 and found.counted("p2") is None
    assert History.of("m", numbered([*lines, line("p3", "promote", "champion", 3, 4)])).pointed == {"champion": 3}


def test_a_state_that_was_left_and_came_back_is_another_one():
    moves = [("promote", 1, 0), ("promote", 2, 4), ("promote", 3, 5), ("rollback", 2, 6)]
    lines = [*ADDED, *(line(f"k{n}", a, "champion", v, s) for n, (a, v, s) in enumerate(moves))]
    late = line("late", "rollback", "champion", 1, 5)  # decided when version 2 was the champion for the first time
    found = History.of("m", numbered([*lines, late]))
    assert found.pointed == {"champion": 2} and found.counted("late") is None
    assert found.stack("champion") == [1, 2]


def test_equal_bytes_and_numbers_are_added_once():
    found = History.of("m", numbered([*ADDED, added("again", 4, "s2"), added("taken", 3, "s9")]))
    assert [v.version for v in found.versions] == [1, 2, 3]
    assert found.with_digest("s2") == 2 and found.with_digest("s9") is None


def test_what_is_removed_or_changed_is_noticed():
    lines = [(1, ADDED[0]), (2, None), (4, ADDED[1]), (5, {"key": "x", "action": "promote"})]
    found = History.of("m", lines)
    assert (found.missing, found.unreadable) == ([3], [2, 5])
    assert [v.version for v in found.versions] == [1, 2]


MOVES = st.lists(
    st.tuples(st.sampled_from(["promote", "rollback"]), st.integers(1, 3), st.integers(0, 12)), max_size=12
)


@settings(max_examples=60, deadline=None)
@given(MOVES, st.integers(0, 14))
def test_lines_sent_twice_change_nothing_and_a_stack_ends_where_the_alias_points(moves, again):
    lines = [*ADDED, *(line(f"k{n}", a, "champion", v, s) for n, (a, v, s) in enumerate(moves))]
    found = History.of("m", numbered(lines))
    stack = found.stack("champion")
    assert stack[-1:] == ([found.pointed["champion"]] if found.pointed else [])
    twice = History.of("m", [*numbered(lines), (len(lines) + 1, lines[again % len(lines)])])
    if found.counted(lines[again % len(lines)]["key"]) is not None:
        assert (twice.pointed, twice.entries) == (found.pointed, found.entries)
    for shorter in range(len(lines)):  # the past does not depend on what came later
        assert found.entries[: len(History.of("m", numbered(lines[:shorter])).entries)] == (
            History.of("m", numbered(lines[:shorter])).entries
        )
