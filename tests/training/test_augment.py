from __future__ import annotations

import pytest
import torch

from sevenfold.core.errors import RequestError
from sevenfold.training.augment import augment


@pytest.fixture
def images() -> torch.Tensor:
    torch.manual_seed(0)
    return torch.randint(0, 256, (40, 12, 10, 3), dtype=torch.uint8)


def test_flip_alternates_from_epoch_to_epoch(images: torch.Tensor) -> None:
    rows = torch.arange(40)
    first, second = (augment(images, rows, epoch, {"flip": 1.0}) for epoch in (0, 1))
    mirrored = [bool(torch.equal(first[i], images[i].flip(1))) for i in range(40)]
    assert 5 < sum(mirrored) < 35
    for number, turned in enumerate(mirrored):
        assert torch.equal((second if turned else first)[number], images[number])


def test_shift_moves_whole_pictures_and_mirrors_edges(images: torch.Tensor) -> None:
    moved = augment(images, torch.arange(40), 0, {"shift": 0.2})
    assert moved.shape == images.shape
    assert not torch.equal(moved, images)
    inner = {tuple(picture[4:8, 4:6].flatten().tolist()) for picture in moved}
    places = {
        tuple(picture[4 + y : 8 + y, 4 + x : 6 + x].flatten().tolist())
        for picture in images
        for y in range(-2, 3)
        for x in range(-2, 3)
    }
    assert inner <= places


def test_turn_keeps_the_middle_and_the_type(images: torch.Tensor) -> None:
    flat = torch.full_like(images, 77)
    assert torch.equal(augment(flat, torch.arange(40), 0, {"turn": 20.0}), flat)
    turned = augment(images, torch.arange(40), 0, {"turn": 20.0})
    assert turned.dtype == torch.uint8
    assert not torch.equal(turned, images)


def test_same_seed_same_pictures(images: torch.Tensor) -> None:
    settings = {"flip": 1.0, "shift": 0.1, "turn": 10.0}
    results = []
    for _ in range(2):
        torch.manual_seed(3)
        results.append(augment(images, torch.arange(40), 2, settings))
    assert torch.equal(*results)


def test_nothing_asked_nothing_done(images: torch.Tensor) -> None:
    assert augment(images, torch.arange(40), 0, {}) is images
    with pytest.raises(RequestError, match="shift"):
        augment(images, torch.arange(40), 0, {"shifts": 1.0})
