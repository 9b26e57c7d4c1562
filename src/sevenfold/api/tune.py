"""Steps 2 to 4 and 6 of a training: plan features, choose models, search, and settle on what is deployed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.api.session import Session
from sevenfold.core.context import Deadline
from sevenfold.core.errors import DataError, LimitError
from sevenfold.core.events import Happening
from sevenfold.core.inputs import Form
from sevenfold.core.model import Trait
from sevenfold.core.predictor import Member, Predictor
from sevenfold.core.run import write_json
from sevenfold.core.task import Goal
from sevenfold.tuning.candidates import Candidate, gather
from sevenfold.tuning.executors.base import Executor
from sevenfold.tuning.executors.inline import InlineExecutor
from sevenfold.tuning.executors.processes import ProcessExecutor
from sevenfold.tuning.final import MOST_MEMBERS, Choice, bagged, choose, load_pipeline
from sevenfold.tuning.job import Job, worthwhile_share
from sevenfold.tuning.limits import Limits
from sevenfold.tuning.proposals import Searcher
from sevenfold.tuning.samplers.catalogue import SAMPLERS
from sevenfold.tuning.search import Search
from sevenfold.tuning.trial import Status, Trial, fold_event

if TYPE_CHECKING:
    from sevenfold.api.collect import Collected
    from sevenfold.training.workspace import Workspace

_FINISH_SHARE, _FINISH_LEAST, _FINISH_MOST = 0.08, 3.5, 60.0
_REFIT_SHARE, _REFIT_MOST = 0.25, 0.4  # of the budget, where the winners are fitted again on all rows
_ONE_WORKER_CELLS = 2e7  # above it one job gets all cores: two copies of the features would not pay


@dataclass(frozen=True)
class Final:
    """What is deployed, and what is known of it from the folds.

    Args:
        predictor: made of the members' pipelines.
        choice: members, combiner and out-of-fold predictions.
        refitted: the members were fitted again on every training row.
    """

    predictor: Predictor
    choice: Choice
    refitted: bool


def finish_seconds(budget_seconds: float) -> float:
    """What is kept back for evaluation, report and bundle."""
    return min(_FINISH_SHARE * budget_seconds + _FINISH_LEAST, _FINISH_MOST, 0.5 * budget_seconds)


def candidates_for(session: Session, collected: Collected) -> list[Candidate]:
    """Models that fit, each with its feature plans; every choice and refusal goes to the journal."""
    candidates, refusals = gather(
        collected.task, collected.schema, collected.profile, collected.workspace.target, session.plan.models
    )
    for name, reason in refusals:
        session.decide("models", f"{name} is left out", reason)
    for candidate in candidates:
        for style, plan in candidate.plans.items():
            told = [{"column": d.column, "choice": d.choice, "why": d.reason} for d in plan.decisions]
            session.note(
                Happening.DECISION,
                {
                    "step": "features",
                    "what": f"features of {candidate.name}, {style}",
                    "why": f"{len(plan.steps)} steps",
                    "decisions": told[:200],
                },
            )
    return candidates


def search(session: Session, collected: Collected, candidates: list[Candidate], known: list[Trial]) -> list[Trial]:
    """Search under the plan's budget or number of trials."""
    plan, workspace = session.plan, collected.workspace
    cells = len(workspace.target) * max(1, len(workspace.schema))
    slots = 1 if cells > _ONE_WORKER_CELLS or workspace.whole is not None else session.threads
    executor = make_executor(session, slots)
    pictures = any(Form.IMAGES in c.spec.accepts for c in candidates if Trait.BASELINE not in c.spec.traits)
    if isinstance(executor, ProcessExecutor) and pictures:
        executor.preload("torch", "PIL.Image")
    executor.open(session.folder.folds)
    sampler = None if plan.tune == "none" else SAMPLERS.get(plan.tune)()
    searcher = None if sampler is None else Searcher(candidates, sampler, plan.tune, session.streams)
    run = Search(
        candidates,
        searcher,
        executor,
        session.folder.trials,
        folds=len(workspace.folds),
        rows=len(workspace.folds[0][0]),
        classification=collected.task.goal.is_classification,
        classes=workspace.target.classes,
        journal=session.note,
        deadline=_search_deadline(session),
        kept_seconds=_refit_seconds(session, collected, slots),
        most_trials=plan.trials,
        only=bool(plan.models),
        threads=max(1, session.threads // slots),
        trials=known,
    )
    trials = run.run()
    board = sorted((t.leaderboard_row() for t in trials), key=lambda row: (row["status"] != "finished", row["loss"]))
    write_json(session.folder.leaderboard, board)
    if not any(t.status is Status.FINISHED for t in trials):
        reasons = "; ".join(f"{t.recipe.model}: {t.reason}" for t in trials[:5]) or "no trial could start"
        raise DataError(
            "No model could be trained.",
            "at least one finished trial",
            reasons,
            "Give more time (--budget), or look at the reasons in the journal.",
        )
    return trials


def make_executor(session: Session, slots: int) -> Executor:
    """The session's executor: the warm one that `collect` started, or one in this process for small repeatable work."""
    if session.executor is None:
        session.executor = start_workers(session)
    if isinstance(session.executor, ProcessExecutor):
        session.executor.limit(slots, 0.8 * session.memory_bytes / slots)
    return session.executor


def start_workers(session: Session) -> Executor:
    """Processes where the platform can fork; this process otherwise, or where `SEVENFOLD_INLINE` is set."""
    if not hasattr(os, "fork") or os.environ.get("SEVENFOLD_INLINE"):
        return InlineExecutor()
    return ProcessExecutor(session.threads)


def _search_deadline(session: Session) -> Deadline:
    budget = session.plan.budget_seconds
    if budget is None:
        return Deadline()
    least = session.deadline.spent() + 0.3 * session.deadline.left()
    return Deadline(max(budget - finish_seconds(budget), min(budget, least)), session.deadline.started)


def _refit_seconds(session: Session, collected: Collected, slots: int) -> Callable[[Sequence[Trial]], float]:
    """Time to keep for fitting the winners on all rows: a share of the budget, then what the leaders' folds took."""
    budget = session.plan.budget_seconds
    averaged = bagged(collected.task, collected.strategy, len(collected.workspace.folds))
    if budget is None or (averaged and collected.workspace.whole is None):
        return lambda trials: 0.0

    def kept(trials: Sequence[Trial]) -> float:
        leaders = sorted((t for t in trials if t.status is Status.FINISHED), key=lambda t: t.loss)[:MOST_MEMBERS]
        if not any(t.origin != "yardstick" for t in leaders):
            return _REFIT_SHARE * budget
        longest = [max(result.seconds for result in t.folds.values()) for t in leaders]
        return min(_REFIT_MOST * budget, 1.0 + 1.5 * max(sum(longest) / slots, max(longest)))

    return kept


def choose_final(session: Session, collected: Collected, trials: list[Trial]) -> Final:
    """The best predictor that keeps the plan's limits: the whole, else the best trials by themselves, else one fold's
    model of them.

    Raises:
        LimitError: nothing keeps the limits.
    """
    limits = Limits.of(session.plan)
    broken = ""
    for choice, one_fold in _options(session, collected, trials, limits):
        final = _settle(session, collected, choice, one_fold)
        broken = limits.broken_by(final.predictor, collected.workspace.table[:1]) if limits.any else ""
        names = ", ".join(trial.name for trial in choice.members)
        if broken:
            session.decide("tuning", f"{names}{' (one fold)' if one_fold else ''} is not deployed", broken)
            continue
        for what, why in choice.reasons:
            session.decide("tuning", what, why)
        session.note(
            Happening.ENSEMBLE_FINISHED,
            {
                "members": [{"trial": t.name, "model": t.recipe.model} for t in choice.members],
                "combiner": choice.combiner.name,
                "weights": choice.combiner.state().get("weights"),
                "refitted": final.refitted,
            },
        )
        return final
    raise LimitError(
        "No trained model keeps the limits.",
        f"--max-size {session.plan.max_size}, --max-latency {session.plan.max_latency}",
        f"the last one tried: {broken}",
        "Raise the limits, or name smaller models with --models; the run can be gone on with.",
    )


def _options(
    session: Session, collected: Collected, trials: list[Trial], limits: Limits
) -> Iterator[tuple[Choice, bool]]:
    """What could be deployed, best first, each with whether only one fold's model is used."""
    folder, workspace, costs = session.folder.trials, collected.workspace, session.plan.costs
    named = [trial for trial in trials if trial.recipe.model in session.plan.models]
    if any(trial.status is Status.FINISHED for trial in named):
        trials = named  # a yardstick that was not asked for is measured, never deployed
    yield choose(trials, folder, workspace, costs), False
    if not limits.any:
        return
    finished = sorted((t for t in trials if t.status is Status.FINISHED), key=lambda t: t.loss)
    for one_fold in (False, True):
        for trial in finished:
            yield choose([trial], folder, workspace, costs), one_fold


def _settle(session: Session, collected: Collected, choice: Choice, one_fold: bool) -> Final:
    """Load the members' pipelines: of their folds, or fitted again on all rows where folds are not averaged."""
    whole = collected.workspace.whole is not None
    refit = one_fold or whole or not bagged(collected.task, collected.strategy, len(collected.workspace.folds))
    done = _refit(session, collected, choice.members) if refit else set()
    members: list[Member] = []
    for trial in choice.members:
        folder = session.folder.trials / trial.name
        if trial.name in done:
            members.append(Member(trial.name, (load_pipeline(folder / "full"),)))
            continue
        numbers = sorted(trial.folds)
        if refit:
            numbers = numbers[-1:]  # by time: the last fold has learned from the most, and the latest, rows
        members.append(Member(trial.name, tuple(load_pipeline(folder / f"fold-{n}") for n in numbers)))
    predictor = Predictor(collected.task, tuple(members), choice.combiner, choice.calibrator, choice.decision)
    return Final(predictor, choice, bool(done))


def _refit(session: Session, collected: Collected, members: Sequence[Trial]) -> set[str]:
    """Fit members on every training row, with the rounds their folds chose; the names of those that succeeded."""
    executor = session.executor
    assert executor is not None
    unlimited = session.deadline.seconds == float("inf")
    left = session.deadline.left() - finish_seconds(session.plan.budget_seconds or 0.0)
    stop = float("inf") if unlimited else time.monotonic() + max(left, 1.0)
    waiting = [t for t in members if not (session.folder.trials / t.name / "full" / "state.json").exists()]
    done = {trial.name for trial in members} - {trial.name for trial in waiting}
    under_way: set[str] = set()
    while waiting or under_way:
        while waiting and executor.running < executor.slots:
            trial = waiting.pop(0)
            threads = max(1, session.threads // executor.slots)
            executor.submit(_refit_job(session, collected.workspace, trial, stop, threads))
            under_way.add(trial.name)
        for outcome in executor.wait(1.0):
            under_way.discard(outcome.job.trial)
            if outcome.result is None:
                session.decide("tuning", f"{outcome.job.trial} is not fitted again on all rows", outcome.reason)
                continue
            done.add(outcome.job.trial)
            session.note(Happening.FOLD_FINISHED, fold_event(outcome.job.trial, -1, outcome.result))
    why = "later rows matter most" if collected.strategy == "time" else "few folds"
    if collected.task.goal is Goal.RECOMMENDATION:
        why = "every event counts"
    if done:
        session.decide("tuning", f"fitted again on all training rows: {', '.join(sorted(done))}", why)
    return done


def _refit_job(session: Session, workspace: Workspace, trial: Trial, stop: float, threads: int) -> Job:
    rounds = [result.rounds for result in trial.folds.values() if result.rounds]
    fold_rows = sum(len(workspace.folds[number][0]) for number in trial.folds)
    return Job(
        trial.name,
        trial.recipe.to_json(),
        -1,
        str(session.folder.trials / trial.name),
        stop_at=stop,
        kill_at=stop + 1.0,
        threads=threads,
        rounds=max(1, round(float(np.mean(rounds)))) if rounds else None,
        share=worthwhile_share(workspace, trial.recipe, list(trial.folds.values()), fold_rows, stop - time.monotonic()),
    )
