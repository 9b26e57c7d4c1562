"""CatBoost's statistics of categories for one row: which of the known categories or combinations it has.

A combination is known by its hash, h = M (h + M v) over its elements v. That is a sum of the elements, each times a
power of M, so that the hashes of all combinations are found at once. Where words are few, the answers for every word
are tabled and no hash is computed; where they are many, the leading bits of a hash lead to the few hashes that begin
with them. Statistics of the same elements are looked up together.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from sevenfold.core.arrays import Ints

Hashes: TypeAlias = npt.NDArray[np.uint64]

Found: TypeAlias = Callable[[Ints, npt.NDArray[np.bool_]], npt.NDArray[np.bool_]]
"""From the places of a row's words and the answers to earlier questions to those of the statistics."""

_MULTIPLIER = 0x4906BA494954CB65
_MOST_TABLED = 1 << 20  # outcomes of all groups whose words are few
_SLOTS = 4  # for each hash


@dataclass(frozen=True)
class Statistic:
    """Answers that one statistic gives.

    Args:
        elements: places in the hashed values that its hash is made of, in order: categories come before answers.
        buckets: known hashes, each once.
        bits: (buckets + 1, questions) answers; the first row is that of an unknown hash.
    """

    elements: tuple[int, ...]
    buckets: Hashes
    bits: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Group:
    """Statistics of the same elements.

    Args:
        elements: see `Statistic`.
        hashes: known ones, ascending.
        bits: (hashes + 1, questions) answers; the first row is that of an unknown hash.
        questions: (questions,) place of each among those of all statistics.
    """

    elements: tuple[int, ...]
    hashes: Hashes
    bits: npt.NDArray[np.bool_]
    questions: Ints


