"""The rows of a store cut into windows: what was counted in each, and a bounded sample of its rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.config import parse_seconds
from sevenfold.core.errors import RequestError
from sevenfold.monitoring.counting import sketch_rows
from sevenfold.monitoring.reference import Watchlist
from sevenfold.monitoring.rows import LoggedRows, joined, read_rows
from sevenfold.monitoring.sketches import Sketch
from sevenfold.monitoring.snapshots import Counts, read_counts
from sevenfold.monitoring.store import Reference, Store

HOUR, DAY = 3600, 86400
SHOWN = 60  # windows that are looked at, the newest ones
SAMPLED = 2_000  # rows kept of each
_ENOUGH_ROWS = 300  # a window of its own should have
_LONG_SECONDS = 3 * DAY  # from here on a window is a day at least: hours of a day differ by nature


@dataclass(frozen=True)
class Window:
    """Some rows that came one after the other.

    Args:
        start, end: seconds since 1970.
        sketch: counts of all its rows.
        sample: some of the rows that were kept.
    """

    start: float
    end: float
    sketch: Sketch
    sample: LoggedRows | None = None


@dataclass(frozen=True)
class Gathered:
    """A store, read.

    Args:
        windows: the newest ones, oldest first.
        total: counts of these windows together.
        rows: how many were counted in the whole store.
        counts: the snapshots they come from.
        damaged, foreign: lines of the log that could not be read, and rows of other models.
    """

    windows: tuple[Window, ...]
    total: Sketch
    rows: int
    counts: Counts = field(default_factory=Counts)
    damaged: int = 0
    foreign: int = 0


def gather(store: Store, reference: Reference, watched: Watchlist, window: str | None = None) -> Gathered:
    """Cut a store into windows.

    Args:
        store: the store.
        reference: of the model that is looked at.
        watched: what is counted.
        window: a number of rows, or a time such as 6h or 1d; None chooses: an hour or more, from three days on a day
            or more, so that most windows have 300 rows.
    Raises:
        RequestError: the window is neither.
    """
    by_rows = int(window) if window is not None and re.fullmatch(r"[1-9]\d{0,8}", window.strip()) else None
    seconds = None if window is None or by_rows else parse_seconds(window)
    counts = read_counts(store.counts / reference.digest, watched.digest)
    if by_rows:
        cut, damaged, foreign = _by_rows(store, reference, watched, by_rows)
        total_rows = sum(w.sketch.rows for w in cut)
    else:
        base = {float(start): snapshots.total() for start, snapshots in counts.windows.items()}
        damaged = foreign = 0
        for part in _uncounted(store, reference, counts):
            damaged, foreign = damaged + part.damaged, foreign + part.foreign
            for start, places in _starts(part.times, counts.window_seconds):
                more = _sketch(part.take(places), watched, reference)
                base[start] = base.get(start, Sketch()) + more
        total_rows = sum(sketch.rows for sketch in base.values())
        cut = _merged(base, counts.window_seconds, seconds)
    shown = _sampled(store, reference, cut[-SHOWN:])
    total = Sketch()
    for part_window in shown:
        total = total + part_window.sketch
    return Gathered(tuple(shown), total, total_rows, counts, damaged, foreign)


def boot_of(segment: str) -> str:
    """The start of a server that wrote a file of rows; it stands in the file's name."""
    parts = segment.split(".")[0].split("-")
    return parts[2] if len(parts) >= 4 else ""


