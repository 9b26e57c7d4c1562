"""What one training carries from step to step: plan, clock, journal, folder, workers."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sevenfold.api.ahead import Ahead
from sevenfold.core.config import Plan, parse_bytes
from sevenfold.core.context import Deadline, Resources, Streams
from sevenfold.core.errors import LimitError, SevenfoldError, disk_is_full
from sevenfold.core.events import Happening
from sevenfold.core.run import Event, Journal, RunFolder
from sevenfold.training.code_pages import give_back_code
from sevenfold.tuning.executors.base import Executor
from sevenfold.tuning.pulse import Pulse
from sevenfold.tuning.reserve import Reserve
from sevenfold.tuning.trial import Trial

_TIME_FOR_SLOW_CHECKS_SECONDS = 300.0
_STAGES = frozenset({Happening.FOLD_FINISHED, Happening.STEP_STARTED, Happening.SEALED_OPENED})
_EXPLAINING = frozenset({Happening.DECISION, Happening.FINDING, Happening.STEP_STARTED, Happening.STEP_FINISHED})

Listener = Callable[[Event], None]


@dataclass
class Session:
    """One training under way; `slots` jobs share the cores, whichever executor runs them.

    Events are held back until the run folder exists: a request that is wrong leaves nothing behind.
    """

    plan: Plan
    deadline: Deadline
    resources: Resources
    listener: Listener | None = None
    executor: Executor | None = None
    pulse: Pulse = field(default_factory=Pulse)
    reserve: Reserve | None = None
    slots: int = 1
    ahead: Ahead = field(default_factory=Ahead)
    _folder: RunFolder | None = None
    _journal: Journal | None = None
    _held: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def streams(self) -> Streams:
        """The run's random streams."""
        return Streams(self.plan.seed)

    @property
    def folder(self) -> RunFolder:
        """The run folder, once it exists."""
        assert self._folder is not None, "the folder is made when the data have been read"
        return self._folder

    @property
    def threads(self) -> int:
        """Cores this run may use."""
        return min(self.plan.threads or self.resources.cores, self.resources.cores * 4)

    @property
    def memory_bytes(self) -> int:
        """Memory this run may use, all processes together."""
        limit = self.resources.memory_bytes
        return min(limit, parse_bytes(self.plan.memory)) if self.plan.memory else int(limit * 0.9)

    @property
    def has_time(self) -> bool:
        """Whether checks that take seconds are worth their time."""
        return self.deadline.seconds >= _TIME_FOR_SLOW_CHECKS_SECONDS

    def settle(self, folder: RunFolder, resumed: bool = False) -> None:
        """Open the journal in the run folder and write what was held back."""
        self._folder = folder
        self._journal = Journal(folder.journal, None if resumed else self.deadline.started)
        held, self._held = self._held, []
        for kind, data in [] if resumed else held:
            self._journal.append(kind, data, synced=False)

    def note(self, kind: str, data: Mapping[str, Any] | None = None) -> None:
        """Journal an event, then tell whoever watches. A watcher that fails is let go, the run goes on."""
        if self._journal is None:
            self._held.append((kind, dict(data or {})))
            event = Event(kind, round(self.deadline.spent(), 4), dict(data or {}))
        else:
            event = self._journal.append(kind, data, synced=kind not in _EXPLAINING)
        if kind == Happening.FOLD_FINISHED:
            self.pulse.beat()
            result = event.data["result"]
            self.pulse.worked(result["seconds"], result["notes"].get("core_seconds", 0.0))
        if kind in _STAGES:
            give_back_code()
        if self.listener is not None:
            try:
                self.listener(event)
            except Exception:
                self.listener = None

    def decide(self, step: str, what: str, why: str) -> None:
        """Journal a decision with its reason."""
        self.note(Happening.DECISION, {"step": step, "what": what, "why": why})

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Mark the start and the end of one of the seven steps."""
        started = time.monotonic()
        self.note(Happening.STEP_STARTED, {"step": name})
        yield
        self.note(Happening.STEP_FINISHED, {"step": name, "took": round(time.monotonic() - started, 3)})

    def fail(self, error: BaseException) -> BaseException:
        """Journal why the run ended early, if there is a journal; the error to raise, which says how to go on."""
        begun = self._journal is not None and self.folder.journal.exists()
        way = f"sevenfold resume {self.folder.path}" if begun else "start it anew: nothing was trained yet"
        told = error
        if isinstance(error, MemoryError):
            told = LimitError(
                "Memory ran out.", "enough memory", str(error) or "none left", f"Give it more memory, then: {way}"
            )
        elif not isinstance(error, SevenfoldError) and disk_is_full(error):
            told = LimitError("The disk is full.", "room to write", str(error), f"Make room, then: {way}")
        elif isinstance(error, KeyboardInterrupt):
            told.add_note(f"To go on: {way}")
        if self._journal is not None:
            reason = told.what if isinstance(told, SevenfoldError) else f"{type(told).__name__}: {told}".rstrip(": ")
            with contextlib.suppress(OSError):
                self._journal.append(Happening.RUN_FAILED, {"reason": reason})
        return told

    def time_before(self, kept_seconds: float) -> float:
        """Seconds left when so many are kept for what follows; infinite without a budget."""
        return max(0.0, self.deadline.left() - kept_seconds)

    def packing_seconds(self, trials: Sequence[Trial]) -> float:
        """Seconds to keep for card, bundle and report; 0 without a budget."""
        return 0.0 if self.reserve is None else self.reserve.packing(trials)

    def close(self) -> None:
        """Let go of the workers."""
        if self.executor is not None:
            self.executor.close()


def default_folder(plan: Plan) -> Path:
    """runs/NAME-TIME, or what --out says."""
    if plan.out:
        return Path(plan.out)
    stem = Path(plan.data.split("?")[0].rstrip("/")).name.split(".")[0] or "data"
    if stem in ("train", "data", "-", "frame") and "/" in plan.data:
        stem = Path(plan.data.split("?")[0]).resolve().parent.name
    safe = "".join(c if c.isalnum() or c in "-_" else "-" for c in stem)[:60].strip("-") or "data"
    base = Path("runs") / f"{safe}-{time.strftime('%Y%m%d-%H%M%S')}"
    path, number = base, 1
    while path.exists():
        number += 1
        path = base.with_name(f"{base.name}-{number}")
    return path
