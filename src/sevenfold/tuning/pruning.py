"""When to give a trial up before its last fold: compared with better trials only on folds both have done."""

from __future__ import annotations

from collections.abc import Sequence

from sevenfold.tuning.trial import Status, Trial

# Shares of the distance between the constant baseline and the best trial. A model that is new to the run is
# kept longer than one more variant of a model already scored: an ensemble gains from what errs differently.
_NEW_MODEL = 0.15
_VARIANT = 0.02
_DEAR = 0.1  # share of the work left above which a trial's open folds must be worth their time: twice, half the gap


def hopeless(trial: Trial, others: Sequence[Trial], constant: Trial | None, share: float = 0.0) -> str:
    """Why the trial should be given up, or "" to let it go on.

    Args:
        trial: with at least one fold done.
        others: finished trials that may be compared with (see `search` for what keeps this repeatable).
        constant: the constant baseline, if it was scored.
        share: what the trial's open folds would take of all work that can still be done.
    """
    done = set(trial.folds)
    full = [other for other in others if other.status is Status.FINISHED and done <= set(other.folds)]
    if not full or not done or trial.origin == "yardstick":
        return ""
    best = min(full, key=lambda other: other.loss_on(done))
    best_loss = best.loss_on(done)
    ceiling = constant.loss_on(done) if constant is not None and done <= set(constant.folds) else None
    if ceiling is None or ceiling <= best_loss:
        return ""
    gap = (trial.loss_on(done) - best_loss) / (ceiling - best_loss)
    known = any(other.recipe.model == trial.recipe.model for other in full)
    limit = _VARIANT if known else max(_VARIANT, _NEW_MODEL * min(1.0, _DEAR / max(share, 1e-9)))
    if gap <= limit:
        return ""
    dear = f", as the others would take {share:.0%} of the time left" if share > _DEAR and not known else ""
    folds = "fold" if len(done) == 1 else "folds"
    return f"on {len(done)} common {folds} it gives up {gap:.0%} of the best trial's gain (limit {limit:.0%}{dear})"
