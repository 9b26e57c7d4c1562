"""What each column is, with a reason that a person can check."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sevenfold.core.dataset import Column, Kind, Schema
from sevenfold.core.errors import DataError, unknown_name
from sevenfold.data.infer.evidence import Evidence, spread

if TYPE_CHECKING:
    import polars as pl

CODE_COLUMNS = 2
"""So many columns must look like codes by their values alone before that is believed of any."""


def infer(
    frame: pl.DataFrame,
    *,
    target: str | None = None,
    kinds: Mapping[str, str] | None = None,
    roles: Mapping[str, str] | None = None,
) -> Schema:
    """The schema of a raw frame: strings as a CSV file gives them, or columns that have types already.

    Args:
        frame: raw rows.
        target: the column to predict; it is never set aside as constant or as a key.
        kinds: kind by column, against what would be inferred.
        roles: column by role ("user", "item", "text", ...).

    Looks at 20,000 rows spread over the frame, and at whole columns where a few rows could mislead. The same frame
    always gives the same schema.

    Raises:
        RequestError: a kind or a column of `kinds` or `roles` is unknown.
        DataError: there are no columns.
    """
    from sevenfold.data.infer.composite import split_numbers
    from sevenfold.data.infer.forced import ROLE_KINDS, forced
    from sevenfold.data.infer.typed import decide

    if not frame.width:
        raise DataError("There are no columns.", "at least one column", "none", "Check the file.")
    wanted: dict[str, tuple[Kind, str]] = {}
    for role, name in (roles or {}).items():
        if name not in frame.columns:
            raise unknown_name(f"Column of the role '{role}',", name, frame.columns)
        if role in ROLE_KINDS:
            wanted[name] = (ROLE_KINDS[role], f"plays the part of the {role}")
    for name, kind in (kinds or {}).items():
        if name not in frame.columns:
            raise unknown_name("Column", name, frame.columns)
        if kind not in list(Kind):
            raise unknown_name("Kind", kind, [str(known) for known in Kind])
        wanted[name] = (Kind(kind), "as requested")
    sample = frame if frame.height <= len(rows := spread(frame.height)) else frame[rows]
    columns: list[Column] = []
    names = frozenset(frame.columns)
    for name in frame.columns:
        evidence = Evidence(frame.get_column(name), sample.get_column(name), is_target=name == target)
        if name in wanted:
            columns.append(forced(evidence, *wanted[name]))
        else:
            columns.extend(split_numbers(evidence, decide(evidence), names))
    return _with_codes(frame, columns, target, frozenset(wanted))


def _with_codes(frame: pl.DataFrame, columns: list[Column], target: str | None, settled: frozenset[str]) -> Schema:
    """Numbers that several columns alike show to be codes become categories."""
    from sevenfold.data.infer.labels import category
    from sevenfold.data.infer.numeric import counted, looks_like_codes

    open_to_doubt = {
        column.name: Evidence(frame.get_column(column.name))
        for column in columns
        if column.kind is Kind.NUMBER
        and column.used
        and not column.parse
        and column.name not in settled | {target}
        and column.reason.startswith("whole numbers")
    }
    distributions = {name: counted(evidence) for name, evidence in open_to_doubt.items()}
    codes = {name for name, distribution in distributions.items() if looks_like_codes(*distribution)}
    named = sum(column.kind is Kind.CATEGORY and bool(column.parse.get("numeric")) for column in columns)
    if len(codes) + named < CODE_COLUMNS:
        return Schema(tuple(columns))
    if len(codes) + named >= max(3, len(open_to_doubt) - len(codes)):
        codes |= {name for name, found in distributions.items() if looks_like_codes(*found, in_company=True)}
    why = "whole numbers strewn over a wide range that come again and again, as codes do and amounts do not"
    return Schema(
        tuple(category(open_to_doubt[c.name], {"numeric": True}, why) if c.name in codes else c for c in columns)
    )
