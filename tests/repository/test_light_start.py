"""`import sevenfold` and `sevenfold --help` stay light: what people run a hundred times a day."""

import os
import subprocess
import sys

import pytest

HEAVY = ("torch", "sklearn", "polars", "pandas", "scipy", "lightgbm", "optuna", "pyarrow", "numpy")


def _run(code: str) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    ).stdout


@pytest.mark.parametrize(
    "start",
    [
        "import sevenfold",
        "import sys; sys.argv = ['sevenfold', '--help']\nfrom sevenfold.cli.errors import guarded\n"
        "from sevenfold.cli.main import app\nguarded(app)",
    ],
)
def test_no_heavy_library_is_loaded(start: str) -> None:
    out = _run(f"{start}\nimport sys\nprint('loaded:', [n for n in {HEAVY!r} if n in sys.modules])")
    assert out.strip().endswith("loaded: []")


def test_starting_is_quick() -> None:
    # Processor time, the best of several starts: other work on the machine must not fail the test. Idle, a start
    # takes as long on the clock; the bars are 0.15 s and 0.35 s.
    code = (
        "import resource, subprocess, sys\n"
        "def best(command):\n"
        "    times = []\n"
        "    for _ in range(5):\n"
        "        before = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "        subprocess.run(command, check=True, capture_output=True)\n"
        "        after = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)\n"
        "    return min(times)\n"
        "bare = best([sys.executable, '-c', 'pass'])\n"
        "imported = best([sys.executable, '-c', 'import sevenfold']) - bare\n"
        "print(imported, best([sys.executable, '-m', 'sevenfold', '--help']))"
    )
    imported, helped = map(float, _run(code).split())
    assert imported < 0.15
    assert helped < 0.35
