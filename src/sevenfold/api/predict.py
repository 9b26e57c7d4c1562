"""Predict the rows of a file into a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sevenfold.deployment.model import LoadedModel


def predict_file(
    model: str | Path,
    data: Any,
    out: str | Path,
    *,
    proba: bool = False,
    explain: bool = False,
    coverage: float | None = None,
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

    loaded = load(model, trust=trust, registry=registry)
    rows = write(loaded, data, Path(out), proba=proba, explain=explain, coverage=coverage)
    told = "" if coverage is None else _told(loaded, coverage)
    return f"{rows:,} rows predicted into {out}{told}"


def _told(model: LoadedModel, coverage: float) -> str:
    """What a coverage rests on."""
    from sevenfold.evaluation.conformal.quantiles import least_rows

    if model.conformal is None:
        return ""
    if model.conformal.rows < least_rows(coverage):
        return (
            f"\n{model.conformal.rows} calibration rows are too few for a coverage of {coverage:g} (at least "
            f"{least_rows(coverage)}): the sets and intervals hold everything"
        )
    if model.conformal.ordered:
        return (
            "\nthe rows were split by time: the coverage rests on the future being like the past; watch it with labels"
        )
    return ""
