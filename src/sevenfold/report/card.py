"""The model card, in Markdown. Source: Mitchell et al. 2019, Model cards for model reporting."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sevenfold.core.report import Severity
from sevenfold.core.run import write_bytes
from sevenfold.report.data import ReportData
from sevenfold.report.figures import between, counted, duration, figure, percent
from sevenfold.report.sections.coverage import headline, notes
from sevenfold.report.sections.parts import scored
from sevenfold.report.verdict import NAMES, beware, verdict

LIMITS_COST = "what the limits cost"
"""The decision that tells it; the same words as where it is made, which is above this layer."""
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~])")


def inline(value: object, longest: int = 300) -> str:
    """Any value on one line, so that Markdown and HTML take it for plain text."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in str(value)).split())
    if len(plain) > longest:
        plain = plain[: longest - 1] + "…"
    return _SPECIAL.sub(r"\\\1", plain).replace("&", "&amp;")


def card(data: ReportData) -> str:
    """The whole card. Parts without content say so, as an empty part of a card is a statement, too."""
    parts = [
        f"# Model card: {inline(data.target or data.name)}",
        _details(data),
        _use(data),
        _factors(data),
        _metrics(data),
        _evaluation_data(data),
        _training_data(data),
        _analyses(data),
        _ethics(data),
        _caveats(data),
    ]
    return "\n\n".join(parts) + "\n"


def write_card(data: ReportData, path: Path) -> None:
    """Write the card, complete or not at all."""
    write_bytes(path, card(data).encode("utf-8", "replace"))


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def _list(items: Sequence[str], otherwise: str) -> str:
    return "\n".join(f"- {item}" for item in items) if items else otherwise


def _details(data: ReportData) -> str:
    items = [f"Run: {inline(data.name)}"]
    if data.goal:
        items.append(f"Task: {inline(data.goal)}, predicting {inline(data.target)}")
    if data.classes:
        items.append("Classes: " + ", ".join(inline(c, 40) for c in data.classes[:30]))
    members = list(data.ensemble.get("members", ()))
    models = {str(t.get("trial")): str(t.get("model", "")) for t in data.leaderboard}
    if members:
        items.append("Made of: " + ", ".join(_member(m, models) for m in members))
    elif data.leaderboard:
        items.append(f"Model: {inline(data.leaderboard[0].get('model', ''))}")
    items += [f"What the limits cost: {inline(why)}" for _, what, why in data.decisions if what == LIMITS_COST]
    if data.seconds is not None:
        items.append(f"Trained in {duration(data.seconds)}")
    items += [f"{inline(name)}: {inline(value)}" for name, value in data.facts.items() if name != "Run"]
    return "## Model details\n\n" + _list(items, "Not known.")


def _member(member: Mapping[str, Any], models: Mapping[str, str]) -> str:
    trial = str(member.get("trial", ""))
    return inline(f"{member.get('model') or models.get(trial, '')} ({trial})".strip())


def _use(data: ReportData) -> str:
    columns = [c.name for c in data.profile if c.used and c.name != data.target]
    known = f" It needs these columns: {', '.join(inline(c, 60) for c in columns[:60])}." if columns else ""
    return (
        "## Intended use\n\n"
        f"Predicting {inline(data.target) or 'the target'} for rows drawn like the training data.{known} "
        "Rows from another source, time or population are out of scope until they have been evaluated."
    )


def _factors(data: ReportData) -> str:
    items = [
        f"{inline(s['column'])} = {inline(s['label'])}: {figure(s['value'])} ({between(s['low'], s['high'])}) on "
        f"{counted(s['rows'], 'row')}, {figure(s['rest'])} on the rest"
        for s in data.slices
        if s.get("significant") and s.get("worse", 0) > 0
    ][:10]
    return "## Factors\n\n" + _list(items, "No part of the rows is clearly worse than the rest.")


def _metrics(data: ReportData) -> str:
    if data.metric is None:
        return "## Metrics\n\nNone was measured."
    return (
        f"## Metrics\n\n{inline(data.metric.title)} ({data.metric.direction}). {inline(data.metric.summary)} "
        "Intervals are at 95 %."
    )


def _evaluation_data(data: ReportData) -> str:
    rows = counted(data.test_rows, "row") if data.test_rows is not None else "No rows are recorded"
    looks = "once" if data.looks == 1 else f"{data.looks} times; the interval is widened for that"
    return f"## Evaluation data\n\n{rows}, kept apart from training and looked at {looks}."


def _training_data(data: ReportData) -> str:
    rows = counted(data.rows, "row") if data.rows is not None else "Rows not recorded"
    columns = f", {counted(data.columns, 'column')}" if data.columns is not None else ""
    fingerprints = [f"{inline(k)}: {inline(v)}" for k, v in data.facts.items() if "ingerprint" in k]
    return f"## Training data\n\n{rows}{columns}.\n\n" + _list(fingerprints, "")


def _analyses(data: ReportData) -> str:
    heads = ["", "Validation", "Test"]
    rows = [["**This model**", scored(data.validation), scored(data.test)]]
    rows += [
        [inline(NAMES.get(r.name, r.name)).capitalize(), scored(r.validation), scored(r.test)] for r in data.references
    ]
    parts = ["## Quantitative analyses", verdict(data).headline, _table(heads, rows)]
    if data.metrics:
        measured = [[inline(n), figure(s.value), between(s.low, s.high)] for n, s in data.metrics.items()]
        parts.append(_table(["Metric", "Test", "95 % interval"], measured))
    if data.coverage and data.coverage.get("value") is not None:
        parts.append(" ".join(inline(sentence) for sentence in (headline(data.coverage), *notes(data.coverage))))
        groups = [*data.coverage["groups"], *data.coverage["segments"]]
        if groups:
            heads = ["Part of the test rows", "Covered", "95 % interval"]
            named = [
                [inline(f"{g['column']}: {g['label']}"), f"{percent(g['value'])} of {g['rows']:,}",
                 f"{percent(g['low'])} to {percent(g['high'])}"]
                for g in groups[:30]
            ]  # fmt: skip
            parts.append(_table(heads, named))
    important = [i for i in data.importances if i.get("repeats") and i.get("low", 0) > 0][:10]
    if important:
        names = ", ".join(inline(i["column"], 60) for i in important)
        parts.append(f"What matters most: {names}.")
    return "\n\n".join(parts)


def _ethics(data: ReportData) -> str:
    lines = []
    for entry in data.fairness:
        clear = [g for g in entry.get("disparities", ()) if g.get("clear")]
        for gap in clear:
            shown = percent(gap["value"]) if gap["measure"] == "ratio" else figure(gap["value"])
            lines.append(
                f"{inline(entry['column'])}: {gap['figure'].replace('_', ' ')}, {gap['measure']} {shown} between "
                f"{inline(gap['lowest'])} and {inline(gap['highest'])}"
            )
        if not clear:
            lines.append(f"{inline(entry['column'])}: no difference between groups is clear beyond chance")
    return "## Ethical considerations\n\n" + _list(
        lines, "No sensitive column was named, so fairness was not measured (option --sensitive)."
    )


def _caveats(data: ReportData) -> str:
    told = [inline(text) for _, text in beware(data, 20)]
    advice = [inline(f.advice) for f in data.findings if f.advice and f.severity in (Severity.ERROR, Severity.WARNING)][
        :20
    ]
    parts = ["## Caveats and recommendations", _list(told, "The checks found nothing that should worry you.")]
    if advice:
        parts.append("Recommended:\n\n" + _list(list(dict.fromkeys(advice)), ""))
    return "\n\n".join(parts)
