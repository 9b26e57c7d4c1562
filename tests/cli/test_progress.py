"""What a person sees while a training runs."""

import io

from rich.console import Console

from sevenfold.cli.progress import LiveWatcher, Progress
from sevenfold.core.events import Happening
from sevenfold.core.run import Event

TASK = {"goal": "binary", "target": "late", "metric": "roc_auc"}


def trial(name: str, model: str, value: float, at: float) -> Event:
    return Event(
        Happening.TRIAL_FINISHED, at, {"trial": name, "model": model, "value": value, "loss": -value, "seconds": 1.5}
    )


EVENTS = [
    Event(Happening.STEP_STARTED, 0.1, {"step": "data"}),
    Event(Happening.DECISION, 0.2, {"step": "data", "what": "binary: 2 classes"}),
    Event(Happening.RUN_STARTED, 0.3, {"task": TASK, "rows": 9000, "columns": 16}),
    Event(Happening.STEP_FINISHED, 0.4, {"step": "data", "took": 0.3}),
    Event(Happening.STEP_STARTED, 2.0, {"step": "training"}),
    trial("t000", "constant", 0.5, 3.0),
    trial("t001", "catboost", 0.72, 5.0),
    trial("t002", "ridge", 0.6, 6.0),
    Event(Happening.TRIAL_PRUNED, 7.0, {"trial": "t003"}),
    Event(Happening.TRIAL_FAILED, 8.0, {"trial": "t004", "model": "mlp", "reason": "killed: it ran past its deadline"}),
    Event(Happening.FINDING, 8.5, {"severity": "warning", "text": "'paid' tells the target"}),
    Event(
        Happening.ENSEMBLE_FINISHED,
        9.0,
        {"members": [{"model": "catboost"}, {"model": "ridge"}], "combiner": "average"},
    ),
]


def test_plain_lines_tell_steps_best_score_and_losses():
    progress = Progress(60.0)
    lines = [line for event in EVENTS if (line := progress.take(event))]
    assert lines[0] == "[1/7]   Data  (0 s)"
    assert "[4-6/7] Training, validation and tuning  (2 s)" in lines
    best = [line for line in lines if "best so far" in line]
    assert len(best) == 1 and "catboost" in best[0] and "0.72000" in best[0]
    assert any(
        line.split() == ["t004", "mlp", "no", "result:", "it", "ran", "past", "its", "deadline"] for line in lines
    )
    assert lines[-1].strip() == "chosen: average of catboost, ridge; given up early: 1 trial"


def test_the_live_panel_shows_every_step_the_best_score_and_when_it_was_done():
    watcher = LiveWatcher(Progress(60.0))
    for event in EVENTS:
        watcher.progress.take(event)
    shown = _drawn(watcher)
    assert "4-6" in shown and "best so far 0.72 by catboost" in shown and "left of 60" in shown
    assert "3 done, 1 given up early, 1 failed" in shown
    watcher.progress.take(Event(Happening.STEP_FINISHED, 20.0, {"step": "deployment", "took": 19.0}))
    assert "done in 19 s" in _drawn(watcher)


def _drawn(watcher: LiveWatcher) -> str:
    text = io.StringIO()
    Console(file=text, width=100).print(watcher._panel())
    return text.getvalue()
