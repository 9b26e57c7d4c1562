"""The interface of an executor: jobs go in, outcomes come out, and a job that runs away can be killed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sevenfold.tuning.job import Job, JobResult


@dataclass(frozen=True)
class Outcome:
    """How a job ended: with a result, or with the reason why there is none."""

    job: Job
    result: JobResult | None
    reason: str = ""


class Executor(ABC):
    """Runs jobs on a workspace. Used from one thread at a time.

    The outcome of a job does not depend on the executor or the order in which jobs are done.
    """

    @property
    @abstractmethod
    def slots(self) -> int:
        """How many jobs run at once."""

    @property
    def beside(self) -> bool:
        """Whether jobs run in processes of their own, so that whoever waits for them may do something else."""
        return False

    @abstractmethod
    def open(self, workspace: Path) -> None:
        """Make ready to run jobs on the workspace saved in that folder."""

    @abstractmethod
    def submit(self, job: Job) -> None:
        """Start a job; call only while `running` is less than `slots`."""

    @property
    @abstractmethod
    def running(self) -> int:
        """Jobs that were submitted and have no outcome yet."""

    @abstractmethod
    def wait(self, seconds: float) -> Sequence[Outcome]:
        """Outcomes since the last call; waits for the first one, but no longer than `seconds`.

        Jobs past their `kill_at`, or over the memory limit, are killed here and have an outcome with a reason.
        """

    @abstractmethod
    def cancel(self, trial: str) -> None:
        """Kill the running jobs of a trial; they get no outcome."""

    def refresh(self) -> None:
        """Let go of what former jobs have left behind, where that is much."""
        return

    def settle(self) -> None:
        """Let go of what makes more workers than there are: the fits that follow need none."""
        return

    def rest(self) -> None:
        """Let go of what is held for further jobs, beyond those that run: none is expected soon."""
        return

    @abstractmethod
    def close(self) -> None:
        """Kill what runs and let go of everything. May be called twice."""

    def __enter__(self) -> Executor:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
