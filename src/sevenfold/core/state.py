"""Learned state as data: a tree of plain values, arrays and bytes; never code, never a pickle.

On disk a state is `state.json`, `arrays.safetensors` and one file for each byte string. A bundle holds the
same three as zip members.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from sevenfold.core.errors import BundleError

State: TypeAlias = dict[str, Any]
"""Values: None, bool, int, float, str, lists and dicts of those, numpy arrays (not of objects), bytes."""

_OWN: ContextVar[bool] = ContextVar("own", default=False)
_ARRAY = "$array"
_BYTES = "$bytes"
_FLOAT = "$float"


@contextlib.contextmanager
def own_states() -> Iterator[None]:
    """Within it, states that are restored were written by this very run: models leave out the checks that guard
    native parsers against forged files."""
    token = _OWN.set(True)
    try:
        yield
    finally:
        _OWN.reset(token)


def is_own() -> bool:
    """Whether states being restored were written by this run."""
    return _OWN.get()


def pack(state: Mapping[str, Any]) -> dict[str, bytes]:
    """A state as named members: `state.json`, `arrays.safetensors`, `blob-N.bin`. Equal states, equal bytes."""
    from safetensors.numpy import save

    arrays: dict[str, Any] = {}
    blobs: dict[str, bytes] = {}
    tree = _strip(state, arrays, blobs)
    members = {"state.json": json.dumps(tree, ensure_ascii=False, allow_nan=False, sort_keys=True).encode()}
    if arrays:
        members["arrays.safetensors"] = save(arrays)
    members.update(blobs)
    return members


def unpack(members: Mapping[str, bytes]) -> State:
    """The state that `pack` wrote."""
    from safetensors.numpy import load

    try:
        arrays = load(members["arrays.safetensors"]) if "arrays.safetensors" in members else {}
        state = _fill(json.loads(members["state.json"]), arrays, members)
    except BundleError:
        raise
    except Exception as error:
        raise BundleError("A stored state cannot be read.", "members written by Sevenfold", repr(error)) from error
    if not isinstance(state, dict):
        raise BundleError("A stored state is no mapping.", "a JSON object", type(state).__name__)
    return state


def save_state(folder: Path, state: Mapping[str, Any]) -> None:
    """Write a state into a new folder, complete or not at all (temporary name, then rename)."""
    temporary = folder.with_name(folder.name + ".tmp")
    temporary.mkdir(parents=True, exist_ok=True)
    for name, content in pack(state).items():
        (temporary / name).write_bytes(content)
    temporary.rename(folder)


def load_state(folder: Path) -> State:
    """Read the state that `save_state` wrote."""
    return unpack({path.name: path.read_bytes() for path in folder.iterdir()})


def _strip(value: Any, arrays: dict[str, Any], blobs: dict[str, bytes]) -> Any:
    if isinstance(value, np.ndarray):
        if value.dtype == object:
            raise TypeError("a state holds no object arrays")
        key = f"a{len(arrays)}"
        # A byte view keeps types that safetensors lacks (unicode, datetimes) out of the file: they are refused.
        arrays[key] = np.ascontiguousarray(value)
        return {_ARRAY: key}
    if isinstance(value, bytes):
        key = f"blob-{len(blobs)}.bin"
        blobs[key] = value
        return {_BYTES: key}
    if isinstance(value, Mapping):
        # In the order of keys: members are numbered alike however the mapping was built.
        return {str(k): _strip(v, arrays, blobs) for k, v in sorted(value.items(), key=lambda item: str(item[0]))}
    if isinstance(value, list | tuple):
        return [_strip(v, arrays, blobs) for v in value]
    if isinstance(value, np.generic):
        return _strip(value.item(), arrays, blobs)
    if isinstance(value, float) and not np.isfinite(value):
        return {_FLOAT: repr(value)}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"a state holds plain data, not {type(value).__name__}")


def _fill(value: Any, arrays: Mapping[str, Any], members: Mapping[str, bytes]) -> Any:
    if isinstance(value, dict):
        if len(value) == 1:
            ((key, content),) = value.items()
            if key == _ARRAY:
                return arrays[content]
            if key == _BYTES:
                return members[content]
            if key == _FLOAT:
                return float(content)
        return {k: _fill(v, arrays, members) for k, v in value.items()}
    if isinstance(value, list):
        return [_fill(v, arrays, members) for v in value]
    return value
