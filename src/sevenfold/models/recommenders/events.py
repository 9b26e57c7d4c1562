"""Who did what: events of users with items as sparse rows, kept as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.arrays import Codes, Floats, Ints
from sevenfold.core.errors import DataError
from sevenfold.core.inputs import Form, Inputs
from sevenfold.core.state import State
from sevenfold.core.task import Target

if TYPE_CHECKING:
    from scipy import sparse


@dataclass(frozen=True)
class Events:
    """Each user's items, every pair once, ordered by item.

    Args:
        users, items: how many there are.
        starts: (users + 1,) where each user's items begin.
        items_of: items, user after user.
        strengths: a rating for each of them: the mean, where a pair occurred more than once.
    """

    users: int
    items: int
    starts: Ints
    items_of: Codes
    strengths: Floats

    @classmethod
    def learn(cls, inputs: Inputs, target: Target) -> Events:
        """From an IDS block of two columns, user and item; rows without a known user or item are left out.

        Raises:
            DataError: the block has other columns, or no row is left.
        """
        user, item = pairs(inputs)
        block = inputs[Form.IDS]
        users, items = (int(level) for level in block.levels)
        known = (user >= 0) & (item >= 0) & np.isfinite(target.values)
        keys = user[known].astype(np.int64) * items + item[known]
        if not len(keys):
            raise DataError("There are no events to learn from.", "rows with a user and an item", "none")
        distinct, place = np.unique(keys, return_inverse=True)
        times = np.bincount(place)
        strengths = np.bincount(place, weights=target.values[known]) / times
        starts = np.searchsorted(distinct // items, np.arange(users + 1)).astype(np.int64)
        return cls(users, items, starts, (distinct % items).astype(np.int32), strengths)

    def of(self, user: int) -> tuple[Codes, Floats]:
        """A user's items and their strengths; none for a user who is unknown."""
        if not 0 <= user < self.users:
            return self.items_of[:0], self.strengths[:0]
        rows = slice(int(self.starts[user]), int(self.starts[user + 1]))
        return self.items_of[rows], self.strengths[rows]

    def quantile(self, share: float) -> float:
        """The strength that this share of the events does not reach."""
        return float(np.quantile(self.strengths, share, method="lower"))

    def at_least(self, least: float) -> Events:
        """The events of at least that strength."""
        kept = self.strengths >= least
        before = np.concatenate([[0], np.cumsum(kept)])
        return Events(self.users, self.items, before[self.starts], self.items_of[kept], self.strengths[kept])

    @property
    def counts(self) -> Floats:
        """(items,) users of each item."""
        return np.bincount(self.items_of, minlength=self.items).astype(np.float64)

    @property
    def user_of(self) -> Ints:
        """The user of each event."""
        return np.repeat(np.arange(self.users), np.diff(self.starts))

    def matrix(self) -> sparse.csr_matrix:
        """(users, items) with a 1 for each event."""
        from scipy import sparse

        return sparse.csr_matrix((np.ones(len(self.items_of)), self.items_of, self.starts), (self.users, self.items))

    def state(self) -> State:
        """As data, the inverse of `restored`."""
        return {
            "users": self.users,
            "items": self.items,
            "starts": self.starts,
            "items_of": self.items_of,
            "strengths": self.strengths,
        }

    @classmethod
    def restored(cls, state: State) -> Events:
        """The events whose `state` this is."""
        return cls(**{name: state[name] for name in ("users", "items", "starts", "items_of", "strengths")})


def pairs(inputs: Inputs) -> tuple[Any, Any]:
    """The user and the item of each row, -1 where unknown.

    Raises:
        DataError: the IDS block has not exactly two columns.
    """
    block = inputs[Form.IDS]
    if block.values.shape[1] != 2:
        raise DataError("A recommender needs a user and an item.", "two columns", ", ".join(block.names) or "none")
    return block.values[:, 0], block.values[:, 1]
