"""Every model check: listed, tested, silent on an honest model, content with little."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import sevenfold.evaluation.checks
from sevenfold.core.report import Finding
from sevenfold.core.task import Goal
from sevenfold.data.checks.catalogue import CHECKS as DATA_CHECKS
from sevenfold.evaluation.checks import TrainedSubject, check
from sevenfold.evaluation.checks.catalogue import CHECKS


def test_every_file_is_listed_and_tested():
    folder = Path(sevenfold.evaluation.checks.__file__).parent
    with_check = {path.stem for path in folder.glob("*.py") if "(Check[TrainedSubject])" in path.read_text()}
    assert with_check == {item.__module__.rsplit(".", 1)[1] for _, item in CHECKS}
    assert {f"test_{name}.py" for name in with_check} <= {path.name for path in Path(__file__).parent.glob("test_*.py")}


def test_codes_are_unique_over_both_catalogues_and_descriptions_complete():
    assert not set(CHECKS.names()) & set(DATA_CHECKS.names())
    for code, item in CHECKS:
        assert item.spec.code == code and item.spec.title and item.spec.summary.endswith(".") and item.__doc__


@pytest.mark.parametrize("goal", [Goal.BINARY, Goal.MULTICLASS, Goal.REGRESSION])
def test_an_honest_model_has_no_findings(subject_of, goal, seed):
    result = check(replace(subject_of(seed, goal), importances={"x": 1.0, "region": 0.5, "sex": 0.2, "member": 0.1}))
    assert result.failures == ()
    assert {finding.code for finding in result.findings} <= {"label-errors"}, "true chances leave honest surprises"


def test_nothing_known_is_no_failure(subject_of):
    result = check(TrainedSubject(subject_of().task))
    assert result.failures == () and result.findings == ()
    assert len(result.not_applicable) == len(CHECKS.names())


def test_rows_that_were_not_validated_are_left_out(subject_of):
    subject = subject_of()
    predictions = subject.predictions.copy()
    predictions[:700] = np.nan
    result = check(replace(subject, predictions=predictions))
    assert result.failures == ()
    assert all(min(finding.rows, default=700) >= 700 for finding in result.findings)


def test_findings_are_plain(subject_of):
    subject = subject_of()
    result = check(replace(subject, predictions=subject.predictions[:, ::-1].copy(), test=subject.baseline))
    assert result.findings
    for finding in result.findings:
        assert Finding.from_json(finding.to_json()) == finding and finding.why and finding.advice