def chosen_seconds(starts: Sequence[float], rows: Sequence[int], base: int) -> float:
    """A length for the windows, so that most have rows enough and the rhythm of the day does not show."""
    span = max(starts) - min(starts) + base
    lengths = [DAY, 7 * DAY, 30 * DAY] if span >= _LONG_SECONDS else [HOUR, 6 * HOUR, DAY, 7 * DAY]
    lengths = sorted({max(base, length) for length in lengths})
    for length in lengths:
        merged: dict[int, int] = {}
        for start, count in zip(starts, rows, strict=True):
            merged[int(start // length)] = merged.get(int(start // length), 0) + count
        if np.median(list(merged.values())) >= _ENOUGH_ROWS:
            return float(length)
    return float(lengths[-1])


def _merged(base: Mapping[float, Sketch], base_seconds: int, seconds: float | None) -> list[Window]:
    if not base:
        return []
    starts = sorted(base)
    length = seconds or chosen_seconds(starts, [base[s].rows for s in starts], base_seconds)
    if length < base_seconds:
        raise RequestError(
            "The windows are too short.", f"{base_seconds} s or more: rows are counted in windows of that length",
            f"{length:g} s", "Give a longer one, or a number of rows.",
        )  # fmt: skip
    length = round(length / base_seconds) * base_seconds
    made: dict[float, Sketch] = {}
    for start in starts:
        place = start // length * length
        made[place] = made.get(place, Sketch()) + base[start]
    return [Window(start, start + length, sketch) for start, sketch in sorted(made.items())]


def _uncounted(store: Store, reference: Reference, counts: Counts) -> Iterator[LoggedRows]:
    """Rows of servers that did not count, as older versions did not; of the others only what is wrong with them."""
    for name, part in read_rows(store, reference):
        if boot_of(name) in counts.boots:
            part = part.take(np.empty(0, dtype=np.int64))
        yield part


def _by_rows(store: Store, reference: Reference, watched: Watchlist, size: int) -> tuple[list[Window], int, int]:
    windows: list[Window] = []
    waiting: list[LoggedRows] = []
    damaged = foreign = held = 0
    for _, part in read_rows(store, reference):
        damaged, foreign = damaged + part.damaged, foreign + part.foreign
        waiting.append(part)
        held += part.rows
        if held >= size:
            rest = joined(waiting, reference)
            while rest.rows >= size:
                order = np.arange(rest.rows)
                windows.append(_window_of(rest.take(order[:size]), watched, reference))
                rest = rest.take(order[size:])
            waiting, held = [rest], rest.rows
    if held:
        windows.append(_window_of(joined(waiting, reference), watched, reference))
    return windows, damaged, foreign


def _window_of(part: LoggedRows, watched: Watchlist, reference: Reference) -> Window:
    times = part.times[~np.isnan(part.times)]
    first, last = (float(times.min()), float(times.max())) if len(times) else (0.0, 0.0)
    return Window(first, last, _sketch(part, watched, reference), _thinned([_keyed(part)], reference)[1])


def _keyed(part: LoggedRows) -> tuple[Floats, LoggedRows]:
    """Rows with the keys by which a sample is drawn, from a hash of what tells each row from all others.

    So the sample of a window is the same however its rows are cut, ordered or repeated: samples of several servers
    merge to the sample of their rows together (bottom-k sampling, Cohen and Kaplan 2007).
    """
    digests = [
        blake2b(f"{request}/{row}".encode(errors="replace"), digest_size=7).digest() for request, row in part.keys
    ]
    return np.array([int.from_bytes(digest, "big") / 2**56 for digest in digests], dtype=np.float64), part


def _sketch(part: LoggedRows, watched: Watchlist, reference: Reference) -> Sketch:
    ranked = any(isinstance(prediction, list) for prediction in part.predictions)
    return sketch_rows(
        watched, reference.task, part.inputs, None if ranked else list(part.predictions), part.probabilities
    )


def _starts(times: Floats, seconds: float) -> Iterator[tuple[float, np.ndarray[tuple[int], np.dtype[np.int64]]]]:
    starts = np.where(np.isnan(times), 0.0, times) // seconds * seconds
    for start in np.unique(starts):
        yield float(start), np.flatnonzero(starts == start)


def _sampled(store: Store, reference: Reference, windows: list[Window]) -> list[Window]:
    """The windows with a random sample of their rows, as far as rows were kept; see `_keyed`."""
    if not windows or any(window.sample is not None for window in windows):
        return windows
    kept: dict[int, list[tuple[Floats, LoggedRows]]] = {}
    ends = np.array([window.end for window in windows])
    for _, part in read_rows(store, reference):
        places = np.searchsorted(ends, part.times, side="right")
        for place in np.unique(places[places < len(windows)]):
            rows = np.flatnonzero((places == place) & (part.times >= windows[place].start))
            if len(rows):
                kept.setdefault(int(place), []).append(_keyed(part.take(rows)))
                if sum(len(keys) for keys, _ in kept[int(place)]) > 4 * SAMPLED:
                    kept[int(place)] = [_thinned(kept[int(place)], reference)]
    return [
        replace(window, sample=_thinned(kept[place], reference)[1]) if place in kept else window
        for place, window in enumerate(windows)
    ]


def _thinned(parts: Sequence[tuple[Floats, LoggedRows]], reference: Reference) -> tuple[Floats, LoggedRows]:
    keys = np.concatenate([keys for keys, _ in parts])
    rows = joined([part for _, part in parts], reference)
    _, once = np.unique(keys, return_index=True)  # ascending: a row that stands there twice counts once
    chosen = np.sort(once[:SAMPLED])
    return keys[chosen], rows.take(chosen)
