"""Export to ONNX: built, run by onnxruntime against the model on rows that try its edges, and only then written."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.dataset import Kind
from sevenfold.core.errors import MissingExtraError
from sevenfold.deployment.export.graph import CannotExportError
from sevenfold.deployment.export.trial import trial_tables
from sevenfold.deployment.export.whole import build
from sevenfold.deployment.files import write_whole

if TYPE_CHECKING:
    import polars as pl

    from sevenfold.core.arrays import Floats
    from sevenfold.deployment.model import LoadedModel
    from sevenfold.deployment.runtime import Runtime

# Of a probability; of a number in parts of its size (at least of the spread of predictions). Libraries that add in
# float32 differ by 1e-6 where float64 differs by 1e-12.
TOLERANCE = 1e-5
_SIZE_LIMIT_BYTES = 2**31 - 2**20  # of a protobuf message


@dataclass(frozen=True)
class Exported:
    """What was written, and how it was checked.

    Args:
        inputs: names of the graph's inputs.
        rows: rows that were predicted by both.
        difference: the largest difference, in units of the tolerance's measure.
        size_bytes: of the file.
    """

    inputs: tuple[str, ...]
    rows: int
    difference: float
    size_bytes: int

    def describe(self) -> str:
        """For people, one line."""
        return (
            f"{len(self.inputs)} inputs, {self.size_bytes / 1e6:.2f} MB; onnxruntime reproduces the model on "
            f"{self.rows} rows to {self.difference:.1e} (allowed: {TOLERANCE:.0e})."
        )


def export_onnx(model: LoadedModel, out: Path) -> Exported:
    """Write the model with its features as one ONNX file.

    Raises:
        CannotExportError: a part has no exact form in ONNX, or the graph does not reproduce the model.
        MissingExtraError: the extra 'onnx' is not installed.
        RequestError: the file cannot be written.
    """
    graph, thresholds = build(model.runtime)
    _annotate(graph, model)
    content = graph.SerializeToString()
    if len(content) > _SIZE_LIMIT_BYTES:
        raise CannotExportError.of(f"A model of {len(content)} bytes", "Train with --max-size.")
    rows, difference = verify(content, model, thresholds)
    write_whole(out, content)
    return Exported(tuple(entry.name for entry in graph.graph.input), rows, difference, len(content))


def session_of(content: bytes) -> Any:
    """An onnxruntime session on one thread, which sends nothing anywhere.

    Raises:
        MissingExtraError: the extra 'onnx' is not installed.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read when the library starts
    try:
        import onnxruntime
    except ImportError:
        raise MissingExtraError.of("onnxruntime", "onnx", "Export to ONNX") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def verify(content: bytes, model: LoadedModel, thresholds: Mapping[str, set[float]]) -> tuple[int, float]:
    """Predict golden and made-up rows by both; how many, and the largest difference.

    Raises:
        CannotExportError: they differ by more than the tolerance, or decide otherwise.
    """
    try:
        session = session_of(content)
    except MissingExtraError:
        raise
    except Exception as error:
        raise CannotExportError.of(f"This model, which onnxruntime does not accept ({str(error)[:200]}),") from error
    runtime = model.runtime
    wanted = [entry.name for entry in session.get_inputs()]
    rows, worst = 0, 0.0
    for table, fed in trial_tables(model.background, runtime.schema, wanted, thresholds):
        expected = runtime.predict(table)
        given = session.run(None, feeds(fed, runtime, wanted))
        values = given[-1]
        if values.shape != expected.shape:
            raise _differs(table, 0, "predictions of another shape")
        if not np.isfinite(values).all():
            raise _differs(table, int(np.argwhere(~np.isfinite(values))[0][0]), "a prediction that is no number")
        gap = _gap(values, expected)
        rows, worst = rows + table.height, max(worst, float(gap.max(initial=0.0)))
        if worst > TOLERANCE:
            row = int(gap.argmax())
            raise _differs(table, row, f"{values[row].tolist()} instead of {expected[row].tolist()}")
        if len(given) > 1 and not _same_labels(given[0], runtime.decide(values)):
            raise _differs(table, 0, "another decision for the same probabilities")
    return rows, worst


def feeds(table: pl.DataFrame, runtime: Runtime, names: list[str]) -> dict[str, Any]:
    """A typed table as inputs of the graph: (rows, 1) float64 with NaN, or strings with "" where missing."""
    import polars as pl

    fed: dict[str, Any] = {}
    for name in names:
        series = table.get_column(name)
        if runtime.schema[name].kind in (Kind.NUMBER, Kind.FLAG, Kind.DATE):
            if series.dtype == pl.Datetime:
                series = series.dt.epoch("us").cast(pl.Float64) / 1e6
            fed[name] = series.cast(pl.Float64).fill_null(np.nan).to_numpy().reshape(-1, 1)
        else:
            fed[name] = np.array(series.fill_null("").to_list(), dtype=object).reshape(-1, 1)
    return fed


def _gap(values: Floats, expected: Floats) -> Floats:
    """(rows,) differences in the tolerance's measure."""
    if expected.ndim == 2:
        return np.abs(values - expected).max(axis=1)
    unit = np.maximum(np.abs(expected), max(float(expected.std()), 1e-9))
    return np.abs(values - expected) / unit


def _same_labels(given: Any, decided: Any) -> bool:
    return [str(label) for label in given.tolist()] == [str(label) for label in decided.tolist()]


def _differs(table: pl.DataFrame, row: int, received: str) -> CannotExportError:
    shown = str(table.row(row, named=True))[:300]
    return CannotExportError(
        "The ONNX graph does not reproduce the model, so nothing was written.",
        f"equal predictions to {TOLERANCE:.0e}",
        f"{received} for the row {shown}",
        "Export with --format mlflow, and report this: a part of the model is converted wrongly.",
    )


def _annotate(graph: Any, model: LoadedModel) -> None:
    """What a reader of the file should know, as metadata."""
    graph.producer_name = "sevenfold"
    notes = {
        "digest": model.digest,
        "target": model.task.target,
        "tolerance": f"{TOLERANCE:g}",
        "inputs": "numbers as float64, NaN where missing; flags as 0 and 1; dates as seconds since 1970; "
        "categories as text, empty where missing",
    }
    for name, text in notes.items():
        entry = graph.metadata_props.add()
        entry.key, entry.value = f"sevenfold.{name}", text
