"""The interface of a sampler: what was tried goes in, what to try next comes out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from sevenfold.core.space import Space


class Sampler(ABC):
    """Proposes points of a space. Keeps no state of its own, so a resumed search asks what an unbroken one would."""

    @abstractmethod
    def propose(
        self, space: Space, told: Sequence[tuple[dict[str, Any], float]], number: int, stream: np.random.Generator
    ) -> dict[str, Any] | None:
        """The next point, or None when the space is exhausted.

        Args:
            space: dimensions to choose in.
            told: points tried so far with their losses (smaller is better), in order.
            number: how many points were proposed before.
            stream: randomness for this proposal alone.
        """
