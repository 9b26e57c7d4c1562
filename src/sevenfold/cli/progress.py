"""What a person sees while a training runs: the seven steps, time left, best score. Reads only journal events."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import Any

from sevenfold.core.events import Happening
from sevenfold.core.run import Event
from sevenfold.report.figures import counted

_TITLES = {
    "data": "Data",
    "features": "Features and models",
    "training": "Training, validation and tuning",
    "tuning": "Ensemble and calibration",
    "evaluation": "Evaluation on the sealed test rows",
    "deployment": "Bundle and report",
}
# Which of the seven steps a stretch of the run belongs to: models are chosen with the features they need, and the
# search trains, validates and tunes at once.
_NUMBERS = {
    "data": "1",
    "features": "2-3",
    "training": "4-6",
    "tuning": "4-6",
    "evaluation": "4-6",
    "deployment": "7",
}

_INDENT = " " * 8


def _plainly(reason: str) -> str:
    return reason.removeprefix("killed: ")


@dataclass
class Progress:
    """The state of a run as its events tell it.

    Args:
        budget_seconds: of the run, or None where trials count.
    """

    budget_seconds: float | None
    started: float = field(default_factory=time.monotonic)
    task: str = ""
    metric: str = ""
    direction: float = 1.0
    step: str = ""
    took: dict[str, float] = field(default_factory=dict)
    models: dict[str, str] = field(default_factory=dict)
    finished: int = 0
    pruned: int = 0
    failed: int = 0
    folds: int = 0
    best: tuple[float, float, str] | None = None
    baselines: dict[str, float] = field(default_factory=dict)
    findings: dict[str, int] = field(default_factory=dict)
    last: str = ""

    def take(self, event: Event) -> str:
        """Learn from an event; a line worth printing, or ""."""
        data = event.data
        kind = event.kind
        if kind == Happening.STEP_STARTED:
            self.step = data["step"]
            return self._headed(self.step, event)
        if kind == Happening.STEP_FINISHED:
            self.took[data["step"]] = data["took"]
            return ""
        if kind == Happening.RUN_STARTED:
            self.task, self.metric = data["task"]["goal"], data["task"]["metric"]
            return (
                f"{_INDENT}{data['rows']:,} rows, {data['columns']} columns; task {self.task}, target "
                f"'{data['task']['target']}', metric {self.metric}"
            )
        if kind == Happening.FINDING:
            severity = data["severity"]
            self.findings[severity] = self.findings.get(severity, 0) + 1
            return f"{_INDENT}{severity}: {data['text']}" if severity != "note" else ""
        if kind == Happening.DECISION:
            self.last = data["what"]
            return f"{_INDENT}{data['what']}" if data.get("step") == "data" else ""
        return self._take_trial(kind, data)

    def _take_trial(self, kind: str, data: Any) -> str:
        if kind == Happening.TRIAL_STARTED:
            self.models[data["trial"]] = data["recipe"]["model"]
            return ""
        if kind == Happening.FOLD_FINISHED:
            self.folds += 1
            return ""
        if kind == Happening.TRIAL_FINISHED:
            self.finished += 1
            model, value, loss = data["model"], data["value"], data["loss"]
            if model == "constant":
                self.baselines["constant"] = value
            if self.best is None or loss < self.best[1]:
                self.best = (value, loss, model)
            mark = "  best so far" if self.best[1] == loss and model != "constant" else ""
            return f"{_INDENT}{data['trial']}  {model:<16}{value:<#10.5g}{data['seconds']:6.1f} s{mark}"
        if kind == Happening.TRIAL_PRUNED:
            self.pruned += 1
            return ""
        if kind == Happening.TRIAL_FAILED:
            self.failed += 1
            return f"{_INDENT}{data['trial']}  {data['model']:<16}no result: {_plainly(data['reason'])}"
        if kind == Happening.ENSEMBLE_FINISHED:
            names = ", ".join(member["model"] for member in data["members"])
            self.last = f"{data['combiner']} of {names}" if len(data["members"]) > 1 else names
            given_up = f"; given up early: {counted(self.pruned, 'trial')}" if self.pruned else ""
            return f"{_INDENT}chosen: {self.last}{given_up}"
        return ""

    def _headed(self, step: str, event: Event) -> str:
        number = f"[{_NUMBERS.get(step, '?')}/7]"
        return f"{number:<8}{_TITLES.get(step, step)}  ({event.seconds:.0f} s)"

    def left_seconds(self) -> float | None:
        """Seconds left of the budget."""
        if self.budget_seconds is None:
            return None
        return max(0.0, self.budget_seconds - (time.monotonic() - self.started))


class PlainWatcher:
    """Lines on standard error, for logs and pipes."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress

    def __call__(self, event: Event) -> None:
        """Print what is worth a line."""
        line = self.progress.take(event)
        if line:
            print(line, file=sys.stderr, flush=True)


class LiveWatcher:
    """A live panel on a terminal."""

    def __init__(self, progress: Progress) -> None:
        from rich.console import Console
        from rich.live import Live

        self.progress = progress
        self._live = Live(
            console=Console(stderr=True), refresh_per_second=4, transient=False, get_renderable=self._panel
        )

    def __enter__(self) -> LiveWatcher:
        self._live.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._live.refresh()
        self._live.stop()

    def __call__(self, event: Event) -> None:
        """Learn; the panel refreshes by itself."""
        line = self.progress.take(event)
        if event.kind in (Happening.FINDING, Happening.TRIAL_FAILED) and line:
            self._live.console.print(line.strip(), highlight=False, markup=False)

    def _panel(self) -> Any:
        from rich.console import Group
        from rich.panel import Panel
        from rich.table import Table
        from rich.text import Text

        shown = self.progress
        steps = Table.grid(padding=(0, 2))
        for step, title in _TITLES.items():
            if step in shown.took:
                mark, took, style = "✔", f"{shown.took[step]:.1f} s", "green"
            elif step == shown.step:
                mark, took, style = "▶", "", "bold cyan"
            else:
                mark, took, style = "·", "", "dim"
            number = Text(_NUMBERS[step], style="dim")
            steps.add_row(Text(mark, style=style), number, Text(title, style=style), Text(took, style="dim"))
        lines: list[Any] = [steps, Text("")]
        if shown.task:
            lines.append(Text(f"task {shown.task}   metric {shown.metric}   trials {self._counts()}"))
        if shown.best is not None:
            constant = shown.baselines.get("constant")
            beside = f"   (constant baseline {constant:.5g})" if constant is not None else ""
            lines.append(Text(f"best so far {shown.best[0]:.5g} by {shown.best[2]}{beside}", style="bold"))
        left = shown.left_seconds()
        if "deployment" in shown.took:
            lines.append(Text(f"done in {sum(shown.took.values()):,.0f} s", style="green"))
        elif left is not None and shown.budget_seconds:
            share = 1 - left / shown.budget_seconds
            bar = "█" * round(30 * share) + "░" * (30 - round(30 * share))
            lines.append(Text(f"{bar}  {left:,.0f} s left of {shown.budget_seconds:,.0f}"))
        elif shown.last:
            lines.append(Text(shown.last, style="dim"))
        return Panel(Group(*lines), title="Sevenfold", border_style="cyan", width=78)

    def _counts(self) -> str:
        shown = self.progress
        parts = [f"{shown.finished} done"]
        if shown.pruned:
            parts.append(f"{shown.pruned} given up early")
        if shown.failed:
            parts.append(f"{shown.failed} failed")
        return ", ".join(parts)
