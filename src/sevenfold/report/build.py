"""From the files of a run folder to what the report shows."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from sevenfold.core.config import Plan
from sevenfold.core.errors import SevenfoldError
from sevenfold.core.events import STEPS, Happening
from sevenfold.core.report import Finding, Score
from sevenfold.core.run import Event, Journal, RunFolder
from sevenfold.evaluation.metrics.catalogue import METRICS
from sevenfold.report.data import MetricFacts, Reference, ReportData, StepStory
from sevenfold.report.figures import size
from sevenfold.report.profile import profile_rows

EVALUATION = "evaluation.json"
_SHOWN_ELSEWHERE = frozenset({"task", "seed", "rows", "columns", "budget_seconds"})
_TITLES = {
    "fingerprint": "Fingerprint of the data",
    "split": "Fingerprint of the split",
    "memory_bytes": "Memory allowed",
}
_FAILED = {Happening.TRIAL_FAILED: "failed", Happening.TRIAL_PRUNED: "stopped early"}


def report_data(run: RunFolder) -> ReportData:
    """Read journal, plan, profile, findings, leaderboard and evaluation; a file that is not there yet is left out."""
    events = list(Journal(run.journal).events())
    evaluation = _mapping(run.path / EVALUATION)
    plan, found = _plan(run), _mapping(run.findings)
    finished = _result(events)
    task = evaluation.get("task") or {}
    profile = profile_rows(_mapping(run.profile), _mapping(run.schema))
    started = _last(events, Happening.RUN_STARTED)
    rows = _mapping(run.profile).get("rows")
    return ReportData(
        name=run.path.name,
        target=str(task.get("target") or finished.get("target") or plan.target or ""),
        goal=str(task.get("goal") or finished.get("task") or ""),
        classes=tuple(str(c) for c in task.get("classes", ())),
        metric=_metric(str(evaluation.get("metric") or finished.get("metric") or "")),
        validation=_score(evaluation.get("validation") or finished.get("validation")),
        test=_score(evaluation.get("test") or finished.get("test")),
        looks=max(1, int(evaluation.get("looks", 1))),
        references=_references(evaluation.get("references") or {}),
        metrics={k: s for k, v in (evaluation.get("metrics") or {}).items() if (s := _score(v)) is not None},
        rows=rows if isinstance(rows, int) else None,
        columns=len(profile) or None,
        test_rows=evaluation.get("rows"),
        seconds=finished.get("seconds") or (events[-1].seconds if events else None),
        budget_seconds=plan.budget_seconds,
        steps=_steps(events),
        profile=profile,
        findings=tuple(Finding.from_json(f) for f in found.get("findings", ())),
        not_applicable=tuple(found.get("not_applicable", ())),
        leaderboard=tuple(_list(run.leaderboard)),
        importances=tuple(evaluation.get("importances", ())),
        dependences=tuple(evaluation.get("partial_dependence", ())),
        slices=tuple(evaluation.get("slices", ())),
        curves=evaluation.get("curves") or {},
        fairness=tuple(evaluation.get("fairness", ())),
        coverage=evaluation.get("coverage") or {},
        ensemble=_ensemble(events),
        decisions=tuple(
            (str(e.data.get("step", "")), str(e.data.get("what", "")), str(e.data.get("why", "")))
            for e in events
            if e.kind == Happening.DECISION
        ),
        failures=_failures(events),
        command=command(plan),
        facts=_facts(run, plan, started, finished, events),
        skipped=tuple(evaluation.get("skipped", ())),
    )


def command(plan: Plan) -> str:
    """The command line that asks for the same run; empty without data."""
    if not plan.data:
        return ""
    words = ["sevenfold", "train", plan.data]
    for declared in fields(plan):
        value = getattr(plan, declared.name)
        default = getattr(Plan(), declared.name)
        if declared.name in ("data", "out") or value is None or value == default:
            continue
        flag = "--" + declared.name.replace("_", "-")
        if isinstance(value, Mapping):
            for key, entry in value.items():
                words += [flag, f"{key}={entry}"]
        elif isinstance(value, tuple):
            words += [flag, ",".join(value)]
        else:
            words += [flag, str(value)]
    if "--seed" not in words:
        words += ["--seed", str(plan.seed)]
    return " ".join(shlex.quote(word) for word in words)


def _mapping(path: Path) -> dict[str, Any]:
    data = _read(path)
    return data if isinstance(data, dict) else {}


def _list(path: Path) -> list[Any]:
    data = _read(path)
    return data if isinstance(data, list) else []


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None


def _plan(run: RunFolder) -> Plan:
    try:
        return Plan.load(run.plan)
    except SevenfoldError:
        return Plan()


def _score(data: Any) -> Score | None:
    if not isinstance(data, Mapping) or not isinstance(data.get("value"), int | float):
        return None
    value = float(data["value"])
    low, high = data.get("low"), data.get("high")
    return Score(
        value, value if low is None else float(low), value if high is None else float(high), int(data.get("rows") or 0)
    )


def _metric(name: str) -> MetricFacts | None:
    if name not in METRICS:
        return None
    spec = METRICS.get(name).spec
    return MetricFacts(spec.name, spec.title, spec.summary, spec.greater_is_better, spec.best)


def _references(data: Mapping[str, Any]) -> tuple[Reference, ...]:
    return tuple(
        Reference(name, _score(entry.get("validation")), _score(entry.get("test")), entry.get("gain") or {})
        for name, entry in data.items()
    )


def _last(events: Sequence[Event], kind: Happening) -> Mapping[str, Any]:
    return next((event.data for event in reversed(events) if event.kind == kind), {})


def _result(events: Sequence[Event]) -> Mapping[str, Any]:
    """What `train --json` printed, once the run has ended."""
    data = _last(events, Happening.RUN_FINISHED)
    result = data.get("result")
    return result if isinstance(result, Mapping) else data


def _ensemble(events: Sequence[Event]) -> Mapping[str, Any]:
    """The final model: members by trial and model, with their weights where the combiner has one for each."""
    data = _last(events, Happening.ENSEMBLE_FINISHED)
    members = [m if isinstance(m, Mapping) else {"trial": m} for m in data.get("members", ())]
    weights = data.get("weights")
    known = isinstance(weights, list) and len(weights) == len(members)
    return {**data, "members": members, "weights": weights if known else []} if members else {}


def _steps(events: Sequence[Event]) -> tuple[StepStory, ...]:
    seconds: dict[str, float] = {}
    begun: set[str] = set()
    for event in events:
        step = str(event.data.get("step", ""))
        if event.kind == Happening.STEP_STARTED:
            begun.add(step)
        elif event.kind == Happening.STEP_FINISHED:
            begun.add(step)
            seconds[step] = seconds.get(step, 0.0) + float(event.data.get("took") or event.data.get("seconds") or 0.0)
    return tuple(StepStory(step, seconds.get(step)) for step in STEPS if step in begun)


def _failures(events: Sequence[Event]) -> tuple[Mapping[str, Any], ...]:
    models: dict[str, str] = {}
    found = []
    for event in events:
        trial = str(event.data.get("trial", ""))
        if event.kind == Happening.TRIAL_STARTED:
            recipe = event.data.get("recipe")
            models[trial] = str(recipe.get("model", "")) if isinstance(recipe, Mapping) else ""
        elif event.kind in _FAILED:
            found.append(
                {
                    "trial": trial,
                    "model": str(event.data.get("model") or models.get(trial, "")),
                    "kind": _FAILED[Happening(event.kind)],
                    "reason": str(event.data.get("reason", "")),
                }
            )
    return tuple(found)


def _facts(
    run: RunFolder, plan: Plan, started: Mapping[str, Any], finished: Mapping[str, Any], events: Sequence[Event]
) -> dict[str, str]:
    """Seed, versions, resources, digests and fingerprints, in reading order."""
    facts = {"Run": run.path.name, "Seed": str(plan.seed)}
    for name, value in started.items():
        if name in _SHOWN_ELSEWHERE or value in (None, ""):
            continue
        if isinstance(value, Mapping):
            facts[_title(name)] = ", ".join(f"{k} {v}" for k, v in value.items())
        else:
            facts[_title(name)] = size(value) if name.endswith("bytes") else str(value)
    resumed = sum(event.kind == Happening.RUN_RESUMED for event in events)
    if resumed:
        facts["Resumed"] = f"{resumed} times"
    if finished.get("trials") is not None:
        facts["Trials"] = str(finished["trials"])
    return facts


def _title(key: str) -> str:
    return _TITLES.get(key) or key.replace("_", " ").replace(".", " ").capitalize()
