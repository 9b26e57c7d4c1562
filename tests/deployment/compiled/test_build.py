"""The compiled form answers as the frames do, bit for bit, or says why there is none."""

import threading

import numpy as np
import polars as pl
import pytest

from sevenfold.core.compiled import Reads, RowStep
from sevenfold.core.errors import DataError
from sevenfold.deployment.compiled import build
from sevenfold.deployment.compiled.build import Compiled, Refusal, compile_runtime
from sevenfold.deployment.compiled.frames import records_of
from sevenfold.features.numbers.passthrough import Passthrough
from sevenfold.models.neighbours.neighbours import Neighbours
from sevenfold.models.trees.lightgbm import LightGBM

ENSEMBLES = [
    ("answer", ("lightgbm",), "average", False, 1),
    ("answer", ("lightgbm", "logistic_l2", "extra_trees"), "stack", True, 1),
    ("answer", ("additive", "random_forest", "lightgbm"), "average", True, 2),
    ("three", ("lightgbm", "logistic_l1", "random_forest"), "average", False, 2),
    ("three", ("naive_bayes", "constant"), "average", True, 1),
    ("amount", ("ridge", "lightgbm", "extra_trees"), "average", False, 2),
    ("amount", ("neighbours", "svm_linear"), "average", False, 1),
]


@pytest.mark.parametrize("ensemble", ENSEMBLES, ids=lambda e: "-".join(map(str, e)))
def test_it_answers_as_the_frames_do(runtime_of, raw_records, ensemble):
    runtime, typical = runtime_of(*ensemble)
    compiled = compile_runtime(runtime, typical)
    assert isinstance(compiled, Compiled), compiled
    expected = runtime.answer(raw_records)
    found = compiled.answer(raw_records)
    np.testing.assert_array_equal(found.values, expected.values)
    np.testing.assert_array_equal(found.labels, expected.labels)
    assert found.labels.dtype == expected.labels.dtype
    assert found.reading.by_row() == expected.reading.by_row()
    assert found.reading.table.equals(expected.reading.table)
    alone = compiled.answer(raw_records[3:4])
    np.testing.assert_array_equal(alone.values, expected.values[3:4])


def test_typed_frames_answer_as_records_do(runtime_of, raw_records):
    """Labels as categories, whole numbers of few bits and times of any fineness."""
    runtime, typical = runtime_of("answer", ("lightgbm", "logistic_l2", "extra_trees"), "stack", True)
    compiled = compile_runtime(runtime, typical)
    frame = pl.DataFrame(raw_records[:8]).with_columns(
        pl.col("colour", "town").cast(pl.Categorical),
        pl.col("grade").cast(pl.Int64, strict=False).cast(pl.Int8, strict=False),
        pl.col("opened").cast(pl.String).str.to_datetime(time_unit="ms", strict=False),
    )
    for rows in (frame, frame.to_pandas()):
        records = records_of(rows, 16, {"opened"})
        assert records is not None
        expected, found = runtime.answer(rows), compiled.answer(records)
        np.testing.assert_array_equal(found.values, expected.values)
        assert found.reading.table.equals(expected.reading.table)
        assert found.reading.by_row() == expected.reading.by_row()


def test_usual_parts_all_have_a_compiled_form(runtime_of):
    runtime, typical = runtime_of("answer", ("lightgbm", "logistic_l2", "extra_trees"), "stack", True)
    assert compile_runtime(runtime, typical).reasons == ()


def test_a_model_without_one_is_asked_through_arrays(runtime_of, monkeypatch):
    monkeypatch.setattr(Neighbours, "row_predictor", lambda self: None)
    runtime, typical = runtime_of("amount", ("neighbours", "svm_linear"))
    assert compile_runtime(runtime, typical).reasons == ("neighbours of t0 has no form of one row",)


def test_a_wrong_step_is_left_to_its_frame_form(runtime_of, raw_records, monkeypatch):
    runtime, typical = runtime_of("answer", ("lightgbm",))
    wrong = RowStep(Reads.NUMBERS, lambda values: [v + 1e-9 for v in values])
    monkeypatch.setattr(Passthrough, "row_step", lambda self: wrong)
    compiled = compile_runtime(runtime, typical)
    assert compiled.reasons == ("step numbers (passthrough) gives other values in its form of one row",)
    np.testing.assert_array_equal(compiled.answer(raw_records).values, runtime.answer(raw_records).values)


