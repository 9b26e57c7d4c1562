"""What the end of a run needs is imported while workers train: this process has nothing to do then."""

from __future__ import annotations

import contextlib
import importlib
from dataclasses import dataclass, field
from threading import Lock

from sevenfold.training.code_pages import give_back_code

ENDING = (
    "safetensors.numpy",
    "lightgbm",
    "scipy.special",
    "scipy.optimize",
    "sevenfold.tuning.calibrate",
    "sevenfold.evaluation.full",
    "sevenfold.evaluation.intervals",
    "sevenfold.evaluation.checks.catalogue",
    "sevenfold.deployment.bundle",
    "sevenfold.report.build",
    "sevenfold.report.card",
    "sevenfold.monitoring.expected",
)


@dataclass
class Ahead:
    """Imports modules one after the other until it is told to stop, so that no two threads import at once."""

    modules: tuple[str, ...] = ENDING
    _lock: Lock = field(default_factory=Lock)
    _stopped: bool = False

    def run(self) -> None:
        """Import; a module that is not installed is left out."""
        for name in self.modules:
            with self._lock:
                if self._stopped:
                    return
                with contextlib.suppress(ImportError):
                    importlib.import_module(name)
        give_back_code()

    def stop(self) -> None:
        """No further module; returns when the one under way is there."""
        self._stopped = True
        with self._lock:
            return
