"""kill -9 at every line of the code that writes: afterwards the old state or the new one, never half."""

import json
import os
import subprocess
import sys
import tempfile

import pytest

from sevenfold.core.errors import RequestError
from sevenfold.deployment.registry.address import Address
from sevenfold.deployment.registry.folder import FolderRegistry
from sevenfold.deployment.registry.lineage import Lineage

# Forks once for each line; the child is killed when it comes to that line for the first time.
SCRIPT = """
import json, os, shutil, signal, sys
from pathlib import Path
from sevenfold.deployment.registry.address import Address
from sevenfold.deployment.registry.lineage import Lineage
from sevenfold.deployment.registry.folder import FolderRegistry

base, work, action = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
lineage = Lineage("0" * 64, "binary", "y", "log_loss")

def act(registry):
    if action == "first":
        registry.add("n", base.parent / "b.sevenfold", lambda path: lineage)
    elif action == "add":
        registry.add("m", base.parent / "c.sevenfold", lambda path: lineage)
    elif action == "promote":
        registry.promote("m", 2, why="better")
    else:
        registry.rollback("m")

def state(folder):
    registry = FolderRegistry(folder)
    if not (folder / "registry.db").exists():
        return []
    try:
        names = registry.names()
    except Exception as error:
        return repr(error)
    if not names and not registry.log():
        return []  # tables without a row: nothing was added yet
    versions = [v for name in names for v in registry.versions(name)]
    for version in versions:
        registry.path(Address(version.model, None, version.version))
    return [[v.model, v.version, v.aliases] for v in versions] + [len(registry.log())]

def killed_at(step, folder):
    seen = set()
    def lines(frame, event, argument):
        if event == "line":
            place = (frame.f_code.co_filename, frame.f_lineno)
            if place not in seen:
                seen.add(place)
                if len(seen) > step:
                    os.kill(os.getpid(), signal.SIGKILL)
        return lines
    def calls(frame, event, argument):
        name = frame.f_code.co_filename
        return lines if "/deployment/registry/" in name or name.endswith("/deployment/files.py") else None
    sys.settrace(calls)
    act(FolderRegistry(folder))

found, step, code = [], 0, -1
before = state(base) if base.exists() else []
while code != 0:
    folder = work / str(step)
    if base.exists():
        shutil.copytree(base, folder)
    child = os.fork()
    if child == 0:
        killed_at(step, folder)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code not in (0, -9):
        sys.exit(f"step {step} ended with {code}")
    found.append(state(folder))
    if code == 0:
        after = found[-1]
    elif step % 10 == 0:
        act(FolderRegistry(folder))  # whoever comes after a crash can do the same work
        again = state(folder)
    shutil.rmtree(folder, ignore_errors=True)
    step += 1
print(json.dumps({"before": before, "after": after, "found": found, "again": again}))
"""


@pytest.mark.parametrize(("action", "least"), [
    pytest.param("first", 40, marks=pytest.mark.slow), ("add", 40), ("promote", 25),
    pytest.param("rollback", 25, marks=pytest.mark.slow),
])  # fmt: skip
def test_a_kill_at_any_line_leaves_the_old_state_or_the_new(tmp_path, action, least):
    lineage = Lineage("0" * 64, "binary", "y", "log_loss")
    for name in "abc":
        (tmp_path / f"{name}.sevenfold").write_bytes(name.encode() * 3000)
    registry = FolderRegistry(tmp_path / "base")
    if action != "first":
        for name in "ab":
            registry.add("m", tmp_path / f"{name}.sevenfold", lambda path: lineage)
        registry.promote("m", 1)
    if action == "rollback":
        registry.promote("m", 2)
    # In memory where that is possible: the disk's syncs would take longest, and only processes are killed here.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as work:
        command = [sys.executable, "-c", SCRIPT, str(tmp_path / "base"), work, action]
        done = subprocess.run(command, capture_output=True, text=True, env=_environment(), check=False, timeout=250)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert len(told["found"]) > least
    assert told["before"] != told["after"]
    assert all(found in (told["before"], told["after"]) for found in told["found"])
    assert told["before"] in told["found"] and told["after"] in told["found"]


RACE = """
import sys
from pathlib import Path
from sevenfold.core.errors import RequestError
from sevenfold.deployment.registry.lineage import Lineage
from sevenfold.deployment.registry.folder import FolderRegistry

registry = FolderRegistry(Path(sys.argv[1]), who=sys.argv[3])
lineage = Lineage("0" * 64, "binary", "y", "log_loss")
version = registry.add("m", Path(sys.argv[2]), lambda path: lineage).version
sys.stdin.readline()
try:
    registry.promote("m", version, expect=0)
    print("won")
except RequestError as error:
    print(error.what)
"""


def test_of_several_that_promote_at_once_one_wins(tmp_path):
    """They also make the registry at once, and add at once: versions stay distinct."""
    processes = []
    for number in range(4):
        source = tmp_path / f"{number}.sevenfold"
        source.write_bytes(bytes([number]) * 1000)
        command = [sys.executable, "-c", RACE, str(tmp_path / "r"), str(source), f"p{number}"]
        processes.append(
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=_environment())
        )
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=120)[0].strip() for process in processes]
    assert [process.returncode for process in processes] == [0] * 4
    assert said.count("won") == 1
    assert sum("another one by now; nothing was changed" in text for text in said) == 3
    registry = FolderRegistry(tmp_path / "r")
    assert [v.version for v in registry.versions("m")] == [1, 2, 3, 4]
    winner = registry.get(Address("m"))
    assert winner.who == f"p{said.index('won')}"
    assert sum(entry.action == "promote" for entry in registry.log("m")) == 1
    with pytest.raises(RequestError):
        registry.promote("m", 1, expect=9)


def _environment():
    return {**os.environ, "PYTHONPATH": os.pathsep.join(part for part in sys.path if part)}