@pytest.mark.parametrize("fault", [lambda row: [0.5, 0.5], lambda row: [][1]])
def test_a_wrong_model_is_left_to_its_frame_form(runtime_of, raw_records, monkeypatch, fault):
    runtime, typical = runtime_of("answer", ("lightgbm",))
    monkeypatch.setattr(LightGBM, "row_predictor", lambda self: fault)
    compiled = compile_runtime(runtime, typical)
    assert compiled.reasons == ("lightgbm of t0 gives other values in its form of one row",)
    np.testing.assert_array_equal(compiled.answer(raw_records).values, runtime.answer(raw_records).values)


def test_of_several_forms_the_quickest_right_one_is_taken(runtime_of, raw_records, monkeypatch):
    runtime, typical = runtime_of("answer", ("lightgbm",))
    own = LightGBM.row_predictor
    seconds = {}

    def several(self):
        for taken, change in ((3.0, 0.0), (1.0, 0.0), (0.1, 1e-9)):
            predict = own(self)
            form = lambda row, predict=predict, change=change: [value + change for value in predict(row)]  # noqa: E731
            seconds[form] = taken
            yield form

    asked = []
    monkeypatch.setattr(LightGBM, "row_predictors", several)
    monkeypatch.setattr(build, "_seconds", lambda form, inputs: asked.append(form) or seconds[form])
    monkeypatch.setattr(build, "share_trees", lambda *given: None)
    compiled = compile_runtime(runtime, typical)
    assert compiled.reasons == ()
    assert sorted(seconds[form] for form in asked) == [1.0, 3.0]  # the wrong one is not even timed
    np.testing.assert_array_equal(compiled.answer(raw_records).values, runtime.answer(raw_records).values)


def test_a_part_that_cannot_state_its_form_refuses_the_whole(runtime_of, monkeypatch):
    runtime, typical = runtime_of("answer", ("lightgbm",))

    def broken(self):
        raise RuntimeError("no library")

    monkeypatch.setattr(LightGBM, "row_predictor", broken)
    refusal = compile_runtime(runtime, typical)
    assert isinstance(refusal, Refusal)
    assert "no library" in refusal.reason


def test_hollow_records_are_refused(runtime_of):
    runtime, typical = runtime_of("answer", ("lightgbm",))
    compiled = compile_runtime(runtime, typical)
    for _ in range(2):
        with pytest.raises(DataError, match="More than half"):
            compiled.answer([{"size": 3}])


def test_steps_that_pipelines_share_are_computed_once(runtime_of):
    runtime, typical = runtime_of("amount", ("ridge", "lightgbm", "extra_trees"), "average", False, 2)
    compiled = compile_runtime(runtime, typical)
    steps = sum(len(p.recipe.steps) for m in runtime.predictor.members for p in m.pipelines)
    assert len(compiled.program.steps) < steps


def test_threads_may_share_it(runtime_of, raw_records):
    runtime, typical = runtime_of("answer", ("lightgbm", "logistic_l2", "extra_trees"), "stack", True)
    compiled = compile_runtime(runtime, typical)
    expected = runtime.answer(raw_records).values
    wrong = []

    def ask():
        for _ in range(5):
            for row, record in enumerate(raw_records):
                if not np.array_equal(compiled.answer([record]).values[0], expected[row]):
                    wrong.append(row)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_no_typical_rows_are_needed(runtime_of):
    runtime, typical = runtime_of("answer", ("lightgbm",))
    assert isinstance(compile_runtime(runtime, typical.clear()), Compiled)


def test_columns_of_other_kinds_are_read_by_frames(runtime_of):
    runtime, typical = runtime_of("answer", ("lightgbm",))
    record = {**typical.to_dicts()[0], "opened": 20220405}
    compiled = compile_runtime(runtime, typical)
    assert compiled.answer([record]).reading.violations == runtime.answer(record).reading.violations
    assert isinstance(compiled.answer([record]).reading.table, pl.DataFrame)
