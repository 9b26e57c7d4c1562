"""A profile that somebody has forged is told as a damaged model file, not as a fault of ours."""

from dataclasses import replace

import pytest
from tiny_parts import PARTS, contents

from sevenfold.core.errors import BundleError
from sevenfold.deployment.bundle import load, save
from sevenfold.monitoring.reference import watchlist
from sevenfold.monitoring.store import reference_of


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "m.sevenfold"
    save(path, contents(rows=80, members=1))
    return reference_of(load(path, parts=PARTS))


def changed(profile, **values):
    first, *others = profile["columns"]
    return {**profile, "columns": [{**first, **values}, *others]}


@pytest.mark.parametrize("values", [{"aspects": 3}, {"aspects": {"length": 1}}, {"remembered": "x"}, {"kind": []}])
@pytest.mark.parametrize("which", ["profile", "prediction_profile"])
def test_a_forged_profile_is_a_damaged_file(reference, which, values):
    assert watchlist(reference).columns
    forged = replace(reference, **{which: changed(getattr(reference, which), **values)})
    with pytest.raises(BundleError, match="profile") as told:
        watchlist(forged)
    assert told.value.advice
