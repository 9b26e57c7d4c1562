"""Pictures as pixels, all of one size, for networks."""

from __future__ import annotations

import numpy as np

from sevenfold.core.dataset import Kind
from sevenfold.core.errors import DataError
from sevenfold.core.feature import Feature, FeatureSpec
from sevenfold.core.inputs import Block, Columns, Form
from sevenfold.core.space import Choice, Integer, Space
from sevenfold.core.state import State
from sevenfold.core.task import Target
from sevenfold.features.images.pictures import contents, look, require_pillow, stack


class PicturePixels(Feature):
    """Decodes one column of pictures. Broken and missing ones become mid-grey; `broken` counts those of training."""

    spec = FeatureSpec(
        name="picture_pixels",
        takes=frozenset({Kind.IMAGE}),
        gives=Form.IMAGES,
        summary="Each picture decoded, turned upright and resized to one square size.",
        space=Space(
            size=Integer(0, 0, 512, help="pixels a side; 0 takes it from the training pictures, at most 64"),
            channels=Choice(0, (0, 1, 3), help="1 for grey, 3 for colour; 0 takes it from the training pictures"),
        ),
        extra="image",
    )

    broken: int = 0
    _size: int
    _channels: int

    def fit(self, columns: Columns, target: Target | None, stream: np.random.Generator) -> Block:
        """See `Feature.fit`."""
        require_pillow()
        if len(self.inputs) != 1:
            raise DataError("A network sees one picture a row.", "one column of pictures", ", ".join(self.inputs))
        encoded = contents(columns, self.inputs[0])
        size, channels = look(encoded, self.inputs[0])
        self._size = self.params["size"] or size
        self._channels = self.params["channels"] or channels
        values, self.broken = stack(encoded, self._size, self._channels)
        return Block(Form.IMAGES, self.inputs, values)

    def transform(self, columns: Columns) -> Block:
        """See `Feature.transform`."""
        require_pillow()
        values, _ = stack(contents(columns, self.inputs[0]), self._size, self._channels)
        return Block(Form.IMAGES, self.inputs, values)

    def state(self) -> State:
        """See `Feature.state`."""
        return {"size": self._size, "channels": self._channels, "broken": self.broken}

    def restore(self, state: State) -> None:
        """See `Feature.restore`."""
        self._size, self._channels, self.broken = state["size"], state["channels"], state["broken"]
