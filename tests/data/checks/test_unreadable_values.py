"""The check on unreadable values: planted faults are found, clean data are silent."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sevenfold.core.dataset import Kind, Schema
from sevenfold.core.report import Severity


@dataclass(frozen=True)
class Wrong:
    column: str
    row: int | None
    code: str
    received: str


def test_unreadable_values_by_column(clean, subject_of, findings_of):
    wrong = (
        Wrong("height", 7, "unreadable", "tall"),
        Wrong("height", 3, "wrong-type", "short"),
        Wrong("debt", 9, "unreadable", "lots"),
        Wrong("city", 1, "unseen-category", "Rome"),
        Wrong("extra", None, "extra-column", ""),
    )
    counts = {"height": {"unreadable": 250, "wrong-type": 1}}
    first, second = findings_of("unreadable-values", subject_of(clean(), violations=wrong, counts=counts))
    assert first.columns == ("height",) and first.rows == (3, 7) and first.evidence["count"] == 251
    assert "'tall'" in first.text and str(Kind.NUMBER) in first.text
    assert second.columns == ("debt",) and second.rows == (9,)


def test_a_part_that_some_values_lack_is_a_note(clean, subject_of, findings_of):
    subject = subject_of(clean(), violations=(Wrong("height", 7, "unreadable", "400Nm"),))
    schema = Schema(
        tuple(replace(c, parse={"from": "torque", "nth": 2}) if c.name == "height" else c for c in subject.schema)
    )
    (finding,) = findings_of("unreadable-values", replace(subject, schema=schema))
    assert finding.severity is Severity.NOTE and "'torque'" in finding.text and "--kind" not in finding.advice


def test_no_violations_are_silent(clean, subject_of, findings_of, seed):
    assert not findings_of("unreadable-values", subject_of(clean(seed)))
