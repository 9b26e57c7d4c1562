"""How it came about: the seven steps, the leaderboard, the whole that was chosen, decisions, failures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sevenfold.core.events import STEPS
from sevenfold.report.data import ReportData
from sevenfold.report.figures import between, counted, duration, figure, size
from sevenfold.report.markup import Child, Markup, tag
from sevenfold.report.sections.parts import cells, folded, framed, section, table

SHOWN, MOST_TRIALS, MOST_DECISIONS = 10, 100, 300
_WORDS = {
    "data": "read, typed, checked, split",
    "features": "inputs planned, candidates chosen",
    "models": "candidates chosen",
    "training": "fitted, validated and searched, fold by fold",
    "evaluation": "scored on the sealed test rows",
    "tuning": "best trials combined and calibrated",
    "deployment": "packed into one file",
}


def story(data: ReportData) -> Markup | None:
    """The section, or None where the journal tells nothing."""
    content: list[Child] = []
    if data.steps:
        items = [
            tag(
                "li",
                tag("b", _numbered(step.step)),
                tag("span", duration(step.seconds), class_="note"),
                _words(step.step),
            )
            for step in data.steps
        ]
        content.append(tag("ol", *items, class_="steps"))
    if data.budget_seconds is not None and data.seconds is not None:
        content.append(
            tag("p", f"Budget {duration(data.budget_seconds)}, used {duration(data.seconds)}.", class_="note")
        )
    content += [_ensemble(data), _leaderboard(data), _failures(data), _decisions(data), _skipped(data)]
    if not any(content):
        return None
    return section(
        "story", "How it came about", "The seven steps, every trial, and every choice with its reason.", *content
    )


def _numbered(step: str) -> str:
    if step == "features":  # models are chosen with the features that they need
        return "2-3. features, models"
    return f"{STEPS.index(step) + 1}. {step}" if step in STEPS else step


def _words(step: str) -> Markup | None:
    return tag("div", _WORDS[step], class_="note") if step in _WORDS else None


def _ensemble(data: ReportData) -> Markup | None:
    members = list(data.ensemble.get("members", ()))
    if not members:
        return None
    weights = list(data.ensemble.get("weights", ()) or ())
    models = {str(t.get("trial")): str(t.get("model", "")) for t in data.leaderboard}
    rows: list[list[Child]] = []
    for i, member in enumerate(members):
        weight = weights[i] if i < len(weights) and isinstance(weights[i], int | float) else None
        trial = str(member.get("trial", ""))
        rows.append(
            [str(member.get("model") or models.get(trial, "")), trial, "–" if weight is None else f"{weight:.0%}"]
        )
    title = tag("h3", "What the final model is made of")
    return Markup(title + table(["Model", "Trial", "Weight"], rows, frozenset({2})))


def _leaderboard(data: ReportData) -> Markup | None:
    if not data.leaderboard:
        return None
    first = _trials(data, data.leaderboard[:SHOWN])
    rest = data.leaderboard[SHOWN:MOST_TRIALS]
    more = folded(counted(len(rest), "further trial"), _trials(data, rest)) if rest else ""
    return Markup(tag("h3", f"Leaderboard ({counted(len(data.leaderboard), 'trial')})") + first + more)


def _trials(data: ReportData, trials: tuple[Mapping[str, Any], ...]) -> Markup:
    timed = any(trial.get("latency_ms") is not None for trial in trials)
    numbers = frozenset({3, 4, 5, 6})
    rows = []
    for trial in trials:
        done = trial.get("status", "finished") == "finished"
        limits = between(trial.get("low"), trial.get("high")) if trial.get("low") is not None else ""
        params = ", ".join(f"{k}={_short(v)}" for k, v in dict(trial.get("params") or {}).items())
        rows.append(
            cells(
                [
                    [
                        str(trial.get("model", "")),
                        None if done else " ",
                        None if done else tag("span", _status(trial), class_="tag"),
                    ],
                    str(trial.get("trial", "")),
                    tag("span", params or "defaults", class_="note"),
                    [figure(trial.get("value")), tag("div", limits, class_="note") if limits else None],
                    duration(trial.get("seconds")),
                    size(trial.get("bytes")),
                    *([_latency(trial.get("latency_ms"))] if timed else []),
                ],
                numbers,
            )
        )
    title = data.metric.title if data.metric else "Score"
    heads = ["Model", "Trial", "Settings", f"{title} (validation)", "Time", "Size", *(["One row"] if timed else [])]
    return framed(heads, rows, numbers)


def _status(trial: Mapping[str, Any]) -> str:
    """Given up on the folds it shares with a finished trial: its score is not that of all folds."""
    status = str(trial.get("status"))
    return {"pruned": "stopped early", "cut": "out of time"}.get(status, status)


def _short(value: object) -> str:
    return figure(value) if isinstance(value, float) else str(value)


def _latency(value: object) -> str:
    return f"{figure(value)} ms" if isinstance(value, int | float) else "–"


def _failures(data: ReportData) -> Markup | None:
    if not data.failures:
        return None
    heads = ["Trial", "Model", "What", "Why"]
    failed = [f for f in data.failures if f.get("kind") == "failed"]
    stopped = [f for f in data.failures if f.get("kind") != "failed"]
    made = ""
    if failed:
        made += tag("h3", "Trials without a result") + table(heads, _reasons(failed))
    if stopped:
        made += folded(f"{counted(len(stopped), 'trial')} stopped early, with reasons", table(heads, _reasons(stopped)))
    return Markup(made)


def _reasons(failures: Sequence[Mapping[str, Any]]) -> list[list[Child]]:
    return [
        [str(f.get("trial", "")), str(f.get("model", "")), str(f.get("kind", "")), str(f.get("reason", ""))]
        for f in failures[:MOST_TRIALS]
    ]


def _decisions(data: ReportData) -> Markup | None:
    if not data.decisions:
        return None
    rows: list[list[Child]] = [[step, what, why] for step, what, why in data.decisions[:MOST_DECISIONS]]
    title = counted(len(data.decisions), "decision")
    return folded(f"{title} with reasons", table(["Step", "What", "Why"], rows))


def _skipped(data: ReportData) -> Markup | None:
    told = {"importances", "partial_dependence", "slices"}  # where they would stand
    rest = [f"{s.get('part')} ({s.get('reason')})" for s in data.skipped if s.get("part") not in told]
    return tag("p", f"Left out of this report: {'; '.join(rest)}.", class_="note") if rest else None
