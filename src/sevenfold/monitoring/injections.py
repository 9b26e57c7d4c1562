"""Faults to rehearse: what goes wrong with live data, done to good rows on purpose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.core.dataset import Kind, Schema

if TYPE_CHECKING:
    import polars as pl

NEW_LABEL = "never seen before"


@dataclass(frozen=True)
class Injection:
    """One fault.

    Args:
        name: a few words.
        column: where it happens, or "" where it is no column's.
        change: gives the changed table; None where rows stay as they are.
        late_windows: so many windows later labels come.
        flipped: share of labels that mean something else than in training.
        dead: whether one of several servers dies.
    """

    name: str
    column: str = ""
    change: Callable[[pl.DataFrame, np.random.Generator], pl.DataFrame] | None = None
    late_windows: int = 0
    flipped: float = 0.0
    dead: bool = False


def usual(schema: Schema, columns: Sequence[str], late_windows: int, labelled: bool) -> list[Injection]:
    """The faults that suit a model's columns, the most important column of each kind first.

    Args:
        schema: of the data.
        columns: inputs of the model, the most important first.
        late_windows: so many windows later labels come.
        labelled: whether there are labels.
    """
    made: list[Injection] = []
    numbers = [c for c in columns if schema[c].kind is Kind.NUMBER]
    labels = [c for c in columns if schema[c].kind is Kind.CATEGORY]
    if numbers:
        name = numbers[0]
        made += [
            Injection("shift by a quarter of the deviation", name, _shifted(name, 0.25)),
            Injection("shift by half the deviation", name, _shifted(name, 0.5)),
            Injection("wider: deviation times 1.5", name, _scaled(name, 1.5)),
            Injection("another unit: values times 1,000", name, _times(name, 1000.0)),
        ]
    if labels:
        made.append(Injection("a new category in 10 % of the rows", labels[0], _labelled(labels[0], 0.1)))
    if columns:
        made.append(Injection("missing in 30 % of the rows", columns[0], _missing(columns[0], 0.3)))
    if labelled:
        made.append(
            Injection(f"a third of the answers change; labels {late_windows} windows late", late_windows=late_windows,
                      flipped=1 / 3)
        )  # fmt: skip
    made.append(Injection("one of four servers dies", dead=True))
    return made


def _shifted(name: str, deviations: float) -> Callable[[pl.DataFrame, np.random.Generator], pl.DataFrame]:
    def change(table: pl.DataFrame, stream: np.random.Generator) -> pl.DataFrame:
        import polars as pl

        return table.with_columns(pl.col(name) + deviations * pl.col(name).std())

    return change


def _scaled(name: str, factor: float) -> Callable[[pl.DataFrame, np.random.Generator], pl.DataFrame]:
    def change(table: pl.DataFrame, stream: np.random.Generator) -> pl.DataFrame:
        import polars as pl

        return table.with_columns(pl.col(name).mean() + factor * (pl.col(name) - pl.col(name).mean()))

    return change


def _times(name: str, factor: float) -> Callable[[pl.DataFrame, np.random.Generator], pl.DataFrame]:
    def change(table: pl.DataFrame, stream: np.random.Generator) -> pl.DataFrame:
        import polars as pl

        return table.with_columns(pl.col(name) * factor)

    return change


def _labelled(name: str, share: float) -> Callable[[pl.DataFrame, np.random.Generator], pl.DataFrame]:
    def change(table: pl.DataFrame, stream: np.random.Generator) -> pl.DataFrame:
        import polars as pl

        hit = pl.Series(stream.random(table.height) < share)
        return table.with_columns(pl.when(hit).then(pl.lit(NEW_LABEL)).otherwise(name).alias(name))

    return change


def _missing(name: str, share: float) -> Callable[[pl.DataFrame, np.random.Generator], pl.DataFrame]:
    def change(table: pl.DataFrame, stream: np.random.Generator) -> pl.DataFrame:
        import polars as pl

        return table.with_columns(pl.when(pl.Series(stream.random(table.height) >= share)).then(name).alias(name))

    return change
