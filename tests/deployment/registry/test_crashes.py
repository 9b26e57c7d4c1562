"""kill -9 at every write step: afterwards the old state or the new one, never half."""

import os
import subprocess
import sys

import pytest

from sevenfold.core.errors import RequestError
from sevenfold.deployment.registry.address import Address
from sevenfold.deployment.registry.folder import FolderRegistry

# What the registry in MLflow takes: a second for each kill, so that only some of the steps are tried.
MLFLOW = [("promote", 5), ("rollback", 5), ("add", 7)]


@pytest.mark.parametrize(("action", "least"), [("first", 100), ("add", 65), ("promote", 55), ("rollback", 45)])
def test_a_kill_at_any_step_leaves_the_old_state_or_the_new(sweeper, action, least):
    swept = sweeper.sweep("kill_scenarios:InFolder", settings={"action": action})
    swept.check_old_or_new(least)
    assert "registry/registry.db" in swept.left


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("action", "every"), MLFLOW)
def test_the_same_in_mlflow(sweeper, tmp_path_factory, monkeypatch, action, every):
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    template = tmp_path_factory.getbasetemp() / "template.db"
    settings = {"action": action, "template": str(template)}
    sweeper.sweep("kill_scenarios:InMlflow", settings=settings, every=every).check_old_or_new(10)


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
