"""Bundles that were written once, by each format version: they load and predict what they did then."""

import json
from pathlib import Path

import numpy as np
import pytest

import sevenfold
from sevenfold.deployment.archive import read_archive
from sevenfold.deployment.bundle import FORMAT, READABLE
from sevenfold.deployment.golden import decode_records

HERE = Path(__file__).parent
BUNDLES = sorted(HERE.glob("format-*.sevenfold"))


@pytest.mark.parametrize("bundle", BUNDLES, ids=lambda path: path.stem)
def test_a_bundle_of_the_past_predicts_what_it_did_then(bundle):
    expected = json.loads(bundle.with_suffix(".json").read_text("utf-8"))
    rows = decode_records(expected["rows"])
    answer = sevenfold.load(bundle).answer(rows)
    if answer.has_classes:
        assert answer.labels.tolist() == expected["labels"]
    np.testing.assert_allclose(answer.values, expected["values"], rtol=1e-6, atol=1e-9)


def test_the_present_format_has_a_golden_file_of_each_family():
    names = {path.stem for path in BUNDLES}
    assert {f"format-{FORMAT}-{family}" for family in ("linear", "lightgbm", "ensemble", "text")} <= names


def test_every_format_that_is_read_has_golden_files():
    assert FORMAT in READABLE
    assert {int(path.stem.split("-")[1]) for path in BUNDLES} == set(READABLE)


def test_golden_files_are_small_and_bear_their_format():
    for bundle in BUNDLES:
        manifest, _, _ = read_archive(bundle)
        assert manifest["format"] == int(bundle.stem.split("-")[1])
        assert bundle.stat().st_size < 60_000
