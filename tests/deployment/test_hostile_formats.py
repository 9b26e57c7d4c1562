"""Every format in a bundle under seeded mutants: damaged files, zip tricks, and forgeries with right digests.

A forgery that changes nothing that counts (a gain that no prediction reads, a leaf that no row reaches) loads: digests
and golden rows cannot tell it. A signature does, see `test_signing.py`. What must never happen is a crash of the
process that asks, an error of another kind, a model that predicts nonsense, or one that takes all time or memory.
"""

import numpy as np
import pytest
from hostile import Tryer, forged, mutant, zip_mutant
from real_models import NUMBERS, PLAIN, contents, table, trees

from sevenfold.core.errors import BundleError
from sevenfold.core.recipe import Recipe, Step
from sevenfold.deployment.archive import read_archive
from sevenfold.deployment.bundle import load, save
from sevenfold.deployment.squeeze import expand

FORMATS = {
    "json": (PLAIN, "state/member-0/pipeline-0/state.json"),
    "golden": (PLAIN, "golden.json"),
    "schema": (PLAIN, "schema.json"),
    "safetensors": (PLAIN, "state/member-0/pipeline-0/arrays.safetensors"),
    "lightgbm": (trees("lightgbm", rounds=10, leaves=4), "state/member-0/pipeline-0/blob-0.bin"),
    "xgboost": (trees("xgboost", rounds=10, depth=3), "state/member-0/pipeline-0/blob-0.bin"),
    "catboost": (trees("catboost", rounds=10, depth=3), "state/member-0/pipeline-0/blob-0.bin"),
    "forest": (
        Recipe("random_forest", {"trees": 10}, (Step("raw", "impute", NUMBERS),), ("raw",)),
        "state/member-0/pipeline-0/arrays.safetensors",
    ),
    "network": (trees("mlp", epochs=1, units=16, layers=1, bins=0), "state/member-0/pipeline-0/arrays.safetensors"),
    "text": (
        Recipe("logistic_l2", {}, (Step("words", "tfidf", ("note",)),), ("words",)),
        "state/member-0/pipeline-0/state.json",
    ),
}


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    """A small bundle of each format, made when it is first asked for."""
    made = {}

    def bundle(name):
        if name not in made:
            made[name] = tmp_path_factory.mktemp(name) / "m.sevenfold"
            save(made[name], contents([FORMATS[name][0]], rows=120))
        return made[name]

    return bundle


@pytest.fixture(scope="module")
def tryer():
    made = Tryer()
    yield made
    made.close()


def damaged_are_refused(whole, path, count):
    """Mutants of the file and of its zip structure, digests left as they are: every one is refused here."""
    content = whole.read_bytes()
    for number in range(count):
        stream = np.random.default_rng([7, number])
        changed = mutant(content, stream) if number % 2 else zip_mutant(content, stream)
        assert changed != content
        path.write_bytes(changed)
        with pytest.raises(BundleError):
            load(path)


def members_damaged_are_refused(whole, path, member, count):
    """Mutants of the same length within one member's bytes."""
    content = whole.read_bytes()
    _, members, _ = read_archive(whole)
    stored = members.get(member, members.get(member + ".z"))
    start = content.index(stored)
    for number in range(count):
        stream = np.random.default_rng([8, number])
        changed = bytearray(content)
        at = start + int(stream.integers(len(stored)))
        changed[at] ^= 1 + int(stream.integers(255))
        path.write_bytes(bytes(changed))
        with pytest.raises(BundleError):
            load(path)


def forged_do_no_harm(tryer, whole, path, member, count):
    """How many were refused. Those that load predict finite numbers, also for rows they have not been tried on."""
    refused = 0
    for number in range(count):
        path.write_bytes(forged(whole, member, np.random.default_rng([9, number])))
        try:
            digest = tryer.canary(path)
        except BundleError:
            refused += 1
            continue
        model = load(path)
        assert model.digest == digest
        values = model.predict_proba(table(40, seed=5))
        assert np.isfinite(values).all() and (values >= 0).all()
    return refused


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "network"])  # torch takes seconds to start
def test_40_damaged_files_of_each_format_are_refused(bundles, tmp_path, name):
    damaged_are_refused(bundles(name), tmp_path / "m.sevenfold", 40)
    members_damaged_are_refused(bundles(name), tmp_path / "m.sevenfold", FORMATS[name][1], 20)


@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "catboost"])
def test_forged_weights_do_no_harm(bundles, tryer, tmp_path, name):
    refused = forged_do_no_harm(tryer, bundles(name), tmp_path / "m.sevenfold", FORMATS[name][1], 10)
    assert refused >= 3


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", FORMATS)
def test_500_mutants_of_each_format_do_no_harm(bundles, tryer, tmp_path, name):
    path, member = tmp_path / "m.sevenfold", FORMATS[name][1]
    damaged_are_refused(bundles(name), path, 500)
    members_damaged_are_refused(bundles(name), path, member, 500)
    assert forged_do_no_harm(tryer, bundles(name), path, member, 500) > 100


def test_members_of_another_bundle_do_not_fit(bundles, tmp_path):
    """Swaps between bundles with right digests: the golden rows tell."""
    from sevenfold.deployment.archive import write_archive

    (manifest, ours, _), (_, theirs, _) = read_archive(bundles("safetensors")), read_archive(bundles("text"))
    described = {name: value for name, value in manifest.items() if name != "members"}
    path = tmp_path / "m.sevenfold"
    for name in sorted(set(ours) & set(theirs)):
        if ours[name] == theirs[name] or name in ("profile.json", "prediction.json"):
            continue
        path.write_bytes(write_archive(described, {**ours, name: theirs[name]}))
        with pytest.raises(BundleError):
            load(path)


def test_a_format_of_another_version_is_no_way_round(bundles, tmp_path):
    """Format 1 knows no compressed members, so a downgrade does not load; nor does one from the future."""
    from sevenfold.deployment.archive import write_archive

    manifest, members, _ = read_archive(bundles("lightgbm"))
    assert any(name.endswith(".z") for name in members)
    described = {name: value for name, value in manifest.items() if name != "members"}
    path = tmp_path / "m.sevenfold"
    for version in (1, 0, 3, 2.0, "2", None, True):
        path.write_bytes(write_archive({**described, "format": version}, members))
        with pytest.raises(BundleError):
            load(path)
    assert set(expand(members)) != set(members)


def test_pickled_bytes_under_any_name_are_never_unpickled(bundles, tmp_path):
    """A pickle that would write a file: no name of a member makes anybody run it."""
    import pickle

    from sevenfold.deployment.archive import write_archive

    witness = tmp_path / "ran"

    class Hostile:
        def __reduce__(self):
            return (open, (str(witness), "w"))

    poison = pickle.dumps(Hostile())
    path = tmp_path / "m.sevenfold"
    for family in ("lightgbm", "xgboost", "catboost", "safetensors", "forest"):
        manifest, members, _ = read_archive(bundles(family))
        described = {name: value for name, value in manifest.items() if name != "members"}
        plain = expand(members)
        for name in [*plain, "model.pkl", "state/member-0/pipeline-0/blob-0.pkl"]:
            if name == "card.md":
                continue
            path.write_bytes(write_archive(described, {**plain, name: poison}))
            with pytest.raises(BundleError):
                load(path)
    assert not witness.exists()
