"""Predict the rows of a file into a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any


def predict_file(
    model: str | Path,
    data: Any,
    out: str | Path,
    *,
    proba: bool = False,
    explain: bool = False,
    trust: Sequence[str | Path] | None = None,
    registry: str | Path | None = None,
) -> str:
    """Write the id column (if any), `prediction`, and what else was asked for; a line that says what was done.

    Args:
        trust, registry: see `load`.
    Raises:
        RequestError, DataError: model, data or output cannot be used.
    """
    from sevenfold.api.load import load
    from sevenfold.deployment.batch import predict_file as write

    rows = write(load(model, trust=trust, registry=registry), data, Path(out), proba=proba, explain=explain)
    return f"{rows:,} rows predicted into {out}"
