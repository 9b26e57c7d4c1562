"""Checkpoints of a training: one file of tensors and plain data, complete or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

FILE_NAME = "checkpoint.safetensors"
_FORMAT = 1


@dataclass(frozen=True)
class Checkpoint:
    """Where a training stands.

    Args:
        tensors: groups of named tensors: "model", "best", "optimizer".
        position: everything else, as plain data.
        digest: of the training's configuration; one that differs makes a checkpoint worthless.
    """

    tensors: Mapping[str, Mapping[str, Tensor]]
    position: Mapping[str, Any]
    digest: str


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Write under a temporary name, sync, rename: an older checkpoint stays whole until the new one is."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    flat = {
        f"{group}/{name}": tensor.detach().contiguous()
        for group, named in checkpoint.tensors.items()
        for name, tensor in named.items()
    }
    header = {"format": _FORMAT, "digest": checkpoint.digest, "position": dict(checkpoint.position)}
    temporary = folder / (FILE_NAME + ".tmp")
    save_file(flat, temporary, metadata={"checkpoint": json.dumps(header)})
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(folder / FILE_NAME)


def load_checkpoint(folder: Path, digest: str) -> Checkpoint | None:
    """The checkpoint of that configuration; None where there is none, or it is damaged or of another training."""
    from safetensors import SafetensorError, safe_open

    path = folder / FILE_NAME
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            header = json.loads(file.metadata()["checkpoint"])
            if header["format"] != _FORMAT or header["digest"] != digest:
                return None
            tensors: dict[str, dict[str, Tensor]] = {}
            for key in file.keys():  # noqa: SIM118 - no mapping: it has keys() and no iterator
                group, _, name = key.partition("/")
                tensors.setdefault(group, {})[name] = file.get_tensor(key)
    except (SafetensorError, ValueError, KeyError, TypeError, OSError):
        return None
    return Checkpoint(tensors, header["position"], digest)


def drop_checkpoint(folder: Path) -> None:
    """Remove the checkpoint of a training that is done."""
    (folder / FILE_NAME).unlink(missing_ok=True)


def optimizer_tensors(state: Mapping[str, Any]) -> dict[str, Tensor]:
    """Copies of the tensors of an optimizer's `state_dict()["state"]`, flat: "0/exp_avg"."""
    import torch

    return {
        f"{index}/{name}": value.clone() if isinstance(value, torch.Tensor) else torch.tensor(float(value))
        for index, slots in state["state"].items()
        for name, value in slots.items()
        if value is not None
    }


def optimizer_state(fresh: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    """The `state_dict` to load: the groups of a fresh optimizer and the slots that `optimizer_tensors` gave."""
    slots: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        index, _, name = key.partition("/")
        slots.setdefault(int(index), {})[name] = tensor
    return {"state": slots, "param_groups": fresh["param_groups"]}
