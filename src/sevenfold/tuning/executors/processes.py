"""Runs jobs in worker processes that can be killed, each forked from a warm zygote."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, Listener
from multiprocessing.connection import wait as wait_connections
from pathlib import Path
from typing import Any

from sevenfold.core.errors import LimitError
from sevenfold.training.memory import give_back
from sevenfold.tuning.executors.base import Executor, Outcome
from sevenfold.tuning.executors.imports import LARGEST, LIBRARIES
from sevenfold.tuning.executors.nursery import Nursery
from sevenfold.tuning.job import Job, JobResult

_START_SECONDS = 60.0
_FAIR_BYTES = 280 * 10**6  # of all workers, over what the data take
_JOBS_BETWEEN = 5  # jobs of a worker that has outgrown its share, before another one takes its place
_FULL_BYTES = 370 * 10**6  # of all workers, over what the data take: what makes further ones gives way to them
_DATA_COPIES = 3
_LOOK_SECONDS = 0.25  # how often deadlines and memory are looked at


@dataclass
class _Worker:
    connection: Connection[Any, Any]
    pid: int
    job: Job | None = None
    loaded: frozenset[str] = frozenset()
    jobs: int = 0
    zygote: int = 0


class ProcessExecutor(Executor):
    """A pool of killable workers.

    Args:
        slots: workers at once.
        memory_bytes: resident memory that one worker may take; over it, it is killed.
        log: file that receives what libraries print in workers.
    """

    def __init__(self, slots: int, memory_bytes: float = float("inf"), log: Path | None = None) -> None:
        self._slots = slots
        self._memory_bytes = memory_bytes
        self._folder = Path(tempfile.mkdtemp(prefix="sevenfold-"))
        self._address = str(self._folder / "workers")
        self._listener = Listener(self._address, family="AF_UNIX", backlog=slots + 1)
        self._workers: list[_Worker] = []
        self._workspace = ""
        self._fair_bytes = self._full_bytes = float("inf")
        self._settled = False
        self._nursery = Nursery(log)

    @property
    def slots(self) -> int:
        """Workers at once."""
        return self._slots

    @property
    def beside(self) -> bool:
        """True."""
        return True

    def limit(self, slots: int, memory_bytes: float) -> None:
        """Change the number of workers and their memory before the first job, once the data are known."""
        self._slots = slots
        self._memory_bytes = memory_bytes

    def preload(self, *modules: str) -> None:
        """Load libraries once for all workers that are forked later."""
        self._nursery.preload(*modules)

    def open(self, workspace: Path) -> None:
        """Wait until the libraries are loaded and a worker is up; workers load the workspace with their first job."""
        give_back()  # what reading the data took
        self._workspace = str(workspace)
        table = workspace / "table.arrow"
        data_bytes = table.stat().st_size if table.exists() else 0
        self._fair_bytes = _FAIR_BYTES + _DATA_COPIES * data_bytes
        self._full_bytes = _FULL_BYTES + _DATA_COPIES * data_bytes
        if not self._workers:
            self._fork()

    @property
    def _crowded(self) -> bool:
        return self._taken > self._fair_bytes

    @property
    def _taken(self) -> float:
        return sum(resident_bytes(worker.pid, shared=True) for worker in self._workers)

    @property
    def running(self) -> int:
        """Workers at a job."""
        return sum(worker.job is not None for worker in self._workers)

    def submit(self, job: Job) -> None:
        """Give the job to a free worker, making one if there is none: one that has the model's library, if there is.

        A worker is exchanged for a new one before it loads the largest library beside others, and where all of them
        have grown beyond what a training on little data may take: at once if it has other libraries, else from time
        to time, since what the heap has let go in pieces only ends with the process.
        """
        needed = frozenset(LIBRARIES.get(str(job.recipe["model"]), ()))
        free = [worker for worker in self._workers if worker.job is None]
        worker = min(free, key=lambda one: (len(needed - one.loaded), len(one.loaded))) if free else self._fork()
        others = bool(worker.loaded - needed)
        exchanged = (others and LARGEST in needed - worker.loaded) or (
            self._crowded and (others or worker.jobs >= _JOBS_BETWEEN)
        )
        if exchanged and not self._settled and self._worth_another(worker):
            self._bury(worker)
            worker = self._fork()
        worker.loaded |= needed
        worker.jobs += 1
        worker.job = job
        memory = None if self._memory_bytes == float("inf") else self._memory_bytes
        message = json.dumps({"workspace": self._workspace, "job": job.to_json(), "memory_bytes": memory}).encode()
        try:
            worker.connection.send_bytes(message)
        except (BrokenPipeError, ConnectionError):
            self._bury(worker)
            fresh = self._fork()
            fresh.job, fresh.loaded, fresh.jobs = job, needed, 1
            fresh.connection.send_bytes(message)

    def wait(self, seconds: float) -> Sequence[Outcome]:
        """Outcomes, as they come; runaways are killed."""
        end = time.monotonic() + seconds
        while True:
            outcomes = self._collect(min(_LOOK_SECONDS, max(0.0, end - time.monotonic())))
            outcomes.extend(self._kill_runaways())
            self._give_way()
            if outcomes or time.monotonic() >= end or not self.running:
                return outcomes

    def _collect(self, seconds: float) -> list[Outcome]:
        busy = {worker.connection: worker for worker in self._workers if worker.job is not None}
        outcomes: list[Outcome] = []
        for connection in wait_connections(list(busy), timeout=seconds):
            worker = busy[connection]  # type: ignore[index]
            job = worker.job
            assert job is not None
            try:
                answer = json.loads(worker.connection.recv_bytes())
            except (EOFError, ConnectionError):
                self._bury(worker)
                outcomes.append(Outcome(job, None, "the worker ended abruptly (a crash in a library, or killed)"))
                continue
            worker.job = None
            if "result" in answer:
                outcomes.append(Outcome(job, JobResult(**answer["result"])))
            else:
                outcomes.append(Outcome(job, None, answer["reason"]))
        return outcomes

    def _kill_runaways(self) -> list[Outcome]:
        outcomes: list[Outcome] = []
        now = time.monotonic()
        for worker in [worker for worker in self._workers if worker.job is not None]:
            job = worker.job
            assert job is not None
            memory = resident_bytes(worker.pid)
            if now > job.kill_at:
                reason = "killed: it ran past its deadline"
            elif memory > self._memory_bytes:
                limit = self._memory_bytes / 2**20
                reason = f"killed: it took {memory / 2**20:,.0f} MiB of memory and may take {limit:,.0f} MiB"
            else:
                continue
            self._bury(worker)
            outcomes.append(Outcome(job, None, reason))
        return outcomes

    def _give_way(self) -> None:
        """Where every slot has its worker and these have become large, the zygote's memory is theirs: few jobs are that
        large, and a further worker is then some tenths of a second late."""
        if not self._nursery.shrunk and len(self._workers) == self._slots and self._taken > self._full_bytes:
            self._nursery.shrink()

    def _worth_another(self, worker: _Worker) -> bool:
        """Whether a new worker in this one's place saves more than the zygote takes that may be needed for it."""
        return not self._nursery.shrunk or resident_bytes(worker.pid, shared=True) > self._full_bytes / self._slots

    def cancel(self, trial: str) -> None:
        """Kill the workers at jobs of that trial."""
        for worker in [worker for worker in self._workers if worker.job is not None and worker.job.trial == trial]:
            self._bury(worker)

    def refresh(self) -> None:
        """End idle workers where all of them have grown beyond their share."""
        if self._crowded:
            self._end_idle()

    def settle(self) -> None:
        """Where every slot has its worker, let the zygote shrink to a keeper of them: its libraries are for more."""
        if len(self._workers) == self._slots:
            self._nursery.shrink()
            self._settled = True

    def rest(self) -> None:
        """End idle workers, and let the zygote shrink; a further job gets a worker of a new one."""
        self._end_idle()
        self._nursery.shrink()
        self._settled = True

    def close(self) -> None:
        """Kill workers and zygotes, remove the socket."""
        for worker in list(self._workers):
            self._bury(worker)
        self._nursery.close()
        with contextlib.suppress(OSError):
            self._listener.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _end_idle(self) -> None:
        for worker in [worker for worker in self._workers if worker.job is None]:
            self._bury(worker)

    def _fork(self) -> _Worker:
        if self._nursery.shrunk:
            self._settled = False
        self._nursery.ask(self._address)
        connection = self._accept()
        pid = json.loads(connection.recv_bytes())["pid"]
        worker = _Worker(connection, pid, zygote=self._nursery.zygote.pid)
        self._workers.append(worker)
        return worker

    def _accept(self) -> Connection[Any, Any]:
        socket = self._listener._listener._socket  # type: ignore[attr-defined]
        socket.settimeout(1.0)
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end:
            try:
                return self._listener.accept()
            except TimeoutError:
                if self._nursery.ended:
                    break
        raise LimitError(
            "No worker process came up.",
            f"a worker within {_START_SECONDS:.0f} s",
            "none",
            "See workers.log in the run folder.",
        )

    def _bury(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker.pid, signal.SIGKILL)
        worker.connection.close()
        self._nursery.forget({one.zygote for one in self._workers})


def resident_bytes(pid: int, shared: bool = False) -> float:
    """Memory of a process (0 where it cannot be read).

    Args:
        shared: pages that others hold as well are counted, too.
    """
    try:
        fields = Path(f"/proc/{pid}/statm").read_text().split()
        return (int(fields[1]) - (0 if shared else int(fields[2]))) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return 0.0
