from __future__ import annotations

from pathlib import Path

import pytest
import torch

from sevenfold.training.checkpoints import (
    FILE_NAME,
    Checkpoint,
    drop_checkpoint,
    load_checkpoint,
    optimizer_state,
    optimizer_tensors,
    save_checkpoint,
)


def some() -> Checkpoint:
    tensors = {"model": {"layer.weight": torch.randn(3, 2), "count": torch.tensor(5)}, "best": {}}
    return Checkpoint(tensors, {"step": 12, "progress": 0.1 + 0.2, "history": [[1.0, 2.0]]}, "abc")


def test_comes_back_bit_for_bit(tmp_path: Path) -> None:
    saved = some()
    save_checkpoint(tmp_path / "new", saved)
    loaded = load_checkpoint(tmp_path / "new", "abc")
    assert loaded is not None
    assert loaded.position == saved.position
    for name, tensor in saved.tensors["model"].items():
        assert torch.equal(loaded.tensors["model"][name], tensor)


def test_another_training_has_no_checkpoint(tmp_path: Path) -> None:
    assert load_checkpoint(tmp_path, "abc") is None
    save_checkpoint(tmp_path, some())
    assert load_checkpoint(tmp_path, "other") is None
    drop_checkpoint(tmp_path)
    assert load_checkpoint(tmp_path, "abc") is None
    drop_checkpoint(tmp_path)


@pytest.mark.parametrize("kept", [0, 3, 40, 300])
def test_a_damaged_file_is_no_checkpoint(tmp_path: Path, kept: int) -> None:
    save_checkpoint(tmp_path, some())
    path = tmp_path / FILE_NAME
    path.write_bytes(path.read_bytes()[:kept])
    assert load_checkpoint(tmp_path, "abc") is None


def test_an_optimizer_goes_on_as_if_nothing_had_happened() -> None:
    def steps(module: torch.nn.Linear, optimizer: torch.optim.Optimizer, count: int) -> None:
        for _ in range(count):
            optimizer.zero_grad()
            module(torch.ones(1, 2)).sum().square().backward()
            optimizer.step()

    torch.manual_seed(0)
    one, two = torch.nn.Linear(2, 1), torch.nn.Linear(2, 1)
    first = torch.optim.AdamW(one.parameters(), lr=0.1)
    steps(one, first, 3)
    two.load_state_dict(one.state_dict())
    second = torch.optim.AdamW(two.parameters(), lr=0.1)
    second.load_state_dict(optimizer_state(second.state_dict(), optimizer_tensors(first.state_dict())))
    steps(one, first, 3)
    steps(two, second, 3)
    assert torch.equal(one.weight, two.weight)
