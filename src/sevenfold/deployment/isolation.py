"""A first load in a child process with limits: some libraries abort the process on broken weights."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.context import Resources
from sevenfold.core.errors import BundleError
from sevenfold.core.task import Goal
from sevenfold.deployment.parts import Parts

if TYPE_CHECKING:
    import polars as pl

    from sevenfold.deployment.model import LoadedModel

SECONDS_LIMIT = 120
_REFUSED = 3  # the exit code of a child that found the bundle wrong; any other is a crash
_MARK = "sevenfold:"  # libraries may print, too: what the child says is its last line


def canary(path: Path, parts: Parts | None = None, seconds: float = SECONDS_LIMIT) -> str:
    """Load the bundle and predict its golden rows in a child process; the digest of what was loaded.

    Raises:
        BundleError: the child refused it, crashed, or ran into its limits.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p), "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "sevenfold.deployment.isolation"],
            input=json.dumps(request_of(path, parts, seconds)).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _refused(f"no answer within {seconds:g} seconds") from None
    return verdict(done.returncode, done.stdout)


def request_of(path: Path, parts: Parts | None, seconds: float) -> dict[str, Any]:
    """What the child is told."""
    return {
        "path": str(path),
        "parts": None if parts is None else parts.to_json(),
        "memory_bytes": Resources.detect().memory_bytes,
        "seconds": seconds,
    }


def verdict(exit_code: int, output: bytes) -> str:
    """The digest of the bundle that a child has loaded.

    Args:
        exit_code: the child's, negative where a signal ended it.
        output: what it printed.
    Raises:
        BundleError: it has loaded none.
    """
    said = _said(output)
    if exit_code == 0 and isinstance(said, str):
        return said
    if exit_code == _REFUSED and isinstance(said, list):
        what, expected, received, advice = (*map(str, said), "", "", "", "")[:4]
        raise BundleError(what, expected, received, advice)
    raise _refused(f"the process that tried it ended with code {exit_code}")


def _said(output: bytes) -> Any:
    last = output.rstrip().rpartition(b"\n")[2].decode(errors="replace")
    _, mark, said = last.partition(_MARK)
    try:
        return json.loads(said) if mark else None
    except ValueError:
        return None


def _refused(received: str) -> BundleError:
    return BundleError(
        "The model file could not be loaded safely.",
        "a file that loads within its limits",
        received,
        "Do not use it; fetch it again from where it was trained.",
    )


def limit(memory_bytes: int, seconds: float) -> None:
    """Bound what this process may use from now on; it writes no more files."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 1))
    # Files are written to nowhere; the pipes that answer are no files.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    # Address space is reserved far beyond what is used (thread stacks, mapped libraries): so much is added.
    limit = memory_bytes + 4 * 2**30
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))


def attempt(request: Mapping[str, Any]) -> int:
    """What the child does: load, say the digest or what is wrong, give the exit code."""
    limit(int(request["memory_bytes"]), float(request["seconds"]))
    parts = request["parts"]
    found = tried(Path(request["path"]), None if parts is None else Parts.from_json(parts))
    said = found.args if isinstance(found, BundleError) else found.digest
    sys.stdout.write(f"\n{_MARK}{json.dumps(said)}\n")
    sys.stdout.flush()
    return _REFUSED if isinstance(found, BundleError) else 0


def tried(path: Path, parts: Parts | None = None) -> LoadedModel | BundleError:
    """The model, which has predicted its golden rows and others, or what is wrong with it."""
    from sevenfold.deployment.bundle import load

    try:
        model = load(path, parts=parts)
        probe(model)
    except BundleError as error:
        return error
    except MemoryError:
        return BundleError("The model file asks for more memory than there is.")
    except Exception as error:  # of a prediction: whatever a library raises, the model is of no use
        return BundleError("The model fails on rows like its own.", "predictions", repr(error)[:300])
    return model


def probe(model: LoadedModel) -> None:
    """Predict rows that are no golden ones: a forged tree may lead out of its arrays only where those do not go.

    Raises:
        BundleError: a prediction is not finite.
    """
    if not model.background.height:
        return
    if model.task.goal is Goal.RECOMMENDATION:
        model.answer(model.background.select(model.task.roles["user"]))  # the best items, which no golden row tells
        return
    for table in probe_tables(model.background):
        if not np.isfinite(model.runtime.predict(table)).all():
            raise BundleError("The model predicts what is no number.", "finite predictions", "others")


def probe_tables(rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Typed tables made of some rows: columns shuffled, all missing, numbers far out on either side."""
    import polars as pl

    stream = np.random.default_rng(0)
    for _ in range(8):
        yield rows.select(column.gather(stream.permutation(rows.height)) for column in rows)
    yield pl.DataFrame([pl.Series(column.name, [None], dtype=column.dtype) for column in rows])
    for value in (-1e300, -1.0, 0.0, 1e300):
        far = [pl.Series(name, [value] * rows.height) for name, dtype in rows.schema.items() if dtype == pl.Float64]
        yield rows.with_columns(far)


if __name__ == "__main__":
    sys.exit(attempt(json.load(sys.stdin)))
