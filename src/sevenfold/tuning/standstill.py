"""When a search stands still: variants no longer gain what could be told from luck, or nothing is left to gain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sevenfold.tuning.trial import Status, Trial

_IN_VAIN = 100  # variants, one after the other, that gain next to nothing: then more time would buy nothing
_REAL_GAIN = 0.005  # of the gain over the constant


@dataclass
class Standstill:
    """Counts trials since one has last gained something real.

    Args:
        best: loss at the last real gain.
        in_vain: trials since then.
    """

    best: float = float("inf")
    in_vain: int = 0

    def weigh(self, trial: Trial, constant: Trial | None) -> None:
        """Count an ended trial.

        Args:
            trial: any; those that failed or were cut say nothing.
            constant: the constant baseline, once it is scored.
        """
        if trial.status not in (Status.FINISHED, Status.PRUNED) or trial.recipe.model == "constant":
            return
        gained = self.best - trial.loss
        whole = 0.0 if constant is None else constant.loss - trial.loss  # without a constant any gain is one
        if trial.status is Status.FINISHED and gained > 0.0 and gained > _REAL_GAIN * max(whole, 0.0):
            self.best, self.in_vain = trial.loss, 0
        else:
            self.in_vain += 1  # measured from the last real gain on: many small ones may add up to one

    @property
    def reason(self) -> str:
        """Why the search stands still, or ""."""
        if self.in_vain < _IN_VAIN:
            return ""
        return (
            f"the last {self.in_vain} variants gained less than {_REAL_GAIN:.1%} of what is gained over the "
            "constant: more time would buy nothing that could be told from luck"
        )


def perfect(trials: Sequence[Trial], best_value: float | None) -> bool:
    """Whether a trial has nothing left to gain on any fold.

    Args:
        trials: all of the run.
        best_value: what the metric gives where nothing is wrong, None where there is no such value.
    """
    return best_value is not None and any(
        t.status is Status.FINISHED and all(r.value == best_value for r in t.folds.values()) for t in trials
    )
