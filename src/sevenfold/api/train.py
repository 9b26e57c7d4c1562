"""Training: the seven steps, read top to bottom."""

from __future__ import annotations

import contextlib
import platform
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import sevenfold
from sevenfold.api.collect import Collected, collect, restore
from sevenfold.api.deploy import deploy, start_last_fit
from sevenfold.api.judge import evaluate_final, open_seal
from sevenfold.api.report import write_report
from sevenfold.api.run import Run
from sevenfold.api.session import Listener, Session, default_folder
from sevenfold.api.tune import candidates_for, choose_final, search
from sevenfold.core.config import Plan
from sevenfold.core.context import Deadline, Resources, process_seconds
from sevenfold.core.errors import RequestError
from sevenfold.core.events import Happening
from sevenfold.core.run import Journal, RunFolder, write_bytes
from sevenfold.evaluation.metrics.catalogue import METRICS
from sevenfold.models.catalogue import MODELS
from sevenfold.training.memory import trim_early
from sevenfold.training.workspace import Workspace
from sevenfold.tuning.candidates import gather
from sevenfold.tuning.trial import trials_from_journal

_DEFAULT_BUDGET = "5m"


def train(
    data: Any,
    target: str | None = None,
    *,
    on_event: Listener | None = None,
    whole_process: bool = False,
    **settings: Any,
) -> Run:
    """Train, evaluate and pack a model; everything lies in a run folder afterwards.

    Args:
        data: a path, URL or glob as on the command line, or a frame (polars, pandas, Arrow, records).
        target: the column to predict.
        on_event: called with each `core.run.Event` after it is in the journal.
        whole_process: the budget began with the process rather than with this call (the command line).
        settings: as `core.config.Plan` declares them: test, budget, trials, task, metric, models, seed, out, ...
            `test` may be a frame, too.
    Raises:
        RequestError: the request is wrong; nothing was written.
        DataError: the data cannot be used.
        LimitError: time, memory or disk ended it; the journal is kept.
    """
    test = settings.pop("test", None)
    named = {"data": data if isinstance(data, str) else "frame", "target": target}
    named["test"] = test if isinstance(test, str) or test is None else "frame"
    plan = Plan.of({**named, **{k: v for k, v in settings.items() if v is not None}})
    if plan.budget is None and plan.trials is None:
        plan = replace(plan, budget=_DEFAULT_BUDGET)
    plan = _checked(plan)
    spent = process_seconds() if whole_process else 0.0
    deadline = Deadline.starting_now(plan.budget_seconds or float("inf"), spent)
    if whole_process:
        trim_early()
    session = Session(plan, deadline, Resources.detect(), on_event)
    try:
        _check_out(plan)
        collected = collect(session, data, test)
        _check_models(plan, collected)
        with _laid_down(default_folder(plan)) as folder:
            write_bytes(folder.plan, plan.dump().encode())
            collected.save(folder)
            session.settle(folder)
        # From here on table and folds are what the workers map, too: memory holds them once.
        collected = replace(collected, workspace=Workspace.load(folder.folds))
        return _learn(session, collected, resumed=False)
    except BaseException as error:
        told = session.fail(error)
        if told is error:
            raise
        raise told from error
    finally:
        session.close()


def resume(run: str | Path, *, on_event: Listener | None = None) -> Run:
    """Go on with a run that was broken off: finished trials and folds are not trained again.

    The time that the run had used counts against its budget; at least a quarter of the budget is granted anew so
    that it can end.

    Raises:
        RequestError: it is no run folder, or its data were not yet laid down when it broke off.
    """
    folder = _begun(Path(run))
    events = list(Journal(folder.journal).events())
    if any(event.kind == Happening.RUN_FINISHED for event in events):
        if not folder.report.exists():
            write_report(folder.path)
        return Run(folder)
    plan = Plan.load(folder.plan)
    budget = plan.budget_seconds or float("inf")
    used = events[-1].seconds if events else 0.0
    session = Session(plan, Deadline.starting_now(budget, min(used, 0.75 * budget)), Resources.detect(), on_event)
    try:
        session.settle(folder, resumed=True)
        session.note(Happening.RUN_RESUMED, {"used_seconds": used})
        return _learn(session, restore(session, folder), resumed=True)
    except BaseException as error:
        told = session.fail(error)
        if told is error:
            raise
        raise told from error
    finally:
        session.close()


