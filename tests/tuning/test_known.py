"""What is shipped as known of models is what the leave-one-set-out table judged, and follows from its data."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest

from sevenfold.models.catalogue import MODELS
from sevenfold.tuning.candidates import FIRST_TRIES
from sevenfold.tuning.gain import KNOWN

FOLDER = Path(__file__).parents[2] / "benchmarks" / "portfolio"


class Learning(NamedTuple):
    """The modules that learn, loaded from where their scripts lie."""

    gains: ModuleType
    promises: ModuleType


@pytest.fixture
def learning(monkeypatch: pytest.MonkeyPatch) -> Iterator[Learning]:
    import importlib
    import sys

    monkeypatch.syspath_prepend(str(FOLDER))
    names = ("results", "gains", "promises")
    yield Learning(importlib.import_module("gains"), importlib.import_module("promises"))
    for name in names:
        sys.modules.pop(name, None)


def test_what_is_shipped_is_what_was_judged(learning: Learning) -> None:
    assert learning.promises.JUDGED == KNOWN


def test_the_table_follows_from_the_measured_gains(learning: Learning) -> None:
    known = learning.promises.learned(learning.gains.read(FOLDER / "gains.csv"))
    page = (FOLDER / "RESULTS.md").read_text(encoding="utf-8")
    for name, value in known.first.items():
        assert f"| {name} | {KNOWN.first.get(name, KNOWN.other)} | {value} |" in page
    assert f"| {KNOWN.next_start} | {known.next_start} |" in page
    assert f"| {KNOWN.variant} | {known.variant} |" in page


def test_without_measured_sets_the_judgement_stands(learning: Learning) -> None:
    gain = learning.gains.Gain
    few = [gain("a", model, "first", 0.02 * value) for model, value in KNOWN.first.items() if model != "lightgbm"]
    known = learning.promises.learned(few)
    assert known.first["catboost"] == pytest.approx(KNOWN.first["catboost"], rel=0.02)
    assert known.variant == KNOWN.variant
    assert known.first["image_network"] == KNOWN.first["image_network"]


def test_many_sets_outweigh_the_judgement(learning: Learning) -> None:
    gain = learning.gains.Gain
    sets = [f"s{number}" for number in range(60)]
    found = [
        gain(name, model, "first", value)
        for name in sets
        for model, value in {"catboost": 0.001, "xgboost": 0.01, "mlp": 0.02}.items()
    ]
    known = learning.promises.learned(found)
    assert known.first["mlp"] > known.first["xgboost"] > known.first["catboost"] > 0.0


def test_names_known_are_models() -> None:
    assert set(KNOWN.first) <= set(MODELS.names())
    assert set(FIRST_TRIES) <= set(MODELS.names())
    assert len(set(FIRST_TRIES)) == len(FIRST_TRIES)
