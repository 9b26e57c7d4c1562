"""Results for people and, with --json, for programs: one JSON object on standard output."""

from __future__ import annotations

import contextlib
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sevenfold.core.config import parse_seconds
from sevenfold.core.run import Event
from sevenfold.report.figures import counted, figure

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
    return _finite(value.tolist()) if hasattr(value, "tolist") else value


def score_text(score: Mapping[str, Any]) -> str:
    """ "0.843 (95 % interval 0.831 to 0.855)"."""
    return f"{figure(score['value'], 4)} (95 % interval {figure(score['low'], 4)} to {figure(score['high'], 4)})"


_YARDSTICKS = {
    "constant": "always the same answer",
    "linear": "a plain linear model",
    "popularity": "what is popular",
}


def show_result(run: Run, json_output: bool) -> None:
    """The outcome of a training."""
    result = run.result
    if json_output:
        print_json(result)
        return
    print(f"\nTask        {result['task']}: target '{result['target']}', metric {result['metric']}")
    print(f"Test        {score_text(result['test'])} on {result['test']['rows']:,} sealed rows")
    print(f"Validation  {score_text(result['validation'])}")
    for name, score in result.get("baselines", {}).items():
        print(f"Yardstick   {score_text(score)} for {_YARDSTICKS.get(name, name)}, on the sealed rows")
    print(f"Model       {result['description']}")
    if "limits_cost" in result:
        print(f"Price       {result['limits_cost']}")
    _show_grave([f for f in result["findings"] if f["severity"] != "note"])
    budget = result.get("budget_seconds")
    of = f" of {budget:,.0f} s" if budget else ""
    print(f"Time        {result['seconds']:.1f} s{of}, {counted(result['trials'], 'trial')}")
    print(f"Report      {run.report}")
    print(f"Bundle      {run.folder.model}")
    print(f"Next        sevenfold predict {run.path} NEW.csv --out predictions.csv")
    print(f"            sevenfold serve {run.path}")


def _show_grave(findings: Sequence[Mapping[str, Any]]) -> None:
    """Errors and warnings, those of one kind together with one advice."""
    if not findings:
        return
    print(f"Findings    {len(findings)} to look at:")
    shown = list(dict.fromkeys((f["severity"], f["code"]) for f in findings))
    for severity, code in shown[:8]:
        same = [f for f in findings if (f["severity"], f["code"]) == (severity, code)]
        for finding in same[:2]:
            print(f"  {severity}: {finding['text']}")
        if len(same) > 2:
            print(f"  {severity}: {len(same) - 2} more of the kind '{code}': see the report")
        if same[0]["advice"]:
            print(f"    do: {same[0]['advice']}")


def show_audit(found: Mapping[str, Any], json_output: bool) -> None:
    """Findings, gravest first."""
    if json_output:
        print_json(found)
        return
    count = len(found["findings"])
    print(f"{found['rows']:,} rows, {found['columns']} columns, {count or 'no'} finding{'' if count == 1 else 's'}")
    show_findings(found["findings"])
    for failure in found.get("failures", ()):
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
    """Metrics with intervals, and the parts of the rows on which the model is clearly worse."""
    if json_output:
        print_json(found)
        return
    print(f"{found['rows']:,} rows")
    _show_metrics(found["metrics"])
    _show_coverage(found.get("coverage") or {})
    clear = [s for s in found.get("slices", []) if s.get("significant") and s.get("worse", 0) > 0]
    if clear:
        metric = next(iter(found["metrics"]))
        print(f"Clearly worse in {metric}, luck allowed for over all parts of the rows:")
    for piece in clear[:5]:
        print(
            f"  {piece['column']} {piece['label']}: {figure(piece['value'])} on {piece['rows']:,} rows, "
            f"{figure(piece['rest'])} on the rest"
        )


def _show_metrics(metrics: Mapping[str, Mapping[str, Any]]) -> None:
    for name, score in metrics.items():
        print(f"  {name:<28}{score_text(score)}")


def _show_coverage(covered: Mapping[str, Any]) -> None:
    """How often sets or intervals held the truth, and how large they were."""
    if not covered:
        return
    what, unit = ("sets", "classes") if covered["unit"] == "classes" else ("intervals", "width")
    size = "some have no end" if covered["size"] is None else f"{figure(covered['size'], 3)} on average"
    print(
        f"  {what} of {covered['level']:.0%} coverage held the truth in {covered['value']:.1%} "
        f"(95 % interval {covered['low']:.1%} to {covered['high']:.1%}); {unit}: {size}"
    )


def show_monitor(found: Mapping[str, Any], json_output: bool, page: object = None) -> None:
    """What has drifted and how, how good the predictions were, what to do."""
    if json_output:
        print_json(found)
        return
    drifted = [c for c in found["drift"] if c["drifted"]]
    steady = [c for c in found["drift"] if not c["drifted"]]
    print(f"{found['rows']:,} rows were asked about; {len(drifted)} of {len(found['drift'])} columns have drifted")
    where = {a["evidence"].get("column"): a["evidence"].get("where", "") for a in found["alerts"]}
    for column in drifted:
        changed = f"   {where[column['column']]}" if where.get(column["column"]) else ""
        aspect = column.get("aspect", "values")
        name = column["column"] if aspect == "values" else f"{column['column']} ({aspect})"
        print(f"  {name:<24} effect {column['effect']:.2f}, {_chance(column['p_value'])}{changed}")
    if steady:
        print("  steady: " + ", ".join(c["column"] for c in steady))
    _show_windows(found.get("windows", ()))
    dropped = any(alert["code"] == "performance-drop" for alert in found["alerts"])
    _show_expected(found.get("expected") or {})
    _show_performance(found["performance"], dropped)
    _show_alerts(found["alerts"])
    due = found.get("retrain") or {}
    if due.get("due"):
        print(f"Train anew: {due['why']}\n  sevenfold retrain RUN --data NEW, or --store STORE --labels DATA")
    if "told" in found:
        nothing = "nothing" if found["untold"] else "nothing new"
        print(f"Told of: {_counted(found['told']) or nothing}")
        for failure in found["untold"]:
            print(f"  not told: {failure}")
        for owed in found.get("undelivered", ()):
            times = f"{owed['tries']} time{'s' * (owed['tries'] > 1)}"
            codes = _counted(owed["alerts"])
            print(f"  still owed to {owed['to']}: {codes}; failed {times}, tried again after {owed['next']}")
    if page is not None:
        print(f"Page: {page}")


