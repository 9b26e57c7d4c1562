"""A server that dies at any step of writing leaves the old state or the new one, never half."""

import datetime
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import polars as pl
import pytest

from sevenfold.deployment import files
from sevenfold.monitoring import segments
from sevenfold.monitoring.segments import Segment, forget, pack, pack_left_behind
from sevenfold.monitoring.sketches import Sketch, Snapshot
from sevenfold.monitoring.snapshots import Counted, read_counts

STEPS = ("open", "os.rename", "os.remove", "os.mkdir", "os.chmod", "shutil.rmtree", "os.rmdir", "tempfile.mkstemp")


class Died(BaseException):
    """What stands for a kill: nothing that comes after it reaches the disk."""


class Killer:
    """Dies at the n-th step in a folder, and at every later one: no clean-up happens either."""

    def __init__(self):
        self.folder, self.left, self.owner = None, None, None
        sys.addaudithook(self)

    def __call__(self, event, arguments):
        if self.folder is None or event not in STEPS or threading.get_ident() != self.owner:
            return
        if any(str(self.folder) in os.fsdecode(a) for a in arguments if isinstance(a, str | bytes | os.PathLike)):
            self.left -= 1
            if self.left < 0:
                raise Died

    def run(self, folder, steps, work):
        """Whether the work came to its end."""
        self.folder, self.left, self.owner = folder, steps, threading.get_ident()
        try:
            work()
            return True
        except Died:
            return False
        finally:
            self.folder = None


@pytest.fixture(scope="module")
def killer():
    return Killer()


def lines(count, first=0):
    return "".join(f'{{"id":"r{first + i}","row":0,"inputs":{{"x":1.5}}}}\n' for i in range(count)).encode()


def ids(rows):
    found = []
    for path in segments.segments(rows):
        table = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_ndjson(path)
        found += table["id"].to_list()
    return sorted(found)


def test_packing_loses_and_doubles_nothing_wherever_it_dies(killer, tmp_path):
    wanted = sorted(f"r{i}" for i in range(20))
    for steps in range(40):
        rows = tmp_path / f"rows-{steps}"
        (rows / "2025-01-01").mkdir(parents=True)
        path = rows / "2025-01-01" / "1-2-boot-0001.jsonl"
        path.write_bytes(lines(20))
        whole = killer.run(rows, steps, lambda path=path: pack(path))
        assert ids(rows) == wanted
        pack_left_behind(rows)  # the next start
        assert ids(rows) == wanted
        assert [p.suffix for p in segments.segments(rows)] == [".parquet"]
        if whole:
            break
    assert 3 <= steps < 39


def test_a_snapshot_is_the_old_one_or_the_new_one_wherever_writing_dies(killer, tmp_path):
    def snapshot(rows):
        return Counted("m", "b", 0, 3600, "a", "1", Snapshot(rows, Sketch(rows)))

    for steps in range(40):
        folder = tmp_path / f"counts-{steps}"
        snapshot(3).write(folder)
        whole = killer.run(folder, steps, lambda folder=folder: snapshot(8).write(folder))
        found = read_counts(folder, "b")
        assert found.damaged == ()
        assert found.windows[0].total().rows in ((8,) if whole else (3, 8))
        if whole:
            break
    assert 2 <= steps < 39


def test_a_day_is_forgotten_altogether_or_not_at_all(killer, tmp_path):
    for steps in range(60):
        rows = tmp_path / f"rows-{steps}"
        for day in ("2025-01-01", "2025-01-09"):
            (rows / day).mkdir(parents=True)
            for number in range(3):
                (rows / day / f"{number}.jsonl").write_bytes(lines(2, 10 * number))
        whole = killer.run(rows, steps, lambda rows=rows: forget(rows, datetime.date(2025, 1, 5)))
        assert len(ids(rows)) in ((6,) if whole else (6, 12))
        pack_left_behind(rows)
        assert not list(rows.glob(".forgotten*"))
        if whole:
            break
    assert 2 <= steps < 59


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
