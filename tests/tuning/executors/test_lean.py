"""Workers stay small: libraries' optional parts are not loaded there."""

import json
import os
import subprocess
import sys

CODE = """
import importlib, json, sys
from sevenfold.tuning.executors.lean import keep_lean
from sevenfold.tuning.executors.zygote import NEEDED
keep_lean()
keep_lean()
for name in NEEDED:
    importlib.import_module(name)
first = [name for name in ("pandas", "pyarrow", "sklearn", "torch", "lightgbm", "scipy.stats") if name in sys.modules]
from sevenfold.tuning.executors.imports import load
load("catboost")
first += ["pandas"] if "pandas" in sys.modules else []
import numpy, pandas
assert pandas.DataFrame({"x": [1]}).shape == (1, 1)
pool = sys.modules["catboost"].Pool(numpy.ones((4, 2)), numpy.arange(4.0))
assert pool.shape == (4, 2)
import sklearn.ensemble, xgboost
second = [name for name in ("pyarrow", "matplotlib", "sklearn", "catboost", "xgboost") if name in sys.modules]
import pyarrow
print(json.dumps([first, second, len([f for f in sys.meta_path if type(f).__name__ == "OptionalParts"])]))
"""


def test_optional_parts_are_refused_to_libraries_and_given_to_whoever_names_them() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True, env=environment)
    first, second, finders = json.loads(done.stdout)
    assert first == ["lightgbm"]
    assert second == ["sklearn", "catboost", "xgboost"]
    assert finders == 1
