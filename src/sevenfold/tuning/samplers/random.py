"""Random search (Bergstra and Bengio 2012)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sevenfold.core.space import Space
from sevenfold.tuning.samplers.base import Sampler


class RandomSampler(Sampler):
    """Independent uniform draws, on each dimension's own scale."""

    def propose(
        self, space: Space, told: Sequence[tuple[dict[str, Any], float]], number: int, stream: np.random.Generator
    ) -> dict[str, Any] | None:
        """One random point."""
        return space.sample(stream)