def lookup(statistics: Sequence[Statistic], words: Hashes, categories: int) -> Found:
    """The answers of some statistics as a function; threads may share it.

    Args:
        statistics: at least one.
        words: (words,) hash of each.
        categories: columns of words; elements from there on are answers to earlier questions.
    """
    groups = sorted(_groups(statistics), key=lambda group: _outcomes(group, len(words), categories))
    running = list(itertools.accumulate(_outcomes(group, len(words), categories) for group in groups))
    few = sum(outcomes <= _MOST_TABLED for outcomes in running)
    places = _tabled(groups[:few], words, categories) if few else None
    hashed = _hashed(groups[few:], words) if few < len(groups) else None
    widths = [len(group.questions) for group in groups]
    starts = np.cumsum([0, *(group.bits.size for group in groups[:-1])])
    order = np.argsort(np.concatenate([group.questions for group in groups]))
    own = np.repeat(np.arange(len(groups)), widths)[order]
    within = np.concatenate([np.arange(width) for width in widths])[order] + starts[own]
    bits = np.concatenate([group.bits.ravel() for group in groups])
    joined = np.concatenate

    def found(at: Ints, answers: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        if hashed is None:
            assert places is not None
            rows = places(at, answers)
        else:
            rows = hashed(at, answers) if places is None else joined([places(at, answers), hashed(at, answers)])
        return bits.take(rows.take(own) + within)

    return found


def _groups(statistics: Sequence[Statistic]) -> list[_Group]:
    by_elements: dict[tuple[int, ...], list[tuple[int, Statistic]]] = {}
    first = 0
    for statistic in statistics:
        by_elements.setdefault(statistic.elements, []).append((first, statistic))
        first += statistic.bits.shape[1]
    groups = []
    for elements, members in by_elements.items():
        hashes = np.unique(np.concatenate([statistic.buckets for _, statistic in members]))
        parts = []
        for _, statistic in members:
            order = np.argsort(statistic.buckets)
            rows = _places(hashes, statistic.buckets[order])
            parts.append(statistic.bits[np.append(0, np.where(rows > 0, np.append(0, order + 1)[rows], 0))])
        questions = np.concatenate([first + np.arange(statistic.bits.shape[1]) for first, statistic in members])
        groups.append(_Group(elements, hashes, np.concatenate(parts, axis=1), questions))
    return groups


def _places(wanted: Hashes, known: Hashes) -> Ints:
    """The place of each wanted hash among the known, which ascend, counted from 1; 0 where it is not among them."""
    if not len(known):
        return np.zeros(len(wanted), np.int64)
    at = np.minimum(known.searchsorted(wanted), len(known) - 1)
    return np.where(known[at] == wanted, at + 1, 0)


def _outcomes(group: _Group, words: int, categories: int) -> int:
    """How many combinations the group's elements can have."""
    return int(np.prod([float(words) if e < categories else 2.0 for e in group.elements]).clip(max=2.0**62))


def _tabled(groups: Sequence[_Group], words: Hashes, categories: int) -> Callable[[Ints, Any], Ints]:
    """Where each group's answers begin, less the group's own start, from a table of all outcomes."""
    deepest = max(len(group.elements) for group in groups) + 1
    element = np.full((deepest, len(groups)), -1)  # the last value, which is always 1
    factor = np.zeros((deepest, len(groups)), np.int64)
    tables = []
    start = 0
    for number, group in enumerate(groups):
        size = _outcomes(group, len(words), categories)
        outcome, step = np.arange(size), 1
        hashes = np.zeros(size, np.uint64)
        for level, of in enumerate(group.elements):
            count = len(words) if of < categories else 2
            digit = (outcome // step) % count
            value = words[digit] if of < categories else digit.astype(np.uint64)
            hashes = np.uint64(_MULTIPLIER) * (hashes + np.uint64(_MULTIPLIER) * value)
            element[level, number], factor[level, number] = of, step
            step *= count
        factor[-1, number] = start
        tables.append(_places(hashes, group.hashes) * len(group.questions))
        start += size
    table, one, joined, total = np.concatenate(tables), np.ones(1, np.int64), np.concatenate, np.add.reduce

    def places(at: Ints, answers: Any) -> Ints:
        values = joined([at, answers, one])
        outcome: Any = total(values.take(element, mode="wrap") * factor, axis=0)
        return table.take(outcome)

    return places


def _hashed(groups: Sequence[_Group], words: Hashes) -> Callable[[Ints, Any], Ints]:
    """The same by hashes."""
    deepest = max(len(group.elements) for group in groups)
    element = np.zeros((deepest, len(groups)), np.int64)
    factor = np.zeros((deepest, len(groups)), np.uint64)
    for number, group in enumerate(groups):
        for level, of in enumerate(group.elements):
            element[level, number] = of
            factor[level, number] = pow(_MULTIPLIER, len(group.elements) - level + 1, 1 << 64)
    bits = [max(1, (_SLOTS * len(group.hashes)).bit_length()) for group in groups]
    shift = np.array([64 - count for count in bits], np.uint64)
    slots = [
        (group.hashes >> np.uint64(64 - count)).astype(np.int64) for group, count in zip(groups, bits, strict=True)
    ]
    counts = [np.bincount(slot, minlength=1 << count) for slot, count in zip(slots, bits, strict=True)]
    most = max(1, *(int(count.max()) for count in counts))
    # Behind each group's hashes stand as many of no meaning as are looked at together.
    lengths = [len(group.hashes) + most for group in groups]
    starts = [0, *itertools.accumulate(lengths)]
    known = np.zeros(starts[-1], np.uint64)
    row = np.zeros(starts[-1], np.int64)
    for group, start in zip(groups, starts, strict=False):
        known[start : start + len(group.hashes)] = group.hashes
        row[start : start + len(group.hashes)] = np.arange(1, len(group.hashes) + 1) * len(group.questions)
    first = np.concatenate([np.cumsum(count) - count + start for count, start in zip(counts, starts, strict=False)])
    base = np.cumsum([0, *(1 << count for count in bits[:-1])])
    near, joined, total = np.arange(most), np.concatenate, np.add.reduce

    def places(at: Ints, answers: Any) -> Ints:
        values = joined([words.take(at), answers])
        hashes = total(values.take(element) * factor, axis=0)
        looked = first.take((hashes >> shift).view(np.int64) + base)[:, None] + near
        same = known.take(looked) == hashes[:, None]
        found: Ints = (row.take(looked) * same).max(axis=1)
        return found

    return places
