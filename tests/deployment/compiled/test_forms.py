"""Of a model's own forms and an onnxruntime session the quickest that gives the same, bit for bit, is taken."""

import logging

import numpy as np
import pytest

from sevenfold.core.errors import MissingExtraError
from sevenfold.deployment.compiled import build, forms
from sevenfold.deployment.compiled.build import Compiled, compile_runtime, measured
from sevenfold.deployment.compiled.forms import chosen_by


@pytest.fixture
def eager(monkeypatch):
    """Sessions are tried whatever the own forms take, and take the least time of all."""
    monkeypatch.setattr(forms, "WORTH_SECONDS", -1.0)
    monkeypatch.setattr(build, "_row_seconds", lambda form, rows: 1e-6 if "onnx" in form.__qualname__ else 1e-3)
    monkeypatch.setattr(build, "share_trees", lambda *given: None)


def test_a_session_that_gives_the_same_is_taken_where_it_is_quickest(runtime_of, raw_records, eager):
    runtime, typical = runtime_of("amount", ("lightgbm", "extra_trees"))
    compiled = compile_runtime(runtime, typical, lambda number: True)
    assert isinstance(compiled, Compiled), compiled
    assert [entry["chosen"] for entry in compiled.models] == ["onnx", "onnx"]
    assert compiled.models[0]["forms"] == {"own 1": 1000.0, "onnx": 1.0}
    np.testing.assert_array_equal(compiled.answer(raw_records).values, runtime.answer(raw_records).values)


def test_a_session_that_rounds_otherwise_is_refused_with_the_difference(runtime_of, raw_records, eager):
    runtime, typical = runtime_of("amount", ("ridge",))
    compiled = compile_runtime(runtime, typical, lambda number: True)
    (entry,) = compiled.models
    assert entry["chosen"] == "own 1"
    assert "bit for bit" in entry["forms"]["onnx"]
    np.testing.assert_array_equal(compiled.answer(raw_records).values, runtime.answer(raw_records).values)


def test_without_the_library_the_own_form_answers_and_one_line_says_so(
    runtime_of, raw_records, eager, monkeypatch, caplog
):
    def missing(content):
        raise MissingExtraError.of("onnxruntime", "onnx", "Export to ONNX")

    monkeypatch.setattr("sevenfold.deployment.export.onnx.session_of", missing)
    runtime, typical = runtime_of("amount", ("lightgbm",))
    with caplog.at_level(logging.INFO, "sevenfold.serve"):
        compiled = compile_runtime(runtime, typical, lambda number: True)
    assert len(caplog.records) == 1 and "without onnxruntime" in caplog.text
    assert compiled.models[0]["chosen"] == "own 1"
    np.testing.assert_array_equal(compiled.answer(raw_records).values, runtime.answer(raw_records).values)


def test_no_session_is_built_unless_it_is_asked_for_and_worth_it(runtime_of, monkeypatch):
    monkeypatch.setattr(forms, "onnx_form", lambda *given: pytest.fail("built"))
    runtime, typical = runtime_of("amount", ("lightgbm",))
    assert compile_runtime(runtime, typical).models[0]["forms"].keys() == {"own 1"}
    monkeypatch.setattr(build, "_row_seconds", lambda form, rows: 1e-6)
    found = measured(runtime.predictor, runtime.schema, typical)
    assert found[0] == {"model": "lightgbm of t0", "chosen": "own 1", "forms": {"own 1": 1.0}}


def test_a_large_model_gets_none(runtime_of, eager, monkeypatch):
    monkeypatch.setattr(forms, "MOST_BYTES", 10)
    runtime, typical = runtime_of("amount", ("lightgbm",))
    found = measured(runtime.predictor, runtime.schema, typical)
    assert found[0]["forms"]["onnx"] == "The model is too large for a session."


@pytest.mark.parametrize(
    ("metadata", "chosen"),
    [
        ({}, []),
        ({"forms": None}, []),
        ({"forms": {"chosen": "onnx"}}, []),
        ({"forms": [None, 3, {"chosen": ["onnx"]}, {"chosen": "frame"}]}, []),
        ({"forms": [{"chosen": "own 1"}, {"chosen": "onnx"}]}, [1]),
    ],
)
def test_whatever_the_metadata_say_is_read(metadata, chosen):
    wanted = chosen_by(metadata)
    assert [number for number in range(5) if wanted(number)] == chosen
