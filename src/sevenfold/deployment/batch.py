"""A file of rows to a file of predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from sevenfold.core.errors import RequestError
from sevenfold.data.classes import spelled
from sevenfold.deployment.files import replacing
from sevenfold.deployment.model import LoadedModel
from sevenfold.deployment.predictions import PREDICTION, probability_name
from sevenfold.deployment.recorder import Recorder
from sevenfold.deployment.runtime import Answer

if TYPE_CHECKING:
    import polars as pl

CHUNK_ROWS = 50_000
PREDICTION_SET, INTERVAL = "prediction_set", ("interval_low", "interval_high")
_LISTED_ITEMS = ", "


def predict_file(
    model: LoadedModel,
    data: Any,
    out: Path,
    *,
    proba: bool = False,
    explain: bool = False,
    coverage: float | None = None,
    recorder: Recorder | None = None,
) -> int:
    """Predict every row of `data` and write the id column (if any) and `prediction`, in the rows' order.

    Args:
        data: path, URL or frame, read as the training data were.
        out: .csv, .parquet or .jsonl; appears complete or not at all.
        proba: also `probability_<class>` for each class.
        explain: also `baseline` and `contribution_<column>`.
        coverage: also `prediction_set`, a list of classes, or `interval_low` and `interval_high`, which hold the truth
            with this probability; see `LoadedModel.predict_set`. Ends that are not finite are left empty.
        recorder: takes down rows and answers.
    Returns:
        the number of rows.
    Raises:
        RequestError: an unknown suffix, or probabilities or a coverage of a model that has none.
        DataError: the data cannot be read, or lack more than half of the columns.
    """
    from sevenfold.data.readers.read import read

    suffix = out.suffix.lower()
    if suffix not in (".csv", ".parquet", ".jsonl"):
        raise RequestError(
            "The form of the output is unknown.", "a name ending in .csv, .parquet or .jsonl", out.name, "Change --out."
        )
    if proba and not model.task.goal.is_classification:
        raise RequestError(
            "This model has no probabilities.", "a model for classes", str(model.task.goal), "Leave --proba out."
        )
    if coverage is not None:
        model.check_coverage(coverage)
    frame = read(data, target=model.task.target, like=dict(model.source) or None).frame
    with replacing(out) as file:
        writer = _Writer(file, suffix)
        for start in range(0, max(frame.height, 1), CHUNK_ROWS):
            raw = frame[start : start + CHUNK_ROWS]
            answer = model.answer(raw)
            if recorder is not None:
                recorder.record(f"{out.name}-{start}", answer)
            writer.write(columns_of(model, raw, answer, proba=proba, explain=explain, coverage=coverage))
        writer.close()
    return frame.height


def columns_of(
    model: LoadedModel,
    raw: pl.DataFrame,
    answer: Answer,
    *,
    proba: bool,
    explain: bool,
    coverage: float | None = None,
) -> pl.DataFrame:
    """What is written for some rows: id, prediction, probabilities, set or interval, contributions."""
    import polars as pl

    columns: dict[str, pl.Series] = {}
    if model.task.id is not None and model.task.id in raw.columns:
        columns[model.task.id] = raw.get_column(model.task.id)
    if answer.labels.ndim == 2:
        lists = [[item for item in items if item is not None] for items in answer.labels.tolist()]
        columns[PREDICTION] = pl.Series(lists, dtype=pl.List(pl.String))
    else:
        columns[PREDICTION] = _plain(answer.labels.tolist())
    if proba and answer.probabilities is not None:
        for code, label in enumerate(spelled(model.task.classes)):
            columns[probability_name(label)] = pl.Series(answer.probabilities[:, code])
    if coverage is not None:
        columns.update(_covering(model, answer, coverage))
    if explain:
        columns.update(_contributions(model.explain_reading(answer.reading)))
    return pl.DataFrame(columns)


def _covering(model: LoadedModel, answer: Answer, coverage: float) -> dict[str, pl.Series]:
    import polars as pl

    if model.task.goal.is_classification:
        sets = [spelled(labels) for labels in model.sets_of(answer, coverage)]
        return {PREDICTION_SET: pl.Series(sets, dtype=pl.List(pl.String))}
    limits = model.intervals_of(answer, coverage)
    ends = {name: pl.Series(limits[:, place], dtype=pl.Float64) for place, name in enumerate(INTERVAL)}
    return {name: end.set(~end.is_finite(), None) for name, end in ends.items()}


def _plain(values: Sequence[Any]) -> pl.Series:
    import polars as pl

    if len({type(value) for value in values}) > 1:  # labels of mixed types have no column type but text
        return pl.Series(spelled(values), dtype=pl.String)
    return pl.Series(values)


def _contributions(explained: Sequence[Mapping[str, Any]]) -> dict[str, pl.Series]:
    import polars as pl

    columns = {"baseline": pl.Series([entry["baseline"] for entry in explained], dtype=pl.Float64)}
    for name in explained[0]["contributions"] if explained else ():
        values = [entry["contributions"][name] for entry in explained]
        columns[f"contribution_{name}"] = pl.Series(values, dtype=pl.Float64)
    return columns


class _Writer:
    """Appends frames of equal columns to one file."""

    def __init__(self, file: IO[bytes], suffix: str) -> None:
        self._file = file
        self._suffix = suffix
        self._first = True
        self._frames: list[pl.DataFrame] = []

    def write(self, frame: pl.DataFrame) -> None:
        """Append some rows."""
        import polars as pl

        if self._suffix == ".csv":
            flat = frame.with_columns(
                pl.col(name).list.join(_LISTED_ITEMS) for name, dtype in frame.schema.items() if dtype == pl.List
            )
            flat.write_csv(self._file, include_header=self._first)
        elif self._suffix == ".jsonl":
            frame.write_ndjson(self._file)
        else:
            self._frames.append(frame)  # predictions of many rows are small: one Parquet file holds them all
        self._first = False

    def close(self) -> None:
        """Write what is still held."""
        import polars as pl

        if self._frames:
            pl.concat(self._frames).write_parquet(self._file)
