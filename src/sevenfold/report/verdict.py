"""What a run means in a few sentences: how good, against what, and what to beware of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sevenfold.core.report import Severity
from sevenfold.report.data import Reference, ReportData
from sevenfold.report.figures import counted, figure, percent

FEW_ROWS = 200


class Grade(StrEnum):
    """How far the score carries; also the style of the verdict."""

    GOOD = "good"
    FAIR = "fair"
    BAD = "bad"
    OPEN = "open"  # nothing was measured


@dataclass(frozen=True)
class Verdict:
    """The top of the page.

    Args:
        grade: how far the score carries.
        headline: one sentence.
        against: one sentence for each plain model.
    """

    grade: Grade
    headline: str
    against: tuple[str, ...] = ()


def verdict(data: ReportData) -> Verdict:
    """Judge a run by its paired gains over the plain models and by findings of severity error."""
    if data.test is None and data.validation is None:
        return Verdict(Grade.OPEN, "No score has been measured yet.")
    known = [r for r in data.references if r.gain]
    against = tuple(_against(r, data) for r in known)
    errors = [f for f in data.findings if f.severity is Severity.ERROR]
    if errors:
        settled = counted(len(errors), "serious finding")
        return Verdict(Grade.BAD, f"Do not rely on this score before {settled} below is settled.", against)
    real = {r.name: bool(r.gain.get("real")) for r in known}
    if not real:
        return Verdict(Grade.FAIR, "The score stands alone: no plain model was measured beside it.", against)
    if not real.get("constant", True) or not real.get("popularity", True):
        plain = NAMES["constant" if "constant" in real else "popularity"]
        return Verdict(Grade.BAD, f"Not shown to be better than {plain}.", against)
    if not real.get("linear", True):
        return Verdict(
            Grade.FAIR, "Better than guessing, but not shown to be better than a plain linear model.", against
        )
    others = "guessing and than a plain linear model" if "linear" in real else "guessing"
    if "popularity" in real:
        others = NAMES["popularity"]
    return Verdict(Grade.GOOD, f"Clearly better than {others}.", against)


NAMES = {
    "constant": "always giving the same answer",
    "linear": "a plain linear model",
    "popularity": "recommending what is popular",
}


def _against(reference: Reference, data: ReportData) -> str:
    gain = reference.gain
    name = NAMES.get(reference.name, reference.name)
    value, low, high = (gain.get(key) for key in ("value", "low", "high"))
    if gain.get("real"):
        return (
            f"Beats {name} by {figure(value)} (95 % interval {figure(low)} to {figure(high)}){_share(reference, data)}."
        )
    if isinstance(high, int | float) and high < 0:
        return f"Loses to {name} by {figure(-float(value or 0))}."
    return f"Not shown to beat {name}: difference {figure(value)} (95 % interval {figure(low)} to {figure(high)})."


def _share(reference: Reference, data: ReportData) -> str:
    """The gain as a share of the reference's loss, where the loss has a natural zero."""
    metric, own, other = data.metric, data.test, reference.test
    if (
        metric is None
        or own is None
        or other is None
        or metric.greater_is_better
        or metric.best != 0
        or other.value <= 0
    ):
        return ""
    return f": {percent(1 - own.value / other.value)} less"


def beware(data: ReportData, most: int = 5) -> list[tuple[str, str]]:
    """(severity, sentence) of what a reader must know, the gravest first."""
    found: list[tuple[str, str]] = []
    for severity in (Severity.ERROR, Severity.WARNING):
        of_this = [f for f in data.findings if f.severity is severity]
        for code in dict.fromkeys(f.code for f in of_this):
            alike = [f for f in of_this if f.code == code]
            more = f" {counted(len(alike) - 1, 'more finding')} of this kind." if len(alike) > 1 else ""
            found.append((str(severity), alike[0].text + more))
    rest: list[tuple[str, str]] = []
    if data.test and data.validation and not _agree(data):
        rest.append(
            (
                "warning",
                f"Validation promised {figure(data.validation.value)}, the sealed rows gave {figure(data.test.value)}: "
                "outside the expected range.",
            )
        )
    worse = [s for s in data.slices if s.get("significant") and s.get("worse", 0) > 0]
    if worse:
        first = worse[0]
        more = f", and on {counted(len(worse) - 1, 'other part')}" if len(worse) > 1 else ""
        rest.append(
            (
                "warning",
                f"Clearly worse where {first['column']} is {first['label']} "
                f"({figure(first['value'])} against {figure(first['rest'])}){more}.",
            )
        )
    for entry in data.fairness:
        for gap in entry.get("disparities", ()):
            if gap.get("clear") and gap.get("figure") in ("selection_rate", "true_positive_rate", "error_rate"):
                shown = percent(gap["value"]) if gap["measure"] == "ratio" else figure(gap["value"])
                rest.append(
                    (
                        "warning",
                        f"Groups of {entry['column']} are treated apart: {gap['figure'].replace('_', ' ')}, "
                        f"{gap['measure']} {shown} between {gap['lowest']} and {gap['highest']}.",
                    )
                )
                break
    if data.test_rows is not None and 0 < data.test_rows < FEW_ROWS:
        rest.append(("note", f"The score rests on {counted(data.test_rows, 'row')} only."))
    if data.looks > 1:
        rest.append(("note", f"The sealed rows were looked at {data.looks} times; the interval is widened for that."))
    failed = sum(f.get("kind") == "failed" for f in data.failures)
    if failed:
        rest.append(("note", f"{counted(failed, 'trial')} gave no result; the report says why."))
    # Keep room for what evaluation saw even where the checks found much.
    kept = found[: max(most - len(rest), most - 2)]
    return (kept + rest)[:most]


def _agree(data: ReportData) -> bool:
    """Whether the test score is no worse than the validation interval leads to expect, given its own interval."""
    if data.test is None or data.validation is None or data.metric is None:
        return True
    if data.metric.greater_is_better:
        return data.test.high >= data.validation.low
    return data.test.low <= data.validation.high
