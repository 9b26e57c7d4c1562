"""All processes of a training on a small table together keep within a few hundred megabytes."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

MOST_BYTES = 1000 * 10**6  # seen: 450 to 850 MB, the most where both workers fit networks; shared pages count in each


@pytest.mark.slow
def test_the_memory_of_all_processes_stays_small(tmp_path: Path) -> None:
    stream = np.random.default_rng(0)
    numbers = stream.standard_normal((3000, 8)).round(3)
    target = (numbers[:, 0] + np.sin(numbers[:, 1]) > 0).astype(int)
    lines = [",".join([*map(str, row), str(label)]) for row, label in zip(numbers.tolist(), target, strict=True)]
    (tmp_path / "t.csv").write_text("\n".join([",".join("abcdefgh") + ",y", *lines]) + "\n")
    command = [sys.executable, "-m", "sevenfold", "train", str(tmp_path / "t.csv"), "--target", "y"]
    command += ["--trials", "12", "--threads", "2", "--out", str(tmp_path / "run")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    process = psutil.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    peak = 0
    try:
        while process.poll() is None:
            peak = max(peak, sum(resident(one) for one in family(process)))
            time.sleep(0.05)
    finally:
        if process.poll() is None:
            process.kill()
    assert process.returncode == 0
    assert 50 * 10**6 < peak < MOST_BYTES


def family(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []


def resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0
