"""How long one job may take: when a fit that can stop early does, and when its worker is killed."""

from __future__ import annotations

from dataclasses import dataclass

_SHARE_FIRST = 0.5  # of the time left, for the first trial of a run that has learned nothing yet
_SHARE_PICTURES = 0.9  # of a network on pictures, beside which nothing else matters
_SHARE_LATER = 0.35  # for each later one
_GRANTED = 1.5  # times what a later trial is expected to take
_IMPORT_SECONDS = 8.0  # a worker's first fit of a model may take so much longer before it is killed
_MARGIN = 0.5  # seconds before the end of the search at which a fit stops
_LEAST = 0.5  # seconds that any job may take


@dataclass(frozen=True)
class Allowance:
    """Seconds from now on.

    Args:
        stop: a fit that can stop early does so.
        latest: until when that may be put off by the time that importing a library takes.
        kill: the worker is killed.
    """

    stop: float
    latest: float
    kill: float


def allowance(
    left_seconds: float,
    rounds_of_work: int,
    expected_seconds: float,
    *,
    finished: bool,
    pictures: bool,
    imports: bool,
) -> Allowance:
    """What one fold of a trial may take.

    Args:
        left_seconds: for searching.
        rounds_of_work: how often all workers are filled by the trial's open folds.
        expected_seconds: wall time that the trial's open folds should take; 0 where that is not known.
        finished: something real is finished already.
        pictures: it is a network on pictures.
        imports: the worker will import a library first.
    """
    share = _SHARE_LATER if finished else _SHARE_PICTURES if pictures else _SHARE_FIRST
    # What was taken up as fitting into the time left may use it: cut short it would show nothing.
    granted = max(share * left_seconds, _GRANTED * expected_seconds)
    stop = max(min(granted / rounds_of_work, left_seconds - _MARGIN), _LEAST)
    # A fit that cannot stop early shows with its first fold how long it takes; the others are then judged by it.
    # Until something real is finished nothing is killed before the end: a slow model is better than none.
    kill = min(left_seconds, max(share * left_seconds, 1.5 * stop + 1.0)) if finished else left_seconds
    if imports:
        kill = min(left_seconds, kill + _IMPORT_SECONDS)
    return Allowance(stop, max(_LEAST, left_seconds - _MARGIN), kill)
