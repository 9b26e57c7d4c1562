"""A first load in a child process with limits: some libraries abort the process on broken weights."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from sevenfold.core.context import Resources
from sevenfold.core.errors import BundleError
from sevenfold.deployment.parts import Parts

SECONDS_LIMIT = 120
_REFUSED = 3  # the exit code of a child that found the bundle wrong; any other is a crash


def canary(path: Path, parts: Parts | None = None) -> None:
    """Load the bundle and predict its golden rows in a child process.

    Raises:
        BundleError: the child refused it, crashed, or ran into its limits.
    """
    catalogues = None if parts is None else parts.to_json()
    request = json.dumps({"path": str(path), "parts": catalogues, "memory_bytes": Resources.detect().memory_bytes})
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p), "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "sevenfold.deployment.isolation"],
            input=request,
            capture_output=True,
            text=True,
            env=environment,
            timeout=SECONDS_LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _refused(f"no answer within {SECONDS_LIMIT} seconds") from None
    if done.returncode == _REFUSED:
        what, expected, received, advice = (*json.loads(done.stdout), "", "", "", "")[:4]
        raise BundleError(what, expected, received, advice)
    if done.returncode != 0:
        raise _refused(f"the process that tried it ended with code {done.returncode}")


def _refused(received: str) -> BundleError:
    return BundleError(
        "The model file could not be loaded safely.",
        "a file that loads within its limits",
        received,
        "Do not use it; fetch it again from where it was trained.",
    )


def _limit(memory_bytes: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS_LIMIT, SECONDS_LIMIT))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    # Address space is reserved far beyond what is used (thread stacks, mapped libraries): so much is added.
    limit = memory_bytes + 4 * 2**30
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))


def _child() -> int:
    from sevenfold.deployment.bundle import load

    request = json.load(sys.stdin)
    _limit(int(request["memory_bytes"]))
    parts = request["parts"]
    try:
        load(Path(request["path"]), parts=None if parts is None else Parts.from_json(parts))
    except BundleError as error:
        sys.stdout.write(json.dumps(error.args))
        return _REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(_child())
