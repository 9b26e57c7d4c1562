"""Step 7 of a training: fit what was judged on all rows, and pack what is deployed."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.api.coverage import out_of_fold_answers
from sevenfold.api.data_audit import audited
from sevenfold.api.price import served_seconds
from sevenfold.api.refit import LastFit, fits_in_time
from sevenfold.api.session import Session
from sevenfold.api.tune import learns_sealed
from sevenfold.core.arrays import Floats
from sevenfold.core.errors import DataError
from sevenfold.core.int8 import INT8
from sevenfold.core.metric import Needs
from sevenfold.core.predictor import Predictor
from sevenfold.core.run import write_bytes
from sevenfold.core.state import own_states
from sevenfold.core.task import Goal
from sevenfold.evaluation.conformal.stored import FIELD
from sevenfold.evaluation.metrics.catalogue import METRICS
from sevenfold.training.memory import give_back
from sevenfold.tuning.limits import Limits
from sevenfold.tuning.objective import score_predictions
from sevenfold.tuning.stored import ALL, StoredMember, StoredPredictor
from sevenfold.tuning.trial import SMALL, STUDENT, Trial

if TYPE_CHECKING:
    from sevenfold.api.collect import Collected
    from sevenfold.api.tune import Final

LAST_FIT = (
    "after the test score was told, the deployed model was fitted again on all rows with the same recipe, the sealed "
    "rows among them; the score is that of the model before, and is expected to be no lower now"
)
_TRIED_ROWS = 16
_LOOKED_AT = 2000  # rows on which a last fit is compared with the judged model
_WORSE = 0.05  # share of the loss by which it may be worse there


def start_last_fit(session: Session, collected: Collected, final: Final) -> LastFit | None:
    """Begin to fit the members on all rows, the sealed ones among them, beside the evaluation; None where that is not
    wanted or the time does not suffice. Call it when the final model has been settled: nothing of it changes."""
    if not learns_sealed(session, collected):
        return None
    members, left = final.choice.members, float("inf")
    if session.reserve is not None:
        left = session.time_before(session.reserve.packing(members))
    numbers = {t.name: 1 for t in members} if final.one_fold else fits_in_time(members, session.reserve, left)
    again = [trial for trial in members if trial.name in numbers]
    if session.reserve is not None and len(again) < len(members):
        why = (
            f"a last fit of all members would take {session.reserve.last_fits(members):.1f} s and {left:.1f} s are left"
        )
        names = ", ".join(trial.name for trial in members if trial.name not in numbers)
        session.decide("deployment", f"{names}: the models of the folds are kept", why)
    if not again:
        return None
    fit = LastFit(session, collected, again, numbers, sealed=True, until=time.monotonic() + left)
    fit.start()
    return fit


def deployed(session: Session, collected: Collected, final: Final, fit: LastFit | None) -> StoredPredictor:
    """What goes into the bundle: the final model, those of its members fitted again on all rows for which the time
    sufficed. Weights, calibration and threshold stay those learned out of fold; the score told stays that of the model
    before."""
    if fit is None:
        return final.predictor
    fitted, judged = fit.finish(), final.predictor
    if not fitted:
        session.decide("deployment", "the model is deployed as it was judged, without the sealed rows", "out of time")
        return judged
    if len(fitted) < len(judged.members) and judged.combiner.name == "stack":
        why = "a stack's weights hold for members that learned from the same rows, and not all were fitted in time"
        session.decide("deployment", "the model is deployed as it was judged, without the sealed rows", why)
        return judged
    known = dict(zip((t.name for t in final.choice.members), judged.members, strict=True))
    members = tuple(StoredMember(name, fitted[name]) if name in fitted else known[name] for name in known)
    again = StoredPredictor(judged.task, members, judged.combiner, judged.calibrator, judged.decision, ALL)
    reason = _strange(collected, final, again) or _too_much(session, collected, again)
    if reason:
        session.decide("deployment", "the model is deployed as it was judged, without the sealed rows", reason)
        return judged
    part = "" if len(fitted) == len(members) else f" ({len(fitted)} of {len(members)} members)"
    session.decide("deployment", f"the deployed model learned from all rows, the sealed ones as well{part}", LAST_FIT)
    return again


def _too_much(session: Session, collected: Collected, again: StoredPredictor) -> str:
    """Which of the plan's limits the model breaks now that it has learned from more rows, or ""."""
    limits, workspace = Limits.of(session.plan), collected.workspace
    if not limits.any:
        return ""
    whole = again.load()
    return limits.broken_by(whole, workspace.table[:1], partial(served_seconds, whole, workspace))


def _strange(collected: Collected, final: Final, again: StoredPredictor) -> str:
    """Why a last fit is not to be trusted, or "": on rows that it has learned from it must not be worse than the judged
    model on rows that it had not seen."""
    task, workspace, seen = collected.task, collected.workspace, final.choice.seen
    if METRICS.get(task.metric).spec.needs is Needs.RANKING:
        return ""
    rows = np.flatnonzero(seen)
    rows = rows[np.linspace(0, len(rows) - 1, min(_LOOKED_AT, len(rows))).astype(np.int64)]
    predicted, target = again.predict(workspace.table[rows]), workspace.target.take(rows)
    if not np.isfinite(predicted).all():
        return "fitted on all rows it predicts values that are not finite"
    before = final.choice.answers(rows)
    try:
        now, then = score_predictions(task, target, predicted)[1], score_predictions(task, target, before)[1]
    except DataError:
        return ""
    if now <= then + _WORSE * abs(then):
        return ""
    return (
        f"fitted on all rows its loss on them is {now:.5g}, and {then:.5g} for the judged model on rows it had not seen"
    )


