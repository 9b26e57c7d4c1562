"""Statistics of categories are found alike by tables and by hashes, and as the hashes' definition says."""

from __future__ import annotations

import numpy as np
import pytest

from sevenfold.models.trees import catboost_statistics
from sevenfold.models.trees.catboost_statistics import Statistic, lookup

MULTIPLIER, WORD = 0x4906BA494954CB65, (1 << 64) - 1
CATEGORIES, ANSWERS = 3, 5


def hash_of(elements, values):
    found = 0
    for element in elements:
        found = MULTIPLIER * (found + MULTIPLIER * values[element]) & WORD
    return found


def made(stream, words):
    """Statistics of one, two and three elements, some of the same ones with other hashes known."""
    statistics = []
    for elements in ((0,), (1, 2), (0, 4), (0,), (2, 3, 7), (1, 2), (0, 1)):
        rows = [(stream.integers(len(words), size=CATEGORIES), stream.integers(2, size=ANSWERS)) for _ in range(30)]
        known = sorted({hash_of(elements, [*(int(words[i]) for i in at), *map(int, of)]) for at, of in rows})
        known = stream.permutation(np.array(known, np.uint64))
        statistics.append(Statistic(elements, known, stream.random((len(known) + 1, 3)) < 0.5))
    return statistics


@pytest.mark.parametrize("most_tabled", [0, 40, 1 << 20])
@pytest.mark.parametrize("count", [2, 12])
def test_they_are_found_by_their_hash(monkeypatch, most_tabled, count):
    monkeypatch.setattr(catboost_statistics, "_MOST_TABLED", most_tabled)
    stream = np.random.default_rng(count)
    words = stream.integers(2**63, size=count, dtype=np.uint64)
    statistics = made(stream, words)
    found = lookup(statistics, words, CATEGORIES)
    known = unknown = 0
    for _ in range(300):
        at, answers = stream.integers(count, size=CATEGORIES), stream.random(ANSWERS) < 0.5
        values = [*(int(words[i]) for i in at), *map(int, answers)]
        expected = []
        for statistic in statistics:
            where = np.flatnonzero(statistic.buckets == np.uint64(hash_of(statistic.elements, values)))
            known, unknown = known + len(where), unknown + (not len(where))
            expected += statistic.bits[1 + int(where[0]) if len(where) else 0].tolist()
        assert found(at, answers).tolist() == expected
    assert known
    assert unknown or count == 2


@pytest.mark.parametrize("most_tabled", [0, 1 << 20])
def test_a_statistic_that_knows_nothing_gives_what_it_gives_the_unknown(monkeypatch, most_tabled):
    monkeypatch.setattr(catboost_statistics, "_MOST_TABLED", most_tabled)
    nothing = Statistic((0,), np.empty(0, np.uint64), np.array([[True, False]]))
    found = lookup([nothing], np.array([3, 5], np.uint64), 1)
    assert found(np.array([1]), np.empty(0, bool)).tolist() == [True, False]
