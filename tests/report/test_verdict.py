"""What the top of the page says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sevenfold.core.report import Finding, Score, Severity
from sevenfold.report.data import MetricFacts, Reference, ReportData
from sevenfold.report.verdict import Grade, beware, verdict

AUC = MetricFacts("roc_auc", "ROC AUC")
REAL = {"value": 0.3, "low": 0.2, "high": 0.4, "real": True}
UNSURE = {"value": 0.01, "low": -0.02, "high": 0.04, "real": False}
WORSE = {"value": -0.1, "low": -0.2, "high": -0.05, "real": False}
GOOD = ReportData(
    "r",
    metric=AUC,
    test=Score(0.8, 0.75, 0.85, 900),
    validation=Score(0.81, 0.78, 0.84, 4000),
    test_rows=900,
    references=(Reference("constant", gain=REAL), Reference("linear", gain=REAL)),
)


@pytest.mark.parametrize(
    ("constant", "linear", "grade", "words"),
    [
        (REAL, REAL, Grade.GOOD, "Clearly better than guessing and than a plain linear model."),
        (REAL, UNSURE, Grade.FAIR, "not shown to be better than a plain linear model"),
        (UNSURE, UNSURE, Grade.BAD, "Not shown to be better than always giving the same answer"),
    ],
)
def test_the_grade_follows_the_paired_gains(constant, linear, grade, words):
    data = replace(GOOD, references=(Reference("constant", gain=constant), Reference("linear", gain=linear)))
    found = verdict(data)
    assert found.grade is grade and words in found.headline
    assert len(found.against) == 2


def test_an_error_overrules_a_good_score():
    found = verdict(replace(GOOD, findings=(Finding("leak", Severity.ERROR, "The target leaks."),)))
    assert found.grade is Grade.BAD and "1 serious finding" in found.headline


def test_without_scores_or_references():
    assert verdict(ReportData("r")).grade is Grade.OPEN
    assert verdict(replace(GOOD, references=())).grade is Grade.FAIR
    popular = verdict(replace(GOOD, references=(Reference("popularity", gain=REAL),)))
    assert popular.headline == "Clearly better than recommending what is popular."


def test_losses_are_told_as_shares_and_defeats_as_defeats():
    rmse = MetricFacts("rmse", "RMSE", greater_is_better=False, best=0.0)
    data = replace(
        GOOD,
        metric=rmse,
        test=Score(6.0, 5, 7),
        references=(Reference("constant", test=Score(10.0, 9, 11), gain=REAL), Reference("linear", gain=WORSE)),
    )
    first, second = verdict(data).against
    assert first.endswith(": 40 % less.")
    assert second.startswith("Loses to a plain linear model by 0.1")


def test_nothing_to_beware_of():
    assert beware(GOOD) == []


def test_what_to_beware_of_comes_gravest_first_and_keeps_room():
    data = replace(
        GOOD,
        findings=(
            *(Finding("w", Severity.WARNING, f"warning {i}") for i in range(9)),
            Finding("e", Severity.ERROR, "error"),
            Finding("n", Severity.NOTE, "note"),
        ),
        test=Score(0.6, 0.55, 0.65),
        test_rows=50,
        looks=3,
        slices=({"significant": True, "worse": 0.2, "column": "c", "label": "x", "value": 0.5, "rest": 0.8},) * 2,
        failures=({"kind": "failed"}, {"kind": "stopped early"}, {"kind": "stopped early"}),
    )
    found = beware(data)
    assert len(found) == 5 and found[0] == ("error", "error")
    assert any("Validation promised 0.810" in text for _, text in found)
    everything = " ".join(text for _, text in beware(data, 30))
    assert "50 rows only" in everything and "looked at 3 times" in everything and "1 other part" in everything
    assert "1 trial gave no result" in everything
    assert "note" not in [text for _, text in beware(data, 30)]


def test_a_lower_is_better_score_may_disappoint_too():
    rmse = MetricFacts("rmse", "RMSE", greater_is_better=False, best=0.0)
    worse = replace(GOOD, metric=rmse, validation=Score(5, 4, 6), test=Score(9, 8, 10))
    better = replace(worse, test=Score(2, 1, 3))
    assert any("promised" in text for _, text in beware(worse))
    assert not any("promised" in text for _, text in beware(better))
