"""What features that describe pictures by numbers share."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np

from sevenfold.core.arrays import Bytes, Floats
from sevenfold.core.feature import Feature
from sevenfold.core.inputs import Block, Columns, Form
from sevenfold.core.state import State
from sevenfold.core.task import Target
from sevenfold.features.images.pictures import contents, decode, look, pixels, require_pillow


class PictureNumbers(Feature):
    """Numbers of each picture of each input column; NaN for a broken or missing one. Picture by picture, so that
    a row's numbers do not depend on the rows beside it."""

    _channels: tuple[int, ...]

    @property
    @abstractmethod
    def side(self) -> int:
        """Pixels a side at which pictures are looked at."""

    @abstractmethod
    def describe(self, picture: Bytes) -> Floats:
        """(numbers,) of a (side, side, channels) picture."""

    @abstractmethod
    def labels(self, channels: int) -> list[str]:
        """A name for each of these numbers."""

    def fit(self, columns: Columns, target: Target | None, stream: np.random.Generator) -> Block:
        """See `Feature.fit`."""
        require_pillow()
        self._channels = tuple(look(contents(columns, name), name)[1] for name in self.inputs)
        return self.transform(columns)

    def transform(self, columns: Columns) -> Block:
        """See `Feature.transform`."""
        require_pillow()
        names: list[str] = []
        parts: list[Any] = []
        for name, channels in zip(self.inputs, self._channels, strict=True):
            labels = self.labels(channels)
            values = np.full((columns.rows, len(labels)), np.nan)
            for row, content in enumerate(contents(columns, name)):
                picture, broken = pixels(decode(content), self.side, channels)
                if not broken:
                    values[row] = self.describe(picture)
            names += [f"{name}: {label}" for label in labels]
            parts.append(values)
        return Block(Form.NUMBERS, tuple(names), np.concatenate(parts, axis=1))

    def state(self) -> State:
        """See `Feature.state`."""
        return {"channels": list(self._channels)}

    def restore(self, state: State) -> None:
        """See `Feature.restore`."""
        self._channels = tuple(state["channels"])
