"""Runs jobs in this process, one at a time: for small work, and where no process can be started."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sevenfold.training.fit import StepCache
from sevenfold.training.workspace import Workspace
from sevenfold.tuning.executors.base import Executor, Outcome
from sevenfold.tuning.job import Job, describe_failure, run_job


class InlineExecutor(Executor):
    """No isolation: a job can be stopped by its own clock only, not killed."""

    def __init__(self, workspace: Workspace | None = None, memory_bytes: float = float("inf")) -> None:
        self._workspace = workspace
        self._memory_bytes = memory_bytes
        self._cache = StepCache()
        self._waiting: list[Job] = []

    @property
    def slots(self) -> int:
        """One."""
        return 1

    def open(self, workspace: Path) -> None:
        """Load the workspace, unless it was given."""
        if self._workspace is None:
            self._workspace = Workspace.load(workspace)

    def submit(self, job: Job) -> None:
        """Keep the job for the next `wait`."""
        self._waiting.append(job)

    @property
    def running(self) -> int:
        """Jobs kept."""
        return len(self._waiting)

    def wait(self, seconds: float) -> Sequence[Outcome]:
        """Do the kept jobs."""
        assert self._workspace is not None, "open comes before wait"
        outcomes: list[Outcome] = []
        while self._waiting:
            job = self._waiting.pop(0)
            try:
                outcomes.append(Outcome(job, run_job(self._workspace, job, self._cache, self._memory_bytes)))
            except Exception as error:
                outcomes.append(Outcome(job, None, describe_failure(error)))
        return outcomes

    def cancel(self, trial: str) -> None:
        """Forget the trial's kept jobs."""
        self._waiting = [job for job in self._waiting if job.trial != trial]

    def close(self) -> None:
        """Forget all."""
        self._waiting.clear()
