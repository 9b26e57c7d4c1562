"""The child process that tries a bundle first, and what it says."""

import json

import numpy as np
import pytest
from tiny_parts import PARTS, Popular, contents, recommendation

from sevenfold.core.errors import BundleError
from sevenfold.deployment import isolation
from sevenfold.deployment.bundle import load, save
from sevenfold.deployment.isolation import canary, probe, probe_tables, tried, verdict


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    made = tmp_path_factory.mktemp("bundle") / "m.sevenfold"
    save(made, contents(rows=60, members=1))
    return made


def test_the_child_tells_the_digest_of_what_it_loaded(path):
    assert canary(path, PARTS) == load(path, parts=PARTS).digest


@pytest.mark.parametrize(
    ("code", "output"),
    [
        (0, b""),
        (0, b"sevenfold:"),
        (0, b'sevenfold:["refused"]'),
        (0, b"\xff\xfe{}"),
        (3, b""),
        (3, b"[LightGBM] [Warning] chatter"),
        (3, b'sevenfold:"digest"'),
        (-11, b'sevenfold:"digest"'),
        (1, b'sevenfold:"digest"'),
    ],
)
def test_whatever_a_child_prints_is_a_verdict(code, output):
    with pytest.raises(BundleError, match="could not be loaded safely"):
        verdict(code, output)


def test_chatter_before_the_verdict_is_passed_over():
    said = json.dumps(["It is damaged.", "a whole one", "half", "Fetch it."]).encode()
    with pytest.raises(BundleError, match=r"It is damaged\."):
        verdict(3, b"[LightGBM] [Warning] chatter\nsevenfold:" + said + b"\n")
    assert verdict(0, b'chatter\nsevenfold:"abc"\n') == "abc"


def test_a_child_that_takes_too_long_is_ended(path):
    with pytest.raises(BundleError, match=r"no answer within 0\.01 seconds"):
        canary(path, PARTS, seconds=0.01)


def test_a_file_that_is_exchanged_after_the_trial_is_refused(path, monkeypatch):
    monkeypatch.setattr(isolation, "canary", lambda path, parts: "the digest of another file")
    with pytest.raises(BundleError, match="changed while it was loaded"):
        load(path, parts=PARTS, isolated=True)


def test_probing_rows_reach_beyond_the_golden_ones(path):
    model = load(path, parts=PARTS)
    tables = list(probe_tables(model.background))
    ages = np.concatenate([table["age"].fill_null(np.nan).to_numpy() for table in tables])
    assert np.isnan(ages).any() and np.nanmin(ages) == -1e300 and np.nanmax(ages) == 1e300
    probe(model)
    softmax = model.runtime.predictor.members[0].pipelines[0].model
    softmax.weights = np.full_like(softmax.weights, np.nan)
    with pytest.raises(BundleError, match="no number"):
        probe(model)


def test_a_recommender_that_cannot_rank_is_refused(tmp_path, monkeypatch):
    """Golden rows hold scores of pairs; what items are best is tried as well."""
    made = tmp_path / "m.sevenfold"
    save(made, recommendation())
    assert tried(made, PARTS).digest == load(made, parts=PARTS).digest
    monkeypatch.setattr(Popular, "rank", lambda self, users: self.scores[users + 10**6])
    found = tried(made, PARTS)
    assert isinstance(found, BundleError) and "fails on rows like its own" in found.what
