"""Counts of many servers: whatever is sent twice, late, torn or restarted, each row counts once."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.monitoring.alerts import alerts_about_counts
from sevenfold.monitoring.sketches import Sketch, Snapshot, Snapshots
from sevenfold.monitoring.snapshots import Counted, Counts, Life, read_counts, safe_name

COUNTS = st.lists(st.integers(0, 2**40), min_size=3, max_size=3)


def counted(replica="a", boot="1", sequence=1, rows=5, window=3600, bins="b", closed=False):
    sketch = Sketch(rows, {"x": np.array([rows, 0, 1], dtype=np.int64)})
    return Counted("m", bins, window, 3600, replica, boot, Snapshot(sequence, sketch), 1.5, closed)


@given(st.text(max_size=20), COUNTS, st.integers(0, 2**40), st.text(max_size=5))
def test_a_snapshot_survives_its_file(replica, cells, sequence, column):
    replica, column = (text.encode(errors="replace").decode() for text in (replica, column))
    made = replace(counted(), replica=replica, snapshot=Snapshot(sequence, Sketch(7, {column: np.array(cells)})))
    read = Counted.from_bytes(made.to_bytes())
    assert read.to_bytes() == made.to_bytes()
    assert read.snapshot.sketch.counts[column].tolist() == cells


def test_every_changed_byte_and_every_cut_is_noticed():
    content = counted().to_bytes()
    for place in range(len(content)):
        with pytest.raises(ValueError):
            Counted.from_bytes(content[:place])
        changed = bytearray(content)
        changed[place] ^= 1
        with pytest.raises(ValueError):
            Counted.from_bytes(bytes(changed))


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"digest": "x"}', b"[" * 10_000, b"\xff", b"null"])
def test_other_files_are_no_snapshots(content):
    with pytest.raises(ValueError):
        Counted.from_bytes(content)


EVENTS = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from("12"), st.sampled_from([0, 3600]), st.integers(1, 5)), max_size=12
)


@settings(max_examples=12)
@given(EVENTS, st.randoms(use_true_random=False))
def test_files_in_any_order_and_twice_give_the_same_counts(tmp_path_factory, events, random):
    """Each replica counts `sequence` rows by its snapshot of that number."""
    folder = tmp_path_factory.mktemp("counts")
    shuffled = [*events, *events]
    random.shuffle(shuffled)
    latest = {}
    for replica, boot, window, sequence in shuffled:
        known = latest.get((replica, boot, window), 0)
        if sequence > known:  # a writer's own snapshots only grow
            counted(replica, boot, sequence, sequence, window).write(folder)
            latest[replica, boot, window] = sequence
    found = read_counts(folder, "b")
    assert sum(s.total().rows for s in found.windows.values()) == sum(latest.values())
    assert found.damaged == ()


@given(EVENTS, EVENTS, EVENTS)
def test_merging_is_associative_commutative_and_idempotent(a, b, c):
    def sent(events):
        total = Snapshots()
        for replica, boot, window, sequence in events:
            sketch = counted(replica, boot, sequence, sequence, window).snapshot.sketch
            total = total.with_snapshot(replica, boot, Snapshot(sequence, sketch))
        return total

    def plain(snapshots):
        return {key: (s.sequence, s.sketch.to_json()) for key, s in snapshots.latest.items()}

    one, two, three = sent(a), sent(b), sent(c)
    assert plain(one | two) == plain(two | one)
    assert plain((one | two) | three) == plain(one | (two | three))
    assert plain(one | one) == plain(one)


def test_a_copied_file_counts_once_and_a_restart_counts_anew(tmp_path):
    counted("a", "1", rows=5).write(tmp_path)
    counted("a", "2", rows=7).write(tmp_path)
    (place,) = tmp_path.iterdir()
    (place / "copy.1.json").write_bytes((place / "a.1.json").read_bytes())
    assert sum(s.total().rows for s in read_counts(tmp_path, "b").windows.values()) == 12


def test_damaged_and_foreign_counts_are_left_out_with_a_finding(tmp_path):
    counted("a", rows=5).write(tmp_path)
    counted("b", rows=5).write(tmp_path)
    counted("c", rows=5, bins="other").write(tmp_path)
    (place,) = tmp_path.iterdir()
    damaged = json.loads((place / "b.1.json").read_bytes()) | {"rows": 5_000}
    (place / "b.1.json").write_text(json.dumps(damaged))
    (place / ".b.1.json.tmp").write_bytes(b"half")
    found = read_counts(tmp_path, "b")
    assert found.windows[3600].total().rows == 5
    assert len(found.damaged) == 2
    (alert,) = alerts_about_counts(found)
    assert alert.code == "damaged-counts" and "2 files" in alert.text


def test_a_server_that_falls_silent_is_told_and_one_that_was_stopped_is_not():
    windows = {w * 3600: Snapshots() for w in range(10)}

    def codes(life):
        return [f.code for f in alerts_about_counts(Counts(windows, 3600, (Life("a", "1", 0, 9 * 3600, False), life)))]

    assert codes(Life("b", "1", 0, 5 * 3600, False)) == ["silent-replica"]
    assert codes(Life("b", "1", 0, 5 * 3600, True)) == []
    assert codes(Life("b", "1", 0, 8 * 3600, False)) == []


@pytest.mark.parametrize("name", ["../../etc", "a/b", "a\\b", "", ".", "x" * 500, "ü\n", "a.b"])
def test_names_of_replicas_cannot_leave_the_folder(name, tmp_path):
    made = safe_name(name)
    assert made and len(made) <= 64 and not set(made) & set("/\\.\n")
    replace(counted(), replica=name).write(tmp_path)
    assert len(list(tmp_path.glob("*/*.json"))) == 1
