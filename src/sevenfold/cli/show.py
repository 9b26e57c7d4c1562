"""Results for people and, with --json, for programs: one JSON object on standard output."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sevenfold.core.config import parse_seconds
from sevenfold.core.run import Event

if TYPE_CHECKING:
    from sevenfold.api.run import Run


@contextlib.contextmanager
def watching(budget: str | None, *, quiet: bool, plain: bool) -> Iterator[Callable[[Event], None] | None]:
    """A watcher that suits the terminal: a live panel, plain lines, or none."""
    from sevenfold.cli.progress import LiveWatcher, PlainWatcher, Progress

    if quiet:
        yield None
        return
    progress = Progress(None if budget is None else parse_seconds(budget))
    if plain or not sys.stderr.isatty():
        yield PlainWatcher(progress)
        return
    with LiveWatcher(progress) as live:
        yield live


def print_json(data: Any) -> None:
    """One JSON object on standard output; NaN and infinities become null."""
    print(json.dumps(_finite(data), ensure_ascii=False, default=str))


def _finite(value: Any) -> Any:
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    if isinstance(value, Mapping):
        return {str(k): _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    return value.item() if hasattr(value, "item") else value


def score_text(score: Mapping[str, Any]) -> str:
    """ "0.8431 (0.8312 to 0.8550)"."""
    return f"{score['value']:.4g} (95 %: {score['low']:.4g} to {score['high']:.4g})"


def show_result(run: Run, json_output: bool) -> None:
    """The outcome of a training."""
    result = run.result
    if json_output:
        print_json(result)
        return
    print(f"Task        {result['task']}: target '{result['target']}', metric {result['metric']}")
    print(f"Validation  {score_text(result['validation'])}")
    print(f"Test        {score_text(result['test'])} on {result['test']['rows']:,} sealed rows")
    for name, score in result.get("baselines", {}).items():
        print(f"  {name:<10}{score_text(score)}")
    print(f"Model       {result['description']}")
    grave = [f for f in result["findings"] if f["severity"] != "note"]
    if grave:
        print(f"Findings    {len(grave)} to look at:")
        for finding in grave[:8]:
            print(f"  {finding['severity']}: {finding['text']}")
            print(f"    -> {finding['advice']}")
    print(f"Time        {result['seconds']:.1f} s, {result['trials']} trials")
    print(f"Report      {run.report}")
    print(f"Bundle      {run.folder.model}")
    print(f"Next        sevenfold predict {run.path} NEW.csv --out predictions.csv")
    print(f"            sevenfold serve {run.path}")


def show_audit(found: Mapping[str, Any], json_output: bool) -> None:
    """Findings, gravest first."""
    if json_output:
        print_json(found)
        return
    print(f"{found['rows']:,} rows, {found['columns']} columns, {len(found['findings'])} findings")
    show_findings(found["findings"])
    for failure in found["failures"]:
        print(f"\nThe check {failure['code']} broke, which is a fault of Sevenfold: {failure['reason']}")


def show_findings(findings: Sequence[Mapping[str, Any]]) -> None:
    """Each finding: what, where, why, what to do."""
    order = {"error": 0, "warning": 1, "note": 2}
    for finding in sorted(findings, key=lambda f: order.get(f["severity"], 3)):
        print(f"\n{finding['severity'].upper()}  {finding['code']}")
        print(f"  {finding['text']}")
        if finding["columns"]:
            print(f"  columns: {', '.join(finding['columns'][:10])}")
        if finding["rows"]:
            rows = ", ".join(map(str, finding["rows"][:10]))
            print(f"  rows: {rows}{' ...' if len(finding['rows']) > 10 else ''}")
        if finding["why"]:
            print(f"  why: {finding['why']}")
        if finding["advice"]:
            print(f"  do:  {finding['advice']}")


def show_evaluation(found: Mapping[str, Any], json_output: bool) -> None:
    """Metrics with intervals, and the worst slices."""
    if json_output:
        print_json(found)
        return
    print(f"{found['rows']:,} rows")
    for name, score in found["metrics"].items():
        print(f"  {name:<28}{score_text(score)}")
    for piece in found.get("slices", [])[:5]:
        print(f"  slice {piece}")


def show_monitor(found: Mapping[str, Any], json_output: bool) -> None:
    """Drift of each column, performance, alerts."""
    if json_output:
        print_json(found)
        return
    print(f"{found['rows']:,} rows in the log")
    for column in found["drift"]:
        mark = "DRIFTED" if column["drifted"] else "steady"
        print(f"  {column['column']:<28}{mark:<10}effect {column['effect']:.3f}   p {column['p_value']:.2g}")
    if found["performance"]:
        print("performance: " + json.dumps(_finite(found["performance"]), default=str))
    for alert in found["alerts"]:
        print(f"ALERT {alert}")
