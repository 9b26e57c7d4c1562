"""A server that dies at any step of writing leaves the old state or the new one, never half."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from sevenfold.deployment import files
from sevenfold.monitoring import segments
from sevenfold.monitoring.segments import Segment, pack, pack_left_behind


def lines(count, first=0):
    return "".join(f'{{"id":"r{first + i}","row":0,"inputs":{{"x":1.5}}}}\n' for i in range(count)).encode()


def ids(rows):
    found = []
    for path in segments.segments(rows):
        table = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_ndjson(path)
        found += table["id"].to_list()
    return sorted(found)


def test_packing_loses_and_doubles_nothing_wherever_it_dies(sweeper):
    swept = sweeper.sweep("log_scenarios:PackedRows")
    assert len(swept.deaths) >= (9 if swept.traced else 2)
    assert swept.before[0] == swept.after[0] == list(range(40))
    for death in swept.deaths:
        assert death.found[0] == swept.before[0] and death.again == swept.after, death


def test_many_rows_are_written_as_a_whole_wherever_it_dies(sweeper):
    sweeper.sweep("log_scenarios:ManyRows").check_old_or_new(8)


def test_rows_are_appended_in_order_and_packed_once_wherever_it_dies(sweeper):
    """A batch may be there in part, each row of it whole; none that was handed to the system is lost."""
    swept = sweeper.sweep("log_scenarios:AppendedRows")
    assert len(swept.deaths) >= (36 if swept.traced else 10)
    assert swept.after == list(range(6 * 40))
    kept = [len(death.found) for death in swept.deaths]
    assert kept == sorted(kept) and len(set(kept)) >= (12 if swept.traced else 3)
    for death in swept.deaths:
        assert death.found == death.again == swept.after[: len(death.found)], death
        assert not any(name.endswith(".jsonl") for name in death.left), death


def test_a_snapshot_is_the_old_one_or_the_new_one_wherever_writing_dies(sweeper):
    sweeper.sweep("log_scenarios:WrittenCounts").check_old_or_new(9)


EVERY = [3, pytest.param(1, marks=pytest.mark.slow)]


@pytest.mark.parametrize("every", EVERY)
def test_a_day_is_forgotten_altogether_or_not_at_all(sweeper, every):
    swept = sweeper.sweep("log_scenarios:ForgottenDays", every=every)
    swept.check_old_or_new(12 // every)
    for death in swept.deaths:
        assert not any(".forgotten" in name for name in death.left), death


@pytest.mark.parametrize("every", EVERY)
def test_a_store_keeps_one_model_or_the_next_whole(sweeper, every):
    sweeper.sweep("log_scenarios:PreparedStore", every=every).check_old_or_new(57 // every)


def test_what_was_told_is_remembered_or_told_again(sweeper):
    sweeper.sweep("log_scenarios:ToldAlerts").check_old_or_new(12)


@pytest.mark.parametrize(
    ("first", "every", "most"),
    [(270, 400, 2), pytest.param(1, 5, None, marks=[pytest.mark.slow, pytest.mark.timeout(7200)])],
)
def test_a_whole_server_that_dies_at_any_write_leaves_exact_counts_and_the_old_version_or_the_new(
    sweeper, first, every, most
):
    """It answers, logs and counts, and follows the registry; what a fresh process must find is in the scenario."""
    swept = sweeper.sweep("server_scenarios:Served", first=first, every=every, most=most)
    assert swept.before == [0, 0, 0] and swept.after == [2, 12, 12]
    for death in swept.deaths:
        assert isinstance(death.found, list), death
        assert death.again == [death.found[0], death.found[1] + 4, death.found[2] + 4], death
    # How often a server writes differs from run to run; what counts is that many deaths were judged.
    assert len(swept.deaths) >= (1 if most or not swept.traced else 60)


def test_a_torn_last_line_is_cut_off_when_the_rest_is_packed(tmp_path):
    path = tmp_path / "2025-01-01" / "1-2-boot-0001.jsonl"
    path.parent.mkdir()
    path.write_bytes(lines(5) + b'{"id":"r5","ro')
    assert pack_left_behind(tmp_path) == 1
    assert ids(tmp_path) == [f"r{i}" for i in range(5)]


def test_damaged_lines_stay_lines(tmp_path):
    path = tmp_path / "2025-01-01" / "1-2-boot-0001.jsonl"
    path.parent.mkdir()
    path.write_bytes(lines(2) + b"not json\n" + lines(2))
    assert pack_left_behind(tmp_path) == 0
    assert path.read_bytes().count(b"\n") == 5


def test_lines_of_a_server_that_lives_are_let_alone(tmp_path):
    segment = Segment(tmp_path, "1-2-boot", 10**6, None)
    segment.append("2025-01-01", lines(3))
    assert pack_left_behind(tmp_path) == 0
    segment.append("2025-01-01", lines(2, 3))
    segment.close()
    assert ids(tmp_path) == [f"r{i}" for i in range(5)]


def test_a_full_disk_keeps_the_lines(tmp_path, monkeypatch):
    path = tmp_path / "2025-01-01" / "1-2-boot-0001.jsonl"
    path.parent.mkdir()
    path.write_bytes(lines(4))

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    assert not pack(path)
    monkeypatch.undo()
    assert ids(tmp_path) == [f"r{i}" for i in range(4)]
    assert not list(tmp_path.glob("*/*.tmp")) and not list(tmp_path.glob("*/.*.tmp"))


@pytest.mark.slow
@pytest.mark.parametrize("moment", range(6))
def test_a_killed_server_loses_no_line_that_was_written(tmp_path, moment):
    script = (
        "import sys\nfrom pathlib import Path\nfrom sevenfold.monitoring.segments import Segment\n"
        f"segment = Segment(Path({str(tmp_path)!r}), '1-2-boot', 2000, None)\n"
        "for i in range(10**9):\n"
        '    segment.append(\'2025-01-01\', (\'{"id":"r%d","row":0,"inputs":{"x":1.5}}\\n\' % i).encode())\n'
        "    print(i, flush=True)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    child = subprocess.Popen([sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE, text=True)
    for _ in range(100 + 37 * moment):
        last = int(child.stdout.readline())
    child.send_signal(signal.SIGKILL)
    rest = child.stdout.read().split("\n")[:-1]  # what it had said before it died
    child.wait()
    child.stdout.close()
    last = int(rest[-1]) if rest else last
    kept = ids(tmp_path)
    assert len(kept) == len(set(kept))
    assert set(kept) >= {f"r{i}" for i in range(last + 1)}
    pack_left_behind(tmp_path)
    assert ids(tmp_path) == kept
    assert Path(tmp_path).exists()