def _counted(codes: Sequence[str]) -> str:
    return ", ".join(f"{code} ({n})" if n > 1 else code for code, n in Counter(codes).items())


def _show_windows(windows: Sequence[Mapping[str, Any]]) -> None:
    """The newest windows, a line each."""
    if len(windows) < 2:
        return
    print(f"  {'window from (UTC)':<18}{'rows':>9}  {'expected':<26}{'measured':<26}differs by itself")
    for window in windows[-12:]:
        expected = next(iter(window["expected"].values()), None)
        drifted = ", ".join(window["drifted"][:4]) + (" ..." if len(window["drifted"]) > 4 else "")
        print(
            f"  {window['start'][:16].replace('T', ' '):<18}{window['rows']:>9,}  {_short_score(expected):<26}"
            f"{_short_score(window['measured']):<26}{drifted or '-'}"
        )


def _short_score(score: Mapping[str, Any] | None) -> str:
    return "-" if not score else f"{figure(score['value'])} ({figure(score['low'])} to {figure(score['high'])})"


def _show_expected(expected: Mapping[str, Any]) -> None:
    if expected:
        print("Performance to be expected of the newest rows, without labels")
        _show_metrics(expected["metrics"])
        print(f"  assuming {expected['assumes']}")


def _chance(p_value: float) -> str:
    return "p < 0.0001" if p_value < 0.0001 else f"p = {p_value:.2g}"


def _show_performance(measured: Mapping[str, Any], dropped: bool) -> None:
    if not measured:
        print("Performance: not measured; --labels DATA gives the true values")
        return
    print(f"Performance on {measured['rows']:,} rows whose labels have come (joined by {measured['joined_by']})")
    left_out = [f"{measured[k]:,} {k}" for k in ("unlabelled", "unmatched", "contradictory") if measured[k]]
    if left_out:
        print(f"  left out: {', '.join(left_out)}")
    if not measured["rows"]:
        print(f"  nothing could be measured: no label's {measured['joined_by']} is that of a row looked at here")
        return
    _show_metrics(measured["metrics"])
    _show_coverage(measured.get("coverage") or {})
    told = measured.get("after_training") or {}
    if told:
        outcome = "it has dropped" if dropped else "no clear drop"
        print(
            f"  after training, {told['metric']} was {figure(told['low'], 4)} to {figure(told['high'], 4)}: {outcome}"
        )


def _show_alerts(alerts: Sequence[Mapping[str, Any]]) -> None:
    """Alerts of one kind together: text (drift stands above already), why, what to do."""
    if not alerts:
        print("No alerts")
    for code in dict.fromkeys(alert["code"] for alert in alerts):
        same = [alert for alert in alerts if alert["code"] == code]
        if code == "drift":
            print(f"ALERT {code}: {', '.join(c for a in same for c in a['columns'])}")
        else:
            for alert in same:
                print(f"ALERT {code}: {alert['text']}")
        for label, key in (("why:", "why"), ("do:", "advice")):
            if same[0][key]:
                print(f"  {label:<4} {same[0][key]}")


def show_drill(found: Mapping[str, Any], json_output: bool) -> None:
    """How long each fault went unnoticed, and how often nothing was called something."""
    if json_output:
        print_json(found)
        return
    print(f"{'fault':<58}{'column':<22}{'noticed':>8}  {'windows to the alarm':<24}named first")
    for fault in found["faults"]:
        delay = fault["delay_windows"]
        waited = "-" if delay is None else f"{delay['median']:g} (at most {delay['longest']})"
        share = f"{fault['found']}/{fault['repeats']}"
        named = ", ".join(fault["named"]) or "-"
        print(f"{fault['fault']:<58}{fault['column'][:20] or '-':<22}{share:>8}  {waited:<24}{named}")
    print(
        f"False alarms: {found['false_alarms']} in {found['clean_windows']:,} clean windows "
        f"({found['false_alarm_rate']:.2%}; stated: at most {found['stated_rate']:.0%})"
    )
    if found["different"]:
        print(f"The rows themselves differ from the training rows in: {', '.join(found['different'])}. Once live, this "
              "will be an alert.")  # fmt: skip
    if found["not_found"]:
        print("Not always noticed: " + "; ".join(found["not_found"]) + ". Larger windows notice smaller changes.")


def show_retrained(found: Mapping[str, Any], json_output: bool) -> None:
    """Champion and challenger side by side."""
    if json_output:
        print_json(found)
        return
    if found["gain"] is not None:
        print(f"{found['metric']} on {found['rows']:,} rows that neither has learned from")
        print(f"  champion    {score_text(found['champion_score'])}")
        print(f"  challenger  {score_text(found['challenger_score'])}")
        gain = found["gain"]
        print(f"  gain        {figure(gain['value'])} (95 % interval {figure(gain['low'])} to {figure(gain['high'])})")
    print(found["advice"])
    print(f"Challenger: {found['model']}")
