"""Every format in a bundle under seeded mutants: damaged files, zip tricks, and forgeries with right digests.

A forgery that changes nothing that counts (a gain that no prediction reads, a leaf that no golden row reaches) loads:
digests and golden rows cannot tell it, and it predicts the golden rows as the whole one does. A signature tells it,
see `test_signing.py`. What must never happen is a crash of the process that asks, an error of another kind, a model
that predicts the golden rows otherwise, or what is no number, or one that takes all time or memory.
"""

import re
from collections import Counter
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hostile import Forger, Tryer, mutant, zip_mutant
from hostile_entries import EVERY, FORMATS, PIPELINE

from sevenfold.core.errors import BundleError
from sevenfold.deployment.archive import read_archive
from sevenfold.deployment.bundle import load, save
from sevenfold.deployment.parts import Parts
from sevenfold.deployment.squeeze import expand


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    """A small bundle of each format, made when it is first asked for."""
    made = {}

    def bundle(name):
        entry = EVERY[name]
        if entry.key not in made:
            made[entry.key] = tmp_path_factory.mktemp("bundle") / "m.sevenfold"
            save(made[entry.key], entry.contents())
        return made[entry.key]

    return bundle


@pytest.fixture(scope="module")
def tryer():
    made = Tryer()
    yield made
    made.close()


def damaged_are_refused(whole, path, member, count):
    """Mutants of the file, of its zip structure and of one member's bytes, digests left as they are: every one is
    refused in this process, before any library reads it.
    """
    content = whole.read_bytes()
    _, members, _ = read_archive(whole)
    stored = members.get(member, members.get(member + ".z", b""))
    start = content.index(stored) if stored else 0
    stored = stored or content  # of an entry for several members: anywhere in the file
    for number in range(count):
        stream = np.random.default_rng([7, number])
        if number % 3 == 2:
            at = start + int(stream.integers(len(stored)))
            changed = content[:at] + bytes([content[at] ^ 1 + int(stream.integers(255))]) + content[at + 1 :]
        else:
            changed = zip_mutant(content, stream) if number % 3 else mutant(content, stream)
        assert changed != content
        path.write_bytes(changed)
        with pytest.raises(BundleError) as caught:
            load(path)
        assert caught.value.what and caught.value.expected


def forged_do_no_harm(tryer, whole, folder, member, count):
    """How many were refused by which sentence, ended their child, or loaded and predict the golden rows alike."""
    forger, outcomes = Forger(whole), Counter()
    for first in range(0, count, 50):
        paths = [folder / f"{number}.sevenfold" for number in range(first, min(first + 50, count))]
        for number, path in enumerate(paths, first):
            path.write_bytes(forger.forge(member, np.random.default_rng([9, number])))
        for path, told in zip(paths, tryer.try_all(whole, paths), strict=True):
            path.unlink()
            if "refused" in told:
                what, expected, _, advice = told["refused"]
                assert what and expected and advice, told
                outcomes[what] += 1
            elif "ended" in told:
                outcomes[f"ended the child: {told['ended']}"] += 1
            else:
                assert told["alike"], path
                assert told["fault"] is None, told["fault"]
                outcomes["alike"] += 1
    print(whole.stat().st_size, member, dict(outcomes))
    return outcomes


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "network"])  # torch takes seconds to start
def test_40_damaged_files_of_each_format_are_refused(bundles, tmp_path, name):
    damaged_are_refused(bundles(name), tmp_path / "m.sevenfold", FORMATS[name].member, 60)


@pytest.mark.parametrize("name", ["safetensors", "lightgbm", "xgboost", "catboost"])
def test_forged_members_do_no_harm(bundles, tryer, tmp_path, name):
    """No native parser ends its child: what would make it is refused before."""
    outcomes = forged_do_no_harm(tryer, bundles(name), tmp_path, FORMATS[name].member, 40)
    assert 40 - outcomes["alike"] >= 10
    assert not [said for said in outcomes if said.startswith("ended")]


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", EVERY)
def test_500_mutants_of_each_format_do_no_harm(bundles, tryer, tmp_path, name):
    member = EVERY[name].member
    damaged_are_refused(bundles(name), tmp_path / "m.sevenfold", member, 500)
    outcomes = forged_do_no_harm(tryer, bundles(name), tmp_path, member, 500)
    assert sum(outcomes.values()) == 500
    assert not [said for said in outcomes if said.startswith("ended")]


def kind_of(member):
    """A member's name without numbers and compression."""
    return re.sub(r"-\d+", "", member.removesuffix(".z"))


def changed_kinds(members):
    """Kinds of members that some entry changes, of these."""
    wanted = {kind_of(entry.member.partition("#")[0]) for entry in EVERY.values()}
    begins = tuple(name[:-1] for name in wanted if name.endswith("*"))
    return {kind for kind in map(kind_of, members) if kind in wanted or kind.startswith(begins)}


def test_every_part_of_the_catalogues_has_mutants():
    """A model, feature, combiner, calibrator or target transformation that is new wants an entry here."""
    recipes = [recipe for entry in EVERY.values() for recipe in (entry.recipe, entry.again) if recipe is not None]
    used = {
        "models": {recipe.model for recipe in recipes},
        "features": {step.feature for recipe in recipes for step in recipe.steps},
        "targets": {recipe.target for recipe in recipes},
        "combiners": {"average", *("stack" for entry in EVERY.values() if entry.again is not None)},
        "calibrators": {"temperature"},
    }
    parts = Parts.installed()
    assert {field.name: set(getattr(parts, field.name).names()) for field in fields(parts)} == used


def test_every_kind_of_member_has_mutants():
    """Of bundles as they are in use: those that every version before this one has left for the tests."""
    golden = sorted((Path(__file__).parents[1] / "golden").glob("*.sevenfold"))
    assert len(golden) >= 8
    for path in golden:
        members = ["manifest.json", *read_archive(path)[1]]
        assert changed_kinds(members) == set(map(kind_of, members)), path.name


def test_a_bundle_with_every_part_has_no_member_without_mutants(bundles):
    members = ["manifest.json", *read_archive(bundles("stack"))[1], *read_archive(bundles("json"))[1]]
    assert any(name.startswith(PIPELINE) for name in members)
    assert changed_kinds(members) == set(map(kind_of, members))


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
