"""Every feature of the catalogue against every check that we ship."""

from pathlib import Path

import pytest

import sevenfold.features
from sevenfold.features.catalogue import FEATURES
from sevenfold.testing import feature_checks
from sevenfold.testing.feature_checks import variants

ENTRIES = [(name, params) for name, feature in FEATURES for params in variants(feature)]


def _label(value):
    if callable(value):
        return value.__name__
    if isinstance(value, dict):
        return ",".join(f"{k}={v}" for k, v in value.items()) or "defaults"
    return str(value)


@pytest.mark.parametrize("check", feature_checks.CHECKS, ids=_label)
@pytest.mark.parametrize(("name", "params"), ENTRIES, ids=_label)
def test_feature_keeps_the_contract(name, params, check):
    check(FEATURES.get(name), params)


@pytest.mark.parametrize("name", FEATURES.names())
def test_catalogue_name_is_the_features_own(name):
    assert FEATURES.get(name).spec.name == name


def test_every_feature_in_the_folder_is_listed():
    import importlib
    import inspect

    from sevenfold.core.feature import Feature

    listed = {feature for _, feature in FEATURES}
    root = Path(sevenfold.features.__file__).parent
    found = set()
    for path in root.rglob("*.py"):
        parts = path.relative_to(root).with_suffix("").parts
        module = importlib.import_module(".".join(("sevenfold.features", *parts)))
        for _, item in inspect.getmembers(module, inspect.isclass):
            if issubclass(item, Feature) and "spec" in vars(item) and item.__module__ == module.__name__:
                found.add(item)
    assert found == listed
