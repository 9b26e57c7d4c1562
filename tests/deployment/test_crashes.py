"""Saving a bundle is broken off at every step: afterwards the old file or the new one is there, never half."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_parts import PARTS, contents

from sevenfold.core.errors import LimitError, RequestError
from sevenfold.deployment.bundle import encode, load, save

SAVER = """
import json, os, signal, sys
from pathlib import Path
from sevenfold.deployment import files

path, new = Path(sys.argv[1]), Path(sys.argv[2]).read_bytes()
old = path.read_bytes()

def save_until(step):
    'Write the new file, and die by SIGKILL before the given line of files.py is run (or between two writes).'
    left = step
    def die(frame, event, argument):
        nonlocal left
        if frame.f_code.co_filename == files.__file__ and event == 'line':
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return die
    sys.settrace(die)
    with files.replacing(path) as file:
        for start in range(0, len(new), 1000):  # a large file reaches the disk in parts
            file.write(new[start : start + 1000])
            file.flush()
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.settrace(None)

outcomes = []
for step in range(1, 500):
    path.write_bytes(old)
    child = os.fork()
    if child == 0:
        save_until(step)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    found = path.read_bytes()
    outcomes.append('old' if found == old else 'new' if found == new else 'half')
    if status == 0:
        break
    for left_over in path.parent.glob('.*.tmp'):
        left_over.unlink()
print(json.dumps(outcomes))
"""


@pytest.fixture
def saved(tmp_path):
    """A folder with an old bundle and the bytes of a new one."""
    save(tmp_path / "m.sevenfold", contents(rows=60, members=1))
    (tmp_path / "new").write_bytes(encode(contents(rows=60, members=2)))
    return tmp_path


def test_kill_9_at_every_step_of_saving_leaves_the_old_or_the_new(saved):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    done = subprocess.run(
        [sys.executable, "-c", SAVER, str(saved / "m.sevenfold"), str(saved / "new")],
        capture_output=True,
        env=environment,
        check=True,
    )
    outcomes = json.loads(done.stdout)
    assert len(outcomes) > 20 and set(outcomes) == {"old", "new"}
    assert outcomes == sorted(outcomes, reverse=True)  # old up to the renaming, new after it
    assert load(saved / "m.sevenfold", parts=PARTS).task.target == "bought"


@pytest.mark.parametrize("call", ["mkstemp", "write", "fsync", "replace"])
@pytest.mark.parametrize(("number", "kind"), [(errno.ENOSPC, LimitError), (errno.EROFS, RequestError)])
def test_a_full_disk_or_a_folder_that_is_read_only_leaves_the_old_file(saved, monkeypatch, call, number, kind):
    before = (saved / "m.sevenfold").read_bytes()

    def fails(*_, **__):
        raise OSError(number, os.strerror(number))

    class Full:
        def __init__(self, descriptor, mode):
            self.file = open(descriptor, mode)  # noqa: SIM115, PTH123

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()

        def write(self, content):
            self.file.write(content[: len(content) // 2])
            self.file.flush()
            fails()

    if call == "mkstemp":
        monkeypatch.setattr("sevenfold.deployment.files.tempfile.mkstemp", fails)
    elif call == "write":
        monkeypatch.setattr("sevenfold.deployment.files.os.fdopen", Full)
    elif call == "fsync":
        monkeypatch.setattr("sevenfold.deployment.files.os.fsync", fails)
    else:
        monkeypatch.setattr(Path, "replace", fails)
    with pytest.raises(kind, match="cannot be written"):
        save(saved / "m.sevenfold", contents(rows=60, members=2))
    assert (saved / "m.sevenfold").read_bytes() == before
    assert sorted(p.name for p in saved.iterdir()) == ["m.sevenfold", "new"]
