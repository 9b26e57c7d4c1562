"""How many rounds a boosted model takes: until `valid` gains no more, the number given, or the clock's end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sevenfold.core.model import FitContext

_WAIT = 3.0  # rounds without gain, in units of 1 / learning rate
_ALONE = 10.0  # rounds without `valid`, in the same unit
_SPARE_SECONDS = 0.05


@dataclass(frozen=True)
class Rounds:
    """Rounds to keep, and whether the clock ended the learning."""

    kept: int
    truncated: bool


def most_rounds(params: Mapping[str, Any], watched: bool, context: FitContext) -> int:
    """The number given for a refit; else what the parameters allow, or without `valid` what the rate suggests."""
    if context.rounds is not None:
        return max(1, context.rounds)
    most = int(params["rounds"])
    return most if watched else max(1, min(most, round(_ALONE / params["learning_rate"])))


def patience(learning_rate: float) -> int:
    """Rounds to wait for a gain: more of them the smaller the steps."""
    return int(min(300, max(20, _WAIT / learning_rate)))


def expected_rounds(params: Mapping[str, Any]) -> float:
    """Rounds that a fit usually takes, for cost estimates."""
    return float(min(params["rounds"], _ALONE / params["learning_rate"] + patience(params["learning_rate"])))


def take_rounds(
    learn: Callable[[], bool], loss: Callable[[], float] | None, most: int, wait: int, context: FitContext
) -> Rounds:
    """Learn round after round.

    Args:
        learn: one round; True where nothing more can be learned.
        loss: on `valid` after the last round, smaller is better; None learns all rounds.
        most: at most so many rounds, at least one.
        wait: rounds without gain before it stops.
        context: whose clock is asked before each round.
    """
    best, best_loss, done = 1, float("inf"), 0
    started = time.monotonic()
    truncated = False
    for done in range(1, most + 1):
        finished = learn()
        if loss is not None:
            now = loss()
            if now < best_loss:
                best, best_loss = done, now
            elif done - best >= wait:
                break
        if finished:
            break
        one_round = (time.monotonic() - started) / done
        if done < most and context.seconds_left() < 3 * one_round + _SPARE_SECONDS:
            truncated = True
            break
    return Rounds(best if loss is not None else done, truncated)
