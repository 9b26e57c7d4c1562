"""Histograms of oriented gradients: shapes in pictures, as numbers that linear models and SVMs do well with."""

from __future__ import annotations

import numpy as np

from sevenfold.core.arrays import Bytes, Floats
from sevenfold.core.dataset import Kind
from sevenfold.core.feature import FeatureSpec
from sevenfold.core.inputs import Form
from sevenfold.core.space import Integer, Space
from sevenfold.features.images.described import PictureNumbers

CLIP = 0.2


class PictureHog(PictureNumbers):
    """Gradients of brightness (of the strongest channel), gathered by orientation over cells, normalised over blocks
    of 2 x 2 cells, clipped and normalised again."""

    spec = FeatureSpec(
        name="picture_hog",
        takes=frozenset({Kind.IMAGE}),
        gives=Form.NUMBERS,
        summary="Directions of edges over a grid of cells: a strong cheap description of shapes.",
        space=Space(
            cells=Integer(7, 2, 16, help="cells a side"),
            cell_pixels=Integer(4, 2, 16, help="pixels a side of each cell; the picture is resized to fit"),
            orientations=Integer(9, 2, 18, help="directions told apart"),
        ),
        source="Dalal & Triggs 2005",
        extra="image",
    )

    @property
    def side(self) -> int:
        """See `PictureNumbers.side`."""
        return int(self.params["cells"] * self.params["cell_pixels"])

    def describe(self, picture: Bytes) -> Floats:
        """See `PictureNumbers.describe`."""
        cells, orientations = self.params["cells"], self.params["orientations"]
        values = np.sqrt(picture.astype(np.float64) / 255.0)  # evens out shadows and glare
        padded = np.pad(values, ((1, 1), (1, 1), (0, 0)), mode="edge")
        down, across = padded[2:, 1:-1] - padded[:-2, 1:-1], padded[1:-1, 2:] - padded[1:-1, :-2]
        strengths = np.hypot(down, across)
        strongest = strengths.argmax(axis=2)[:, :, None]
        strength = np.take_along_axis(strengths, strongest, axis=2)[:, :, 0]
        angle = np.arctan2(
            np.take_along_axis(down, strongest, axis=2)[:, :, 0], np.take_along_axis(across, strongest, axis=2)[:, :, 0]
        )
        # A direction and its opposite are one; each gradient is shared between the two nearest orientations.
        place = (angle % np.pi) / np.pi * orientations
        first = np.floor(place).astype(np.int64)
        share = place - first
        rows = np.arange(self.side) // self.params["cell_pixels"]
        cell = (rows[:, None] * cells + rows) * orientations
        size = cells * cells * orientations
        gathered = np.bincount((cell + first % orientations).ravel(), (strength * (1 - share)).ravel(), size)
        gathered += np.bincount((cell + (first + 1) % orientations).ravel(), (strength * share).ravel(), size)
        grid = gathered.reshape(cells, cells, orientations)
        blocks = np.concatenate([grid[:-1, :-1], grid[:-1, 1:], grid[1:, :-1], grid[1:, 1:]], axis=2)
        blocks = np.minimum(blocks / _length(blocks), CLIP)
        return (blocks / _length(blocks)).ravel()

    def labels(self, channels: int) -> list[str]:
        """See `PictureNumbers.labels`."""
        places = range(self.params["cells"] - 1)
        parts = range(4 * self.params["orientations"])
        return [
            f"edges at {down + 1}, {across + 1} no. {part + 1}"
            for down in places
            for across in places
            for part in parts
        ]


def _length(blocks: Floats) -> Floats:
    return np.sqrt(np.square(blocks).sum(axis=2, keepdims=True) + 1e-4)
