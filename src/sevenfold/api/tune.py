"""Steps 2 to 4 and 6 of a training: plan features, choose models, search, and settle on what is deployed."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sevenfold.api.limited import Contest
from sevenfold.api.price import LIMITS_COST
from sevenfold.api.refit import LastFit, fits_in_time, folds_kept
from sevenfold.api.session import Session
from sevenfold.api.students import seconds_for_students
from sevenfold.core.context import Deadline
from sevenfold.core.errors import DataError
from sevenfold.core.events import Happening
from sevenfold.core.inputs import Form
from sevenfold.core.int8 import INT8
from sevenfold.core.model import Batched, Trait
from sevenfold.core.run import write_json
from sevenfold.core.task import Goal
from sevenfold.evaluation.metrics.catalogue import METRICS
from sevenfold.models.catalogue import MODELS
from sevenfold.training.memory import give_back
from sevenfold.tuning.candidates import YARDSTICKS, Candidate, gather
from sevenfold.tuning.executors.base import Executor
from sevenfold.tuning.executors.inline import InlineExecutor
from sevenfold.tuning.executors.processes import ProcessExecutor, resident_bytes
from sevenfold.tuning.final import MOST_MEMBERS, Choice, bagged, choose, deployable
from sevenfold.tuning.limits import DEFAULT_BYTES, Limits
from sevenfold.tuning.proposals import Searcher
from sevenfold.tuning.reserve import Reserve
from sevenfold.tuning.samplers.catalogue import SAMPLERS
from sevenfold.tuning.search import Search
from sevenfold.tuning.stored import StoredMember, StoredPredictor
from sevenfold.tuning.trial import Status, Trial

if TYPE_CHECKING:
    from sevenfold.api.collect import Collected

_SAFE = 0.95  # of the run's memory: readings come a little late
_ZYGOTE_BYTES = 100 * 10**6
_LOOK_SHARE = 0.01  # of the budget, for a look ahead at what would be deployed
_ENOUGH_FOLDS = 4  # each has then learned from most rows, and their average errs less than any of them
_OVERDRAFT = 0.03  # of the budget that a fit may take from what is kept for judging and packing
_ONE_WORKER_CELLS = 1e7  # above it one job gets all cores: two copies of the features would not pay


@dataclass(frozen=True)
class Final:
    """What is deployed, and what is known of it from the folds.

    Args:
        predictor: made of the members' pipelines, which stay in their files until they are asked.
        choice: members, combiner and out-of-fold predictions.
        refitted: the members were fitted again on every training row.
        one_fold: each member is one fit, to keep the plan's limits.
        price: of the limits, where they kept the best choice out; "" otherwise.
    """

    predictor: StoredPredictor
    choice: Choice
    refitted: bool
    one_fold: bool = False
    price: str = ""


def candidates_for(session: Session, collected: Collected) -> list[Candidate]:
    """Models that fit, each with its feature plans; every choice and refusal goes to the journal."""
    candidates, refusals = gather(
        collected.task, collected.schema, collected.profile, collected.workspace.target, session.plan.models
    )
    if collected.workspace.whole is not None and not session.plan.models:
        candidates, others = _of_whole_file(candidates)
        refusals = [*refusals, *((name, "it cannot learn from the file piece by piece") for name in others)]
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


def _of_whole_file(candidates: list[Candidate]) -> tuple[list[Candidate], list[str]]:
    """Yardsticks and models that can learn from a file larger than memory, if there are any; names of the others. A
    model of many times the rows is better than a blend of models of the sample."""
    kept = [c for c in candidates if Trait.BASELINE in c.spec.traits or issubclass(MODELS.get(c.name), Batched)]
    if all(Trait.BASELINE in candidate.spec.traits for candidate in kept):
        return candidates, []
    yardsticks = {name for names in YARDSTICKS.values() for name in names}
    kept = [c for c in candidates if c in kept or c.name in yardsticks]
    return kept, [candidate.name for candidate in candidates if candidate not in kept]


def search(session: Session, collected: Collected, candidates: list[Candidate], known: list[Trial]) -> list[Trial]:
    """Search under the plan's budget or number of trials."""
    plan, workspace = session.plan, collected.workspace
    slots = session.slots = slots_for(session, collected)
    executor = make_executor(session, slots)
    pictures = any(Form.IMAGES in c.spec.accepts and Trait.BASELINE not in c.spec.traits for c in candidates)
    if isinstance(executor, ProcessExecutor) and pictures:
        executor.preload("torch", "PIL.Image")
    session.pulse.beat(5)
    session.reserve = _reserve(session, collected, slots)
    executor.open(session.folder.folds)
    sampler = None if plan.tune == "none" else SAMPLERS.get(plan.tune)()
    varied = [c for c in candidates if not plan.models or c.name in plan.models]
    searcher = None if sampler is None else Searcher(varied, sampler, plan.tune, session.streams)
    run = Search(
        candidates,
        searcher,
        executor,
        session.folder.trials,
        folds=len(workspace.folds),
        rows=len(workspace.folds[0][0]),
        valid_rows=len(workspace.folds[0][1]),
        classification=collected.task.goal.is_classification,
        classes=workspace.target.classes,
        journal=session.note,
        deadline=Deadline() if session.reserve is None else session.deadline,
        kept_seconds=session.reserve or (lambda trials: 0.0),
        reconsider=None if session.reserve is None else partial(_expect, session, collected),
        most_trials=plan.trials,
        named=plan.models,
        threads=max(1, session.threads // slots),
        best_value=METRICS.get(collected.task.metric).spec.best,
        trials=known,
    )
    trials = run.run()
    session.ahead.stop()
    if session.reserve is not None:
        slow = f"this machine is {session.pulse.slowness:.1f} times as slow as an ordinary idle one"
        session.decide("tuning", f"{session.reserve(trials):.1f} s are kept for what follows", slow)
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


def _expect(session: Session, collected: Collected, trials: Sequence[Trial]) -> None:
    """Let time be kept for what would be deployed if the search ended now."""
    reserve = session.reserve
    if reserve is None:
        return
    before = reserve(trials)
    whole = choose(
        deployable(trials, session.plan.models),
        session.folder.trials,
        collected.workspace,
        session.plan.costs,
        most_bytes=_room(session),
        seconds=_LOOK_SHARE * session.deadline.seconds,
    )
    reserve.expect(whole.members, trials)
    names = ", ".join(trial.name for trial in whole.members)
    session.decide(
        "tuning", f"{names} would be deployed now", f"{reserve(trials):.1f} s are kept for it, {before:.1f} s before"
    )


def _room(session: Session) -> int:
    """Bytes that members with one fit each may take."""
    limit = Limits.of(session.plan).bytes
    return DEFAULT_BYTES if limit is None else limit


def slots_for(session: Session, collected: Collected) -> int:
    """Jobs at once: one for each core, or one alone where two copies of the features would not pay."""
    cells = len(collected.workspace.target) * max(1, len(collected.workspace.schema))
    whole = collected.workspace.whole is not None
    return 1 if whole or cells > _ONE_WORKER_CELLS else session.threads


def make_executor(session: Session, slots: int) -> Executor:
    """The session's executor: the warm one that `collect` started, or one in this process for small repeatable work."""
    if session.executor is None:
        session.executor = start_workers(session)
    if isinstance(session.executor, ProcessExecutor):
        session.executor.limit(slots, memory_for_workers(session.memory_bytes, resident_bytes(os.getpid())) / slots)
    return session.executor


def memory_for_workers(memory_bytes: float, own_bytes: float) -> float:
    """What all workers together may take: what this process and the one they are forked from leave of the run's."""
    left = _SAFE * memory_bytes - own_bytes - _ZYGOTE_BYTES
    return max(0.3 * memory_bytes, min(0.8 * memory_bytes, left))


def start_workers(session: Session) -> Executor:
    """Processes where the platform can fork; this process otherwise, or where `SEVENFOLD_INLINE` is set."""
    if not hasattr(os, "fork") or os.environ.get("SEVENFOLD_INLINE"):
        return InlineExecutor(memory_bytes=0.8 * session.memory_bytes)
    return ProcessExecutor(session.threads)


def _reserve(session: Session, collected: Collected, slots: int) -> Reserve | None:
    """What to keep of the budget for the end; None without a budget."""
    budget, workspace = session.plan.budget_seconds, collected.workspace
    if budget is None:
        return None
    # Folds by time learn from ever more rows: what is known of a trial is the mean over them.
    train = sum(len(rows) for rows, _ in workspace.folds) / len(workspace.folds)
    valid = len(workspace.folds[0][1])
    needed = not averaged(collected)
    rows = len(workspace.target) + (len(collected.test_target) if learns_sealed(session, collected) else 0)
    growth = rows / max(1, train)
    if workspace.whole is not None:
        growth = workspace.whole.lottery.rows / max(1, train)  # as much of the file as the time allows
    enough = 0 if needed or learns_sealed(session, collected) else enough_folds(collected)
    sealed, students = learns_sealed(session, collected), seconds_for_students(session)
    test = len(collected.test_target)
    return Reserve(budget, session.pulse, test, valid, slots, growth, needed, enough, sealed, students)


def enough_folds(collected: Collected) -> int:
    """Folds whose models, averaged, are as good as one that has learned from all training rows."""
    return min(_ENOUGH_FOLDS, len(collected.workspace.folds))


def averaged(collected: Collected) -> bool:
    """Whether the models of the folds are deployed as they are; a sample of a larger file is learned from anew."""
    workspace = collected.workspace
    return workspace.whole is None and bagged(collected.task, collected.strategy, len(workspace.folds))


def learns_sealed(session: Session, collected: Collected) -> bool:
    """Whether the deployed model learns from the sealed rows, too, once it has been judged on them. A test set that
    was given stays one: whoever gave it may compare other models on it."""
    return session.plan.test is None and session.plan.refit == "auto" and collected.workspace.whole is None


def choose_final(session: Session, collected: Collected, trials: list[Trial]) -> Final:
    """The best predictor that keeps the plan's limits: the whole, or what `api.limited` finds instead of it.

    Raises:
        LimitError: nothing keeps the limits.
    """
    limits, plan, able = Limits.of(session.plan), session.plan, deployable(trials, session.plan.models)
    seconds = float("inf") if session.reserve is None else session.reserve.settling(session.deadline.left(), able)
    folder, workspace, room = session.folder.trials, collected.workspace, _room(session)
    most = MOST_MEMBERS
    if workspace.whole is not None:
        most = 1  # it learns the whole file: each further one would take its time from it
        give_back()
        make_executor(session, session.slots)  # this process takes less by now: workers may take more
    best = choose(able, folder, workspace, plan.costs, most, most_bytes=room, seconds=seconds)
    if len(best.members) > 1 and _too_dear(session, collected, best.members):
        # All members are fitted once more or twice: better fewer of them than some left as they were.
        best = choose(able, folder, workspace, plan.costs, len(best.members) // 2, most_bytes=room, seconds=seconds)
    if limits.any or plan.distil == "always" or plan.precision == INT8:
        settle, least = partial(_settle, session, collected), _yardstick_loss(collected, trials)
        contest = Contest(session, collected, able, best, limits, settle, seconds, least)
        final = contest.winner()
    else:
        final = _settle(session, collected, best, False)
    choice = final.choice
    for what, why in choice.reasons:
        session.decide("tuning", what, why)
    if final.price:
        session.decide("tuning", LIMITS_COST, final.price)
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


def _too_dear(session: Session, collected: Collected, members: Sequence[Trial]) -> bool:
    """Whether the fits that the members need, as folds are not averaged, would not end in the time that is left."""
    reserve = session.reserve
    if reserve is None or averaged(collected):
        return False
    kept = reserve.before_refit(members) + reserve.after_needed(members, members)
    return reserve.refit(members) > session.time_before(kept)


def _yardstick_loss(collected: Collected, trials: Sequence[Trial]) -> float:
    """Loss of what has learned nothing, NaN where it was not measured."""
    name = "popularity" if collected.task.goal is Goal.RECOMMENDATION else YARDSTICKS[True][0]
    return next((t.loss for t in trials if t.recipe.model == name and t.folds), float("nan"))


def _settle(session: Session, collected: Collected, choice: Choice, one_fold: bool) -> Final:
    """The members' pipelines: of their folds, or fitted again on all training rows where folds are not averaged,
    or where their models together would be too large."""
    if session.reserve is not None:
        session.reserve.expect(choice.members, ())
    bag, sealed = averaged(collected), learns_sealed(session, collected)
    size = sum(t.bytes for t in choice.members)
    large = bag and not sealed and size > DEFAULT_BYTES
    thin = bag and not sealed and min(len(t.folds) for t in choice.members) < enough_folds(collected)
    refit = one_fold or large or thin or not bag
    fitted = _refit(session, collected, choice.members, large, thin) if refit else {}
    kept = {trial.name: sorted(trial.folds) for trial in choice.members}
    if one_fold or not bag:
        # By time: the last fold has learned from the most, and the latest, rows.
        kept = {name: numbers[-1:] for name, numbers in kept.items()}
    elif size > DEFAULT_BYTES and not fitted and not (sealed and _ends_in_time(session, choice.members)):
        kept = folds_kept(choice.members)
        of = f"{sum(map(len, kept.values()))} of {sum(len(trial.folds) for trial in choice.members)}"
        session.decide("tuning", f"{of} models of the folds are deployed", f"all of them take {size / 1e6:.0f} MB")
    members: list[StoredMember] = []
    for trial in choice.members:
        folder = session.folder.trials / trial.name
        if trial.name in fitted:
            members.append(StoredMember(trial.name, fitted[trial.name]))
            continue
        members.append(StoredMember(trial.name, tuple(folder / f"fold-{n}" for n in kept[trial.name])))
    predictor = StoredPredictor(collected.task, tuple(members), choice.combiner, choice.calibrator, choice.decision)
    return Final(predictor, choice, bool(fitted), one_fold)


def _ends_in_time(session: Session, members: Sequence[Trial]) -> bool:
    """Whether one fit each on all rows, beside the judging, will stand for the models of the folds."""
    if session.reserve is None:
        return True
    left = session.time_before(session.reserve.packing(members))
    return len(fits_in_time(members, session.reserve, left)) == len(members)


def _refit(
    session: Session, collected: Collected, members: Sequence[Trial], large: bool, thin: bool
) -> dict[str, tuple[Path, ...]]:
    """Fit members on every training row, with the rounds their folds chose; where the pipelines of those that succeeded
    lie.

    Args:
        large: only instead of models of the folds that take too much room; all members or none.
        thin: only as few folds have been done; the members for which there is time.
    """
    until, left = float("inf"), float("inf")
    numbers = {trial.name: 1 for trial in members}
    if session.reserve is not None:
        reserve = session.reserve
        left = session.time_before(reserve.before_refit(members) + reserve.after_needed(members, members))
        until = time.monotonic() + max(left, 1.0)
    if large or thin:
        needed = 0.0 if session.reserve is None else session.reserve.last_fits(members)
        if large and session.reserve is not None:
            # Worth a part of the margin: without them most models of the folds are left out.
            left += min(_OVERDRAFT * session.reserve.budget, max(0.0, 1.3 * needed - left))
            until = time.monotonic() + max(left, 1.0)
        numbers = fits_in_time(members, session.reserve, left)
        if not numbers or (large and len(numbers) < len(members)):
            why = f"about {needed:.1f} s are needed and {left:.1f} s are left"
            session.decide("tuning", "the models of the folds are kept", why)
            return {}
    again = [trial for trial in members if trial.name in numbers]
    fit = LastFit(session, collected, again, numbers, sealed=False, until=until)
    fit.start()
    fitted = fit.finish()
    why = "later rows matter most" if collected.strategy == "time" else "few folds"
    if large:
        size = sum(trial.bytes for trial in members) / 1e6
        why = f"the models of all folds take {size:.0f} MB"
    if collected.task.goal is Goal.RECOMMENDATION:
        why = "every event counts"
    if fitted:
        session.decide("tuning", f"fitted again on all training rows: {', '.join(sorted(fitted))}", why)
    return fitted
