"""What a worker process does: take jobs from a socket, do them, send results, as JSON on both ways."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from multiprocessing.connection import Client, Connection
from pathlib import Path
from typing import Any

from sevenfold.training.fit import StepCache
from sevenfold.training.memory import give_back
from sevenfold.training.workspace import Workspace
from sevenfold.tuning.job import Job, describe_failure, run_job

_CACHED = 16 * 2**20  # bytes of fitted features that a worker keeps, beside twice the table's own
_CACHED_LARGE = 64 * 2**20  # and at most: large tables are encoded anew


def serve(address: str) -> None:
    """Connect to the executor's socket, say our process number, then work until the socket ends."""
    connection: Connection[Any, Any] = Client(address, family="AF_UNIX")
    _send(connection, {"pid": os.getpid()})
    workspace: Workspace | None = None
    cache = StepCache()
    while True:
        try:
            request = json.loads(connection.recv_bytes())
        except (EOFError, ConnectionError):
            return
        if workspace is None:
            workspace = Workspace.load(Path(request["workspace"]))
            size = workspace.nbytes
            cache.limit_bytes = min(_CACHED + 2 * size, _CACHED_LARGE)
        job = Job.from_json(request["job"])
        memory = float("inf") if request["memory_bytes"] is None else float(request["memory_bytes"])
        try:
            answer: dict[str, Any] = {"result": asdict(run_job(workspace, job, cache, memory))}
        except Exception as error:
            answer = {"reason": describe_failure(error)}
        try:
            _send(connection, answer)
        except (BrokenPipeError, ConnectionError):
            return
        give_back()


def _send(connection: Connection[Any, Any], message: dict[str, Any]) -> None:
    connection.send_bytes(json.dumps(message, default=_plain).encode())


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else str(value)
