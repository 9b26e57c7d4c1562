"""What the features of pictures keep to."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image

from sevenfold.core.errors import DataError
from sevenfold.core.feature import Feature
from sevenfold.core.inputs import Columns, Form
from sevenfold.core.state import pack, unpack
from sevenfold.features.images.picture_hog import PictureHog
from sevenfold.features.images.picture_pixels import PicturePixels
from sevenfold.features.images.picture_stats import PictureStats

EVERY: list[tuple[type[Feature], dict[str, Any]]] = [
    (PicturePixels, {}),
    (PicturePixels, {"size": 9, "channels": 1}),
    (PictureStats, {}),
    (PictureHog, {}),
    (PictureHog, {"cells": 3, "cell_pixels": 5, "orientations": 6}),
]
every = pytest.mark.parametrize(("kind", "params"), EVERY)


def encoded(values: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.asarray(values, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def pictures(rows: int = 6, channels: int = 3, seed: int = 0) -> Columns:
    generator = np.random.default_rng(seed)
    contents: list[bytes | None] = [
        encoded(generator.integers(0, 256, (20 + row, 25, channels)).squeeze()) for row in range(rows)
    ]
    contents[2], contents[4] = None, b"broken"
    return Columns(pl.DataFrame({"picture": pl.Series(contents, dtype=pl.Binary)}))


def made(kind: type[Feature], params: dict[str, Any], columns: Columns) -> tuple[Feature, Any]:
    feature = kind(("picture",), **params)
    return feature, feature.fit(columns, None, np.random.default_rng(0))


@every
def test_a_row_alone_gives_what_it_gives_among_others(kind: type[Feature], params: dict[str, Any]) -> None:
    columns = pictures()
    feature, block = made(kind, params, columns)
    assert block.form is kind.spec.gives
    assert np.array_equal(feature.transform(columns).values, block.values, equal_nan=True)
    for row in range(6):
        alone = feature.transform(Columns(columns.table[row : row + 1]))
        assert np.array_equal(alone.values[0], block.values[row], equal_nan=True)
        assert alone.names == block.names


@every
def test_restored_from_data_it_does_the_same(kind: type[Feature], params: dict[str, Any]) -> None:
    feature, _ = made(kind, params, pictures(channels=1))
    again = kind(("picture",), **params)
    again.restore(unpack(pack(feature.state())))
    fresh = pictures(seed=1)
    assert np.array_equal(feature.transform(fresh).values, again.transform(fresh).values, equal_nan=True)
    assert feature.transform(fresh).names == again.transform(fresh).names


@every
def test_no_rows_give_no_rows(kind: type[Feature], params: dict[str, Any]) -> None:
    feature, block = made(kind, params, pictures())
    assert feature.transform(Columns(pictures().table[:0])).values.shape == (0, *block.values.shape[1:])


@pytest.mark.parametrize(("kind", "params"), EVERY[2:])
def test_numbers_are_missing_where_the_picture_is(kind: type[Feature], params: dict[str, Any]) -> None:
    _, block = made(kind, params, pictures())
    assert np.isnan(block.values).all(axis=1).tolist() == [False, False, True, False, True, False]
    assert np.isfinite(block.values[[0, 1, 3, 5]]).all()
    assert block.values.shape[1] == len(block.names) == len(set(block.names))


def test_pixels_take_size_and_channels_from_training_and_count_the_broken() -> None:
    feature, block = made(PicturePixels, {}, pictures())
    assert block.values.shape == (6, 22, 22, 3)
    assert block.values.dtype == np.uint8
    assert isinstance(feature, PicturePixels)
    assert feature.broken == 2
    assert made(PicturePixels, {}, pictures(channels=1))[1].values.shape[3] == 1
    with pytest.raises(DataError, match="one picture"):
        PicturePixels(("a", "b")).fit(pictures(), None, np.random.default_rng(0))


def test_hog_tells_the_direction_of_edges() -> None:
    down = np.repeat(np.sin(np.arange(28))[None, :] * 100 + 120, 28, axis=0)
    columns = Columns(pl.DataFrame({"picture": [encoded(down), encoded(down.T), encoded(down[:, ::-1])]}))
    _, block = made(PictureHog, {}, columns)
    strongest = block.values.reshape(3, -1, 9).sum(axis=1).argmax(axis=1)
    assert strongest.tolist() == [0, 4, 0] or strongest.tolist() == [0, 5, 0]
    squares = np.square(block.values.reshape(3, -1, 36)).sum(axis=2)
    assert (squares < 1.001).all()


def test_hog_is_hardly_moved_by_light() -> None:
    generator = np.random.default_rng(0)
    dark = generator.integers(20, 60, (28, 28))
    columns = Columns(pl.DataFrame({"picture": [encoded(dark), encoded(dark * 4), encoded(dark.T)]}))
    _, block = made(PictureHog, {}, columns)
    same, other = (np.linalg.norm(block.values[0] - block.values[i]) for i in (1, 2))
    assert same < 0.1 * other


def test_stats_are_what_they_are_called() -> None:
    red = np.zeros((16, 16, 3))
    red[..., 0] = 255
    red[:8] = 0
    _, block = made(PictureStats, {"grid": 2}, Columns(pl.DataFrame({"picture": [encoded(red)]})))
    told = dict(zip(block.names, block.values[0], strict=True))
    assert told["picture: mean red"] == pytest.approx(0.5)
    assert told["picture: spread of red"] == pytest.approx(0.5, abs=0.02)
    assert told["picture: mean blue"] == 0
    assert told["picture: brightness at 1, 1"] < 0.02
    assert told["picture: brightness at 2, 2"] == pytest.approx(1 / 3, abs=0.02)
    assert told["picture: contrast down"] > told["picture: contrast across"] == 0


def test_forms_are_as_stated() -> None:
    assert PicturePixels.spec.gives is Form.IMAGES
    assert PictureHog.spec.gives is PictureStats.spec.gives is Form.NUMBERS
