"""How good rankings are: every item is ranked for every user, without sampling (Krichene & Rendle 2020)."""

from __future__ import annotations

from typing import Any

import numpy as np

from sevenfold.core.arrays import Codes, Floats, Ints
from sevenfold.core.errors import DataError
from sevenfold.core.model import Recommender

CHUNK_SCORES = 4_000_000  # scores held at a time


def ranking_scores(recommender: Recommender, users: Codes, items: Codes, k: int = 10) -> dict[str, Floats]:
    """Each user's scores, for the users who have something to be found.

    Items that a user has in the training rows are not ranked and so are no truth either. Items that are
    unknown to the recommender cannot be found, and count as missed. Memory does not grow with users.

    Args:
        recommender: fitted.
        users: (rows,) the user of each true event; -1 for unknown ones, who count as one user each.
        items: (rows,) the item of each, -1 for unknown ones.
        k: length of the list.
    Returns:
        "user" (users,) their codes, and for each of "ndcg", "recall", "map", "hit" (any at all) a value in [0, 1].
        NDCG has gains of 1 and base-2 discounts and is divided by the best that k places allow; recall is the share
        of the true items; average precision is divided by min(k, true items).
    Raises:
        DataError: lengths differ, there are no rows, k is below 1, or nothing is left to be found.
    """
    if len(users) != len(items) or not len(users) or k < 1:
        raise DataError("A ranking cannot be measured.", "a user for each item, k >= 1", f"{len(users)} users, k {k}")
    groups = _groups(users, items)
    width = max(1, recommender.rank(np.asarray([-1], np.int32)).shape[1])
    step = max(1, CHUNK_SCORES // width)
    rows: list[tuple[float, ...]] = []
    for start in range(0, len(groups), step):
        some = groups[start : start + step]
        scores = recommender.rank(np.asarray([user for user, _ in some], np.int32))
        for (user, wanted), own in zip(some, scores, strict=True):
            row = _measure(user, wanted, own, k)
            if row is not None:
                rows.append(row)
    if not rows:
        raise DataError("There is nothing to be found.", "events that are not in the training rows", "none")
    table = np.asarray(rows)
    return {name: table[:, number] for number, name in enumerate(("user", "ndcg", "recall", "map", "hit"))}


def top_items(scores: Floats, k: int) -> Ints:
    """The k best items of one user, best first; fewer where fewer are left. Those of -inf never occur.

    Equal scores are ordered by a fixed shuffle of the items, so that neither their order in the file nor
    their popularity decides.
    """
    count = min(k, int((scores > -np.inf).sum()))
    if count == 0:
        return np.empty(0, np.int64)
    least = np.partition(scores, -count)[-count]
    best = np.flatnonzero(scores >= least)
    order = np.lexsort((_shuffled(best), -scores[best]))
    return best[order[:count]]


def _shuffled(numbers: Ints) -> Any:
    """A fixed scatter of item numbers (multiplicative hashing, Knuth)."""
    return (numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(20)


def _groups(users: Codes, items: Codes) -> list[tuple[int, Codes]]:
    """The distinct items of each user, in the order of users; each row of an unknown user by itself."""
    order = np.lexsort((items, users))
    groups: list[tuple[int, Codes]] = []
    starts = np.flatnonzero(np.diff(users[order], prepend=users[order[0]] - 1))
    for rows in np.split(order, starts[1:]):
        user = int(users[rows[0]])
        if user < 0:
            groups.extend((user, items[row : row + 1]) for row in rows)
            continue
        own = items[rows]
        known = np.unique(own[own >= 0])
        groups.append((user, np.concatenate([known, own[own < 0]])))
    return groups


def _measure(user: int, wanted: Codes, scores: Floats, k: int) -> tuple[float, ...] | None:
    reachable = wanted[wanted >= 0]
    reachable = reachable[scores[reachable] > -np.inf]
    true = len(reachable) + int((wanted < 0).sum())
    if true == 0:
        return None
    hits = np.isin(top_items(scores, k), reachable)
    places = np.arange(1, len(hits) + 1)
    best = min(k, true)
    ideal = (1.0 / np.log2(np.arange(2, best + 2))).sum()
    gained = (hits / np.log2(places + 1)).sum()
    precision = (hits * np.cumsum(hits) / places).sum()
    return float(user), float(gained / ideal), float(hits.sum() / true), float(precision / best), float(hits.any())
