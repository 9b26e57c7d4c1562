"""The models that a server answers with: who asks for a name and a version is given the model behind it."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import TracebackType
from typing import Any

from sevenfold.core.errors import RequestError
from sevenfold.deployment.model import LoadedModel
from sevenfold.deployment.people import OneRow, pictures_of
from sevenfold.deployment.recorder import Recorder
from sevenfold.deployment.request import HttpError
from sevenfold.deployment.tensor_row import TensorRow


class Hosted:
    """One version of one model. Used from the event loop only; a block of `with` is one use.

    Args:
        model: predicts.
        name, version: under which clients know it.
        recorder: takes down what it is asked and answers.
    """

    def __init__(self, model: LoadedModel, name: str, version: str, recorder: Recorder | None = None) -> None:
        self.model = model
        self.name = name
        self.version = version
        self.labels = (name, version)
        self.recorder = recorder
        self.way: tuple[object, Any] | None = None  # who answers with it, and that one's lane to it
        self.uses = 0  # requests that hold it now; nothing may be taken from it before this is zero

    @cached_property
    def one_row(self) -> OneRow:
        """Writes its answers to single records."""
        return OneRow(self.model)

    @cached_property
    def tensor_row(self) -> TensorRow:
        """Reads plain tensors of one row, and writes its answers to them."""
        return TensorRow(self.model, self.name, self.version)

    @cached_property
    def pictures(self) -> tuple[str, ...]:
        """Its columns of pictures."""
        return pictures_of(self.model)

    def __enter__(self) -> Hosted:
        self.uses += 1
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.uses -= 1


@dataclass(frozen=True)
class Slot:
    """What is behind one name.

    Args:
        current: answers.
        canary: answers some of the requests instead; None for none.
        share: of the requests, in [0, 1].
    """

    current: Hosted
    canary: Hosted | None = None
    share: float = 0.0

    @property
    def all(self) -> tuple[Hosted, ...]:
        """Current one first."""
        return (self.current,) if self.canary is None else (self.current, self.canary)


class Host:
    """Holds models by name. Requests are given theirs in the event loop; any thread may put another in its place.

    A slot is replaced as a whole by one assignment: a request gets the old one or the new one, and keeps it to its end.

    Args:
        hosted: one for each name; the first is meant where none is named.
    """

    def __init__(self, *hosted: Hosted) -> None:
        names = [one.name for one in hosted]
        if not names or len(set(names)) < len(names):
            raise RequestError(
                "Two models cannot have one name.", "a name for each", ", ".join(names), "Choose another --name."
            )
        self._first = names[0]
        self._slots = {one.name: Slot(one) for one in hosted}
        self._retired: list[Hosted] = []
        self._resting: list[Hosted] = []
        self._changing = threading.Lock()

    @property
    def all(self) -> tuple[Hosted, ...]:
        """Every version of every model, the one that is meant where none is named first."""
        return tuple(hosted for slot in list(self._slots.values()) for hosted in slot.all)

    @property
    def ready(self) -> bool:
        """Whether every model is loaded."""
        return True

    def slot(self, name: str) -> Slot:
        """What is behind a name now."""
        return self._slots[name]

    def pick(self, name: str | None, version: str | None, key: str) -> Hosted:
        """The model that answers one request.

        Args:
            name: None for the only or first one.
            version: None for the one that is in use.
            key: of the request; the same key is always given the same version.
        Raises:
            HttpError: 404, there is no such name or version.
        """
        slot = self._slots.get(self._first if name is None else name)
        if slot is None:
            raise HttpError(404, "There is no such model here; there is: " + ", ".join(self._slots) + ".")
        if version is None:
            if slot.canary is not None and part_of(key) < slot.share:
                return slot.canary
            return slot.current
        for hosted in slot.all:
            if hosted.version == version:
                return hosted
        known = ", ".join(hosted.version for hosted in slot.all)
        raise HttpError(404, f"There is no such version of the model here; there is: {known}.")

    def only(self, name: str | None) -> Hosted | None:
        """The model that `pick` gives to every request for a name; None where that depends, or there is none."""
        slot = self._slots.get(self._first if name is None else name)
        return None if slot is None or slot.canary is not None else slot.current

    def use(self, name: str | None, version: str | None, key: str) -> Hosted:
        """`pick` for a block of `with`: the model stays until the block ends."""
        return self.pick(name, version, key)

    def swap(self, hosted: Hosted) -> None:
        """Let this model answer under its name from now on; requests under way end with the one they have."""
        with self._changing:
            slot = self._slots[hosted.name]
            self._slots[hosted.name] = replace(slot, current=hosted)
            self._retired.append(slot.current)

    def try_out(self, name: str, canary: Hosted | None, share: float = 0.0) -> None:
        """Let a canary answer a share of a name's requests, or none any more."""
        if not 0 <= share <= 1:
            raise RequestError("A share of requests is out of range.", "from 0 to 1", str(share), "Say 0.1.")
        with self._changing:
            slot = self._slots[name]
            self._slots[name] = replace(slot, canary=canary, share=share)
            if slot.canary is not None:
                self._retired.append(slot.canary)

    def let_go(self) -> int:
        """Close the recorders of replaced models that no request holds any more; how many models are left.

        A model rests from one call to the next before it is let go: a request that was given it at the very moment of
        the swap has taken hold of it by then.
        """
        with self._changing:
            free = [hosted for hosted in self._resting if hosted.uses == 0]
            self._resting = [*(hosted for hosted in self._resting if hosted.uses), *self._retired]
            self._retired = []
        _close(free)
        return len(self._resting)

    def close(self) -> None:
        """Write what the recorders still hold."""
        with self._changing:
            retired = [*self._resting, *self._retired]
            self._resting, self._retired = [], []
        _close([*retired, *self.all])


def part_of(key: str) -> float:
    """A number in [0, 1) that depends on the key alone and is spread evenly: who tries again goes the same way."""
    return int.from_bytes(hashlib.blake2b(key.encode("utf-8", "surrogateescape"), digest_size=7).digest()) / 2**56


def _close(those: Sequence[Hosted]) -> None:
    for hosted in those:
        if hosted.recorder is not None:
            hosted.recorder.close()
