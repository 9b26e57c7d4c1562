"""Step 5 of a training: open the sealed test set once, and judge the model on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.api.coverage import conformal_of, rolling_coverage
from sevenfold.api.data_audit import audited
from sevenfold.api.session import Session
from sevenfold.api.validation import validation_of
from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.events import Happening
from sevenfold.core.metric import Needs
from sevenfold.core.report import Score
from sevenfold.core.run import Journal, write_json
from sevenfold.core.task import Goal
from sevenfold.evaluation.metrics.catalogue import METRICS
from sevenfold.tuning.candidates import YARDSTICKS
from sevenfold.tuning.ensemble import AverageCombiner
from sevenfold.tuning.final import load_pipeline
from sevenfold.tuning.stored import StoredMember, StoredPredictor
from sevenfold.tuning.trial import Status, Trial

if TYPE_CHECKING:
    from sevenfold.api.collect import Collected
    from sevenfold.api.tune import Final
    from sevenfold.data.checks import AuditResult

_CHECKED_ROWS = 200_000  # of the training rows, by checks of the model: a table of millions is not read once more
_LONGEST_SECONDS = 30.0  # for importances, slices and the like, where time is plenty
_REFERENCE_NAMES = ("constant", "linear")


def open_seal(session: Session, collected: Collected) -> None:
    """Journal that the sealed rows are looked at, from now on: the model is settled."""
    looks = 1 + sum(e.kind == Happening.SEALED_OPENED for e in Journal(session.folder.journal).events())
    session.note(Happening.SEALED_OPENED, {"looks": looks, "rows": len(collected.test_target)})


def evaluate_final(session: Session, collected: Collected, final: Final, trials: list[Trial]) -> dict[str, Any]:
    """Everything evaluation says of the final model, as evaluation.json holds it, with the findings of model checks."""
    from sevenfold.evaluation.full import evaluation_report

    task, workspace = collected.task, collected.workspace
    looks = sum(e.kind == Happening.SEALED_OPENED for e in Journal(session.folder.journal).events())
    validation = validation_of(session, collected, final)
    references, reference_validation = _references(session, collected, trials)
    # The other half of the time is for what the clock cannot stop, and for the fit on all rows.
    left = session.time_before(session.packing_seconds(final.choice.members))
    seconds = _LONGEST_SECONDS if left == float("inf") else min(_LONGEST_SECONDS, max(0.05, 0.5 * left))
    ranking, reference_ranking = None, None
    if METRICS.get(task.metric).spec.needs is Needs.RANKING:
        ranking = _ranking(collected, final.predictor)
        reference_ranking = {name: _ranking(collected, plain)[task.metric] for name, plain in references.items()}
    conformal = conformal_of(session, collected, final)
    evaluation = evaluation_report(
        final.predictor,
        collected.test_table,
        collected.test_target,
        task,
        workspace.schema,
        session.streams,
        seconds=seconds,
        validation=validation,
        references=references,
        reference_validation=reference_validation,
        ranking=ranking,
        reference_ranking=reference_ranking,
        looks=max(1, looks),
        conformal=conformal,
        row_seconds=_row_seconds(collected, final),
    )
    if conformal is not None:
        evaluation["conformal"] = conformal.to_json()
        evaluation["coverage"]["validation"] = rolling_coverage(session, collected, final)
    audited(session, collected)
    checked = _check(session, collected, final, evaluation)
    evaluation["model_findings"] = [finding.to_json() for finding in checked.findings]
    evaluation["model_not_applicable"] = [{"code": n.code, "reason": n.reason} for n in checked.not_applicable]
    write_json(session.folder.path / "evaluation.json", evaluation)
    return evaluation


def _row_seconds(collected: Collected, final: Final) -> float:
    """What a row took the models that are judged, as measured on the validation rows of the folds."""
    validated = max(1, len(collected.workspace.folds[0][1]))
    trials = {trial.name: trial for trial in final.choice.members}
    seconds = 0.0
    for member in final.predictor.members:
        folds = trials[member.trial].folds.values()
        each = sum(result.predict_seconds for result in folds) / max(1, len(folds))
        seconds += each * len(member.folders)
    return seconds / validated


def _references(
    session: Session, collected: Collected, trials: list[Trial]
) -> tuple[dict[str, StoredPredictor], dict[str, Score]]:
    """The yardsticks as predictors, and their validation scores."""
    from sevenfold.evaluation.validation import fold_interval

    predictors: dict[str, StoredPredictor] = {}
    scores: dict[str, Score] = {}
    names: tuple[str, ...] = YARDSTICKS[collected.task.goal.is_classification]
    if collected.task.goal is Goal.RECOMMENDATION:
        names = ("popularity",)
    for shown, name in zip(_REFERENCE_NAMES, names, strict=False):
        shown = name if collected.task.goal is Goal.RECOMMENDATION else shown
        trial = next((t for t in trials if t.recipe.model == name and t.status is Status.FINISHED), None)
        if trial is None:
            continue
        folder = session.folder.trials / trial.name
        member = StoredMember(trial.name, tuple(folder / f"fold-{fold}" for fold in sorted(trial.folds)))
        predictors[shown] = StoredPredictor(collected.task, (member,), AverageCombiner([1.0]))
        scores[shown] = fold_interval([result.value for _, result in sorted(trial.folds.items())])
    return predictors, scores


def _ranking(collected: Collected, predictor: StoredPredictor) -> dict[str, Floats]:
    """Ranking metrics of each user of the sealed rows."""
    from sevenfold.tuning.objective import rank_table

    return rank_table(load_pipeline(predictor.members[0].folders[-1]), collected.test_table, collected.task)


def _check(session: Session, collected: Collected, final: Final, evaluation: dict[str, Any]) -> AuditResult:
    """Findings of the checks that need a model; slow ones only where there is time for them."""
    from sevenfold.evaluation.checks import TrainedSubject, check

    workspace, choice = collected.workspace, final.choice
    rows = _looked_through(session, len(workspace.target))
    metric = METRICS.get(collected.task.metric).spec
    ranking = metric.needs is Needs.RANKING
    references = evaluation["references"]
    subject = TrainedSubject(
        collected.task,
        target=None if ranking else workspace.target if rows is None else workspace.target.take(rows),
        predictions=None if ranking else choice.predicted if rows is None else choice.predicted[rows],
        table=workspace.table if rows is None else workspace.part(rows, workspace.schema.names),
        schema=workspace.schema,
        validation=_score(evaluation["validation"]),
        test=_score(evaluation["test"]),
        baseline=_score(references.get("constant", {}).get("validation")),
        linear=_score(references.get("linear", {}).get("validation")),
        baseline_test=_score(references.get("constant", {}).get("test")),
        linear_test=_score(references.get("linear", {}).get("test")),
        greater_is_better=metric.greater_is_better,
        importances={entry["column"]: entry["value"] for entry in evaluation["importances"]},
        calibration_error=evaluation["metrics"].get("expected_calibration_error", {}).get("value"),
        fold_losses=tuple(result.loss for _, result in sorted(choice.members[0].folds.items())),
        streams=session.streams,
    )
    result = check(subject, slow=session.has_time)
    for finding in result.findings:
        session.note(Happening.FINDING, finding.to_json())
    return result


def _looked_through(session: Session, rows: int) -> Ints | None:
    """Training rows that checks of the model look through: very many by lot, or None for all."""
    if rows <= _CHECKED_ROWS:
        return None
    return np.sort(session.streams.generator("evaluation", "checked").permutation(rows)[:_CHECKED_ROWS])


def _score(data: Any) -> Score | None:
    return None if not data else Score(data["value"], data["low"], data["high"], data.get("rows", 0))
