"""What libraries import and hardly ever use is loaded by its first user, who notices nothing."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from sevenfold.tuning.executors.later import library_of

CODE = """
import json, sys
from sevenfold.tuning.executors.lean import keep_lean
keep_lean()
keep_lean()
told = {"finders": len([f for f in sys.meta_path if type(f).__name__ == "Later"])}
def loaded():
    names = ("scipy.stats._stats_py", "scipy.interpolate._bsplines", "scipy.integrate._quadrature",
             "numpy.f2py.f2py2e", "numpy.testing._private.utils")
    return [name for name in names if name in sys.modules]
import numpy
import scipy.optimize, sklearn.ensemble, sklearn.linear_model, sklearn.svm
inputs = numpy.random.default_rng(0).random((60, 3))
target = (inputs[:, 0] > 0.5).astype(int)
sklearn.ensemble.ExtraTreesClassifier(3, random_state=0).fit(inputs, target)
told["after a forest"] = loaded()
import sklearn.inspection
told["part"] = callable(sklearn.inspection.partial_dependence)
# As a library of another day might: a class among what it names, and a part of the package.
as_sklearn = {"__name__": "sklearn.asks"}
exec("from scipy.stats import rv_continuous as asked\\nclass derived(asked): pass", as_sklearn)
asked, derived = as_sklearn["asked"], as_sklearn["derived"]
from sklearn.metrics import label_ranking_average_precision_score as ranked
told["ranked"] = ranked([[1, 0]], [[0.5, 0.2]])
told["after its first use"] = loaded()
import scipy.stats
from scipy.stats import norm
told["norm"] = [norm.cdf(0.0), float(scipy.stats.rankdata([3, 1])[0])]
import scipy.interpolate
told["class"] = isinstance(scipy.interpolate.BSpline, type)
from sklearn.preprocessing import SplineTransformer
told["spline"] = SplineTransformer(n_knots=3).fit_transform(inputs).shape[1]
numpy.testing.assert_array_equal([1], [1])
told["derived"] = derived.__mro__[1].__name__
told["kind"] = [isinstance(scipy.stats.norm, asked), isinstance(1, asked)]
from scipy.spatial import cKDTree
told["nearest"] = int(cKDTree(inputs).query(inputs[4])[1])
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def told() -> Any:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True, env=environment)
    return json.loads(done.stdout)


def test_growing_trees_loads_none_of_it(told: Any) -> None:
    assert told["after a forest"] == []
    assert told["finders"] == 1


def test_a_function_that_a_library_named_works_when_it_is_called(told: Any) -> None:
    assert told["ranked"] == 1.0
    assert "scipy.stats._stats_py" in told["after its first use"]
    assert told["spline"] == 3 * 5


def test_everybody_else_gets_the_module(told: Any) -> None:
    assert told["norm"] == [0.5, 2.0]
    assert told["class"]
    assert told["nearest"] == 4


def test_a_class_among_the_functions_may_be_derived_from_and_asked_for(told: Any) -> None:
    assert told["derived"] == "rv_continuous"
    assert told["kind"] == [True, False]


def test_a_part_of_a_module_that_stands_in_can_be_imported(told: Any) -> None:
    assert told["part"]


def test_the_asking_library_stands_beneath_the_import_system() -> None:
    asking: Any = SimpleNamespace(f_globals={"__name__": "sklearn.utils.fixes"}, f_back=None)
    within: Any = SimpleNamespace(f_globals={"__name__": "importlib._bootstrap"}, f_back=asking)
    assert library_of(within) == "sklearn"
    assert library_of(None) == ""