def deploy(
    session: Session,
    collected: Collected,
    final: Final,
    evaluation: dict[str, Any],
    trials: list[Trial],
    last_fit: LastFit | None = None,
) -> dict[str, Any]:
    """Write findings, card, bundle and report; the result as `train --json` prints it."""
    from sevenfold.deployment.bundle import Contents, load, save
    from sevenfold.report.build import report_data
    from sevenfold.report.card import write_card

    folder = session.folder
    stored = deployed(session, collected, final, last_fit)
    session.close()  # no worker is needed any more
    final.predictor.let_go()
    give_back()
    predictor, refitted = stored.load(), stored is not final.predictor
    data_audit = audited(session, collected)
    findings = data_audit.findings + evaluation["model_findings"]
    data_audit.save_with(folder, evaluation["model_findings"], evaluation["model_not_applicable"])
    result = {
        "run": str(folder.path),
        "model": str(folder.model),
        "task": str(collected.task.goal),
        "target": collected.task.target,
        "metric": collected.task.metric,
        "validation": evaluation["validation"],
        "test": evaluation["test"],
        "baselines": {n: r["test"] for n, r in evaluation["references"].items() if r.get("test")},
        "description": _describe(final) + _also_on_all(final, stored) + _not_asked(final, session.plan.models),
        "refitted": refitted,
        **({"limits_cost": final.price} if final.price else {}),
        "seconds": 0.0,
        "budget_seconds": session.plan.budget_seconds,
        "trials": sum(trial.origin != "yardstick" and bool(trial.folds) for trial in trials),
        "findings": findings,
    }
    write_card(report_data(folder), folder.card)
    if refitted:
        told = folder.card.read_text(encoding="utf-8")
        write_bytes(folder.card, f"{told}\n## Deployed model\n\n{LAST_FIT[0].upper()}{LAST_FIT[1:]}.\n".encode())
    seen = final.choice.seen
    predictions = out_of_fold_answers(final)[seen]
    contents = Contents(
        predictor,
        collected.workspace.schema,
        json.loads(folder.profile.read_text(encoding="utf-8")),
        collected.golden,
        folder.card.read_text(encoding="utf-8"),
        metadata={
            "importance": {entry["column"]: entry["value"] for entry in evaluation["importances"]},
            "run": folder.path.name,
            "fingerprint": collected.fingerprint,
            "split": collected.split_digest,
            "seed": session.plan.seed,
            "validation": evaluation["validation"],
            "test": evaluation["test"],
            "fairness": evaluation.get("fairness", []),
            **({FIELD: evaluation["conformal"]} if "conformal" in evaluation else {}),
            **_errors(collected, predictions, final),
            **_forms(session, collected, predictor),
        },
        source=collected.source,
        predictions=predictions,
    )
    save(folder.model, contents)
    with own_states():
        load(
            folder.model
        )  # replays the golden rows: a bundle that does not give the same is an error now, not in service
    result["bytes"] = folder.model.stat().st_size
    result["seconds"] = round(session.deadline.spent(), 2)
    return result


def _forms(session: Session, collected: Collected, predictor: Predictor) -> dict[str, Any]:
    """Which form of each model answers a lone row quickest here, onnxruntime among them; loading tries that one too."""
    from sevenfold.deployment.compiled.build import measured
    from sevenfold.deployment.compiled.forms import can_run_onnx

    if not session.has_time or not can_run_onnx():
        return {}
    found = measured(predictor, collected.workspace.schema, collected.workspace.table[:_TRIED_ROWS])
    return {"forms": found} if found else {}


def _errors(collected: Collected, predictions: Floats, final: Final) -> dict[str, Any]:
    """How large errors were by prediction and inputs, from which monitoring expects errors without labels."""
    from sevenfold.monitoring.errors import Errors

    if collected.task.goal is not Goal.REGRESSION:
        return {}
    workspace, seen = collected.workspace, final.choice.seen
    errors = Errors.of(
        predictions, workspace.target.values[seen], table=workspace.table.filter(seen), schema=workspace.schema,
        task=collected.task,
    )  # fmt: skip
    return {} if errors is None else {"errors": errors.to_json()}


def _also_on_all(final: Final, deployed: StoredPredictor) -> str:
    """What is to be said of members that were fitted again on all rows."""
    pairs = list(zip(final.predictor.members, deployed.members, strict=True))
    again = sum(before is not after for before, after in pairs)
    if again == 0:
        return ""
    return ", then on all rows" if again == len(pairs) else f", {again} of {len(pairs)} members then on all rows"


def _not_asked(final: Final, named: Sequence[str]) -> str:
    """What is to be said where no model that was asked for could be deployed."""
    if not named or any(trial.recipe.model in named for trial in final.choice.members):
        return ""
    return f"; a yardstick: nothing of {', '.join(named)} ended within the budget"


def _describe(final: Final) -> str:
    names = [t.recipe.model + (" in int8" if t.precision == INT8 else "") for t in final.choice.members]
    if final.choice.members[0].origin == STUDENT:
        names = [f"a small {names[0]} that learned the answers of others"]
    if final.choice.members[0].origin == SMALL:
        names = [f"a small {names[0]}"]
    how = "fitted on all training rows" if final.refitted else "averaged over the folds"
    if len(names) == 1:
        return f"{names[0]}, {how}"
    return f"{final.choice.combiner.name} of {', '.join(names)}, {how}"
