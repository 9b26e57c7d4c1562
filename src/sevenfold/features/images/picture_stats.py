"""Colour, brightness and sharpness of pictures."""

from __future__ import annotations

import numpy as np

from sevenfold.core.arrays import Bytes, Floats
from sevenfold.core.dataset import Kind
from sevenfold.core.feature import FeatureSpec
from sevenfold.core.inputs import Form
from sevenfold.core.space import Integer, Space
from sevenfold.features.images.described import PictureNumbers

SIDE = 32


class PictureStats(PictureNumbers):
    """Mean and spread of each channel, their histograms, brightness over a coarse grid, and contrast of neighbours."""

    spec = FeatureSpec(
        name="picture_stats",
        takes=frozenset({Kind.IMAGE}),
        gives=Form.NUMBERS,
        summary="Mean colour, contrast, histograms and a coarse thumbnail of each picture.",
        space=Space(
            bins=Integer(8, 2, 32, help="bins of each channel's histogram"),
            grid=Integer(4, 1, 16, help="squares a side of the coarse thumbnail"),
        ),
        extra="image",
    )

    @property
    def side(self) -> int:
        """See `PictureNumbers.side`."""
        return SIDE

    def describe(self, picture: Bytes) -> Floats:
        """See `PictureNumbers.describe`."""
        values = picture.astype(np.float64) / 255.0
        flat = values.reshape(-1, values.shape[2])
        edges = np.linspace(0.0, 1.0, self.params["bins"] + 1)
        histograms = [np.histogram(flat[:, channel], edges)[0] / len(flat) for channel in range(flat.shape[1])]
        grey = values.mean(axis=2)
        grid = [
            part.mean()
            for strip in np.array_split(grey, self.params["grid"], axis=0)
            for part in np.array_split(strip, self.params["grid"], axis=1)
        ]
        sharpness = [np.abs(np.diff(grey, axis=axis)).mean() for axis in (0, 1)]
        return np.concatenate([flat.mean(axis=0), flat.std(axis=0), *histograms, grid, sharpness])

    def labels(self, channels: int) -> list[str]:
        """See `PictureNumbers.labels`."""
        colours = ["grey"] if channels == 1 else ["red", "green", "blue"]
        squares = range(self.params["grid"])
        return [
            *(f"mean {colour}" for colour in colours),
            *(f"spread of {colour}" for colour in colours),
            *(f"{colour} bin {number + 1}" for colour in colours for number in range(self.params["bins"])),
            *(f"brightness at {down + 1}, {across + 1}" for down in squares for across in squares),
            "contrast down",
            "contrast across",
        ]
