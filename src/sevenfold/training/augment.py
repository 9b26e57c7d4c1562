"""Augmentation of batches of images: what a picture may undergo without changing its meaning.

All are one gather or one resampling on the batch, on whatever device it lies. Random numbers come from torch's
generator, which the loop seeds anew for each step.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from sevenfold.core.errors import unknown_name

if TYPE_CHECKING:
    from torch import Tensor

AUGMENTATIONS = ("flip", "shift", "turn")


def augment(images: Tensor, rows: Tensor, epoch: int, settings: Mapping[str, float]) -> Tensor:
    """Changed copies of a batch of images.

    Args:
        images: uint8 (rows, height, width, channels).
        rows: (rows,) row numbers, which decide on which epochs a picture is mirrored.
        epoch: from 0.
        settings: "flip": 1 mirrors left and right, alternating from epoch to epoch (Jordan 2024);
            "shift": at most that share of the size in each direction, edges mirrored;
            "turn": at most so many degrees, with up to a hundredth of that in stretch for each degree.
    Raises:
        RequestError: unknown name.
    """
    for name in settings:
        if name not in AUGMENTATIONS:
            raise unknown_name("Augmentation", name, AUGMENTATIONS)
    if settings.get("flip") or settings.get("shift"):
        images = _flip_and_shift(images, rows, epoch, bool(settings.get("flip")), settings.get("shift", 0.0))
    if settings.get("turn"):
        images = _turn(images, settings["turn"])
    return images


def _flip_and_shift(images: Tensor, rows: Tensor, epoch: int, flip: bool, shift: float) -> Tensor:
    import torch

    count, height, width = images.shape[:3]
    device = images.device

    def places(size: int) -> Tensor:
        most = round(size * shift)
        offsets = torch.randint(-most, most + 1, (count, 1), device=device)
        moved = torch.arange(size, device=device) + offsets
        moved = moved.abs()  # mirror at the first pixel, then at the last
        return torch.where(moved >= size, 2 * (size - 1) - moved, moved).clamp_(0, size - 1)

    down, across = places(height), places(width)
    if flip:
        # A fixed scatter of the row number: half of the pictures start mirrored, and all change at each epoch.
        mirrored = ((rows * 2654435761 // 65536) + epoch) % 2 == 1
        across = torch.where(mirrored[:, None], across.flip(1), across)
    number = torch.arange(count, device=device)[:, None, None]
    return images[number, down[:, :, None], across[:, None, :]]


def _turn(images: Tensor, degrees: float) -> Tensor:
    import torch
    from torch.nn import functional

    count = len(images)

    def uniform(most: float) -> Tensor:
        return (torch.rand(count, device=images.device) * 2 - 1) * most

    angle = uniform(math.radians(degrees))
    grow_x, grow_y = 1 + uniform(degrees / 100), 1 + uniform(degrees / 100)
    zero = torch.zeros_like(angle)
    matrix = torch.stack(
        [
            torch.stack([angle.cos() * grow_x, -angle.sin() * grow_y, zero], 1),
            torch.stack([angle.sin() * grow_x, angle.cos() * grow_y, zero], 1),
        ],
        1,
    )
    pictures = images.permute(0, 3, 1, 2).float()
    grid = functional.affine_grid(matrix, list(pictures.shape), align_corners=False)
    turned = functional.grid_sample(pictures, grid, padding_mode="reflection", align_corners=False)
    return turned.round_().clamp_(0, 255).to(torch.uint8).permute(0, 2, 3, 1)
