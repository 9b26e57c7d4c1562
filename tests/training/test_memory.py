"""Freed memory goes back to the system."""

import gc

from sevenfold.training.memory import give_back


class Ring:
    """Something that only a collection frees."""

    alive = 0

    def __init__(self) -> None:
        Ring.alive += 1
        self.itself = self

    def __del__(self) -> None:
        Ring.alive -= 1


def test_rings_are_collected() -> None:
    gc.disable()
    try:
        Ring()
        assert Ring.alive == 1
        give_back()
        assert Ring.alive == 0
    finally:
        gc.enable()