def _learn(session: Session, collected: Collected, resumed: bool) -> Run:
    before = list(Journal(session.folder.journal).events()) if resumed else []
    if not any(event.kind == Happening.RUN_STARTED for event in before):
        session.note(Happening.RUN_STARTED, _facts(session, collected))
    with session.step("features"):
        candidates = candidates_for(session, collected)
    known = trials_from_journal(before)
    with session.step("training"):
        trials = search(session, collected, candidates, known)
    with session.step("tuning"):
        final = choose_final(session, collected, trials)
    with session.step("evaluation"):
        open_seal(session, collected)
        last_fit = start_last_fit(session, collected, final)
        evaluation = evaluate_final(session, collected, final, trials)
    with session.step("deployment"):
        result = deploy(session, collected, final, evaluation, trials, last_fit)
    session.note(Happening.RUN_FINISHED, {"result": result})
    write_report(session.folder.path)
    return Run(session.folder)


def _facts(session: Session, collected: Collected) -> Mapping[str, Any]:
    from importlib.metadata import version

    names = ("polars", "numpy", "scikit-learn", "lightgbm", "optuna")
    return {
        "sevenfold": sevenfold.__version__,
        "python": platform.python_version(),
        "versions": {name: version(name) for name in names},
        "cores": session.threads,
        "memory_bytes": session.memory_bytes,
        "seed": session.plan.seed,
        "budget_seconds": session.plan.budget_seconds,
        "task": collected.task.to_json(),
        "rows": collected.rows,
        "columns": len(collected.schema),
        "fingerprint": collected.fingerprint,
        "split": collected.split_digest,
    }


def _checked(plan: Plan) -> Plan:
    """The plan with the metric's own name; names that exist nowhere are refused before anything is read."""
    for name in plan.models:
        MODELS.get(name)
    return plan if plan.metric is None else replace(plan, metric=METRICS.get(plan.metric).spec.name)


def _check_models(plan: Plan, collected: Collected) -> None:
    """Refuse models that were asked for and do not fit, before anything is written."""
    if plan.models:
        gather(collected.task, collected.schema, collected.profile, collected.workspace.target, plan.models)


@contextlib.contextmanager
def _laid_down(path: Path) -> Iterator[RunFolder]:
    """A new run folder; taken away again where what it starts with cannot be written."""
    fresh = not path.exists()
    folder = RunFolder.create(path)
    try:
        yield folder
    except BaseException:
        folder.journal.unlink(missing_ok=True)
        if fresh:
            shutil.rmtree(path, ignore_errors=True)
        raise


def _begun(path: Path) -> RunFolder:
    """A run to go on with."""
    if path.is_dir() and ((path / "plan.toml").exists() or _is_bare(path)):
        # The journal is begun when all data are in place: what lies there without it is of no use.
        folder = RunFolder(path)
        if not (folder.journal.exists() and (folder.folds / "ready").exists()):
            raise RequestError(
                "The run broke off before its data were laid down: there is nothing to go on from.",
                "a run that got past reading its data",
                str(path),
                "Start it anew with `sevenfold train`; the same --out may be used.",
            )
    elif not path.exists():
        raise RequestError(
            f"There is no run at {path}.",
            "the folder of a run",
            str(path),
            "Check the path. A run that broke off before its data were read leaves nothing behind: start it anew.",
        )
    return RunFolder.open(path)


def _is_bare(path: Path) -> bool:
    """Whether a folder holds nothing but what a run makes before its plan is in place."""
    return {found.name for found in path.iterdir()} <= {"folds", "trials", "sealed", "plan.toml.tmp"}


def _check_out(plan: Plan) -> None:
    if plan.out and (Path(plan.out) / "journal.jsonl").exists():
        RunFolder.create(Path(plan.out))  # refuses, before any work is done
