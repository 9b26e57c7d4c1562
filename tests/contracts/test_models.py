"""Every model of the catalogue against the contract that it states."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import sevenfold.models
from sevenfold.core.errors import MissingExtraError
from sevenfold.core.model import Estimator, Recommender
from sevenfold.models.catalogue import MODELS
from sevenfold.testing.model_checks import Check, check_wide, checks_for, taught
from sevenfold.testing.model_data import GOALS, easy

ESTIMATORS = [m for _, m in MODELS if issubclass(m, Estimator) and not issubclass(m, Recommender)]
CASES = [pytest.param(m, c, id=f"{m.spec.name}-{c.__name__}") for m in ESTIMATORS for c in checks_for(m)]
PACKAGES = {"xgboost": "xgboost", "catboost": "catboost"}


@pytest.mark.parametrize(("model", "check"), CASES)
def test_contract(model: type[Estimator], check: Check) -> None:
    check(model)


@pytest.mark.slow
@pytest.mark.parametrize("model", ESTIMATORS, ids=lambda m: m.spec.name)
def test_ten_thousand_columns(model: type[Estimator]) -> None:
    check_wide(model)


def test_names_are_those_of_the_specs() -> None:
    for name, model in MODELS:
        assert model.spec.name == name


def test_every_model_file_is_listed() -> None:
    folder = Path(sevenfold.models.__file__).parent
    files = {p for p in folder.rglob("*.py") if "spec = ModelSpec(" in p.read_text()}
    listed = {Path(sys.modules[model.__module__].__file__ or "") for _, model in MODELS}
    assert files == listed


def test_statements_are_read_without_heavy_libraries() -> None:
    code = (
        "import sys\n"
        "from sevenfold.models.catalogue import MODELS\n"
        "assert [m.spec for _, m in MODELS]\n"
        "heavy = {'sklearn', 'lightgbm', 'xgboost', 'catboost', 'scipy', 'torch', 'polars', 'pandas'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=_env())
    assert out.stdout.strip() == "[]"


@pytest.mark.parametrize("model", [m for m in ESTIMATORS if m.spec.name in PACKAGES], ids=lambda m: m.spec.name)
def test_a_missing_extra_is_named(model: type[Estimator], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, PACKAGES[model.spec.name], None)
    inputs, target = easy(model, GOALS[0], 60)
    with pytest.raises(MissingExtraError, match=r"sevenfold\[boost\]"):
        taught(model, inputs, target)


def _env() -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": str(Path(sevenfold.__file__).parents[1])}
