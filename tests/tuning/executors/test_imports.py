"""Libraries are imported ahead, in workers without what they only offer to link to, and nothing stays hidden."""

import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[3] / "src"
CODE = """
import sys
sys.path.insert(0, sys.argv[1])
from sevenfold.tuning.executors.imports import load, warm
from sevenfold.tuning.executors.lean import keep_lean
keep_lean()
load("lightgbm")
assert "lightgbm" in sys.modules
assert "pandas" not in sys.modules and "sklearn" not in sys.modules
load("nosuchlibrary")
assert warm("constant") < 1.0
import pandas, sklearn
assert pandas.DataFrame({"a": [1]}).shape == (1, 1)
"""


def test_lightgbm_alone_and_the_rest_as_ever() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(SOURCE)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
