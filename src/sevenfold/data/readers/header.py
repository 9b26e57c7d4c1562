"""Where the table begins in a text, and whether its first row names the columns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sevenfold.core.errors import RequestError
from sevenfold.data.readers.cells import is_missing, is_typed
from sevenfold.data.readers.names import positions, tidy
from sevenfold.data.readers.sniff import is_comment, usual_width
from sevenfold.data.readers.tokens import Row

Cells = Sequence[str | None]


@dataclass(frozen=True)
class Layout:
    """What the first rows of a text are.

    Args:
        header: whether a row names the columns.
        names: of the columns, unique.
        skipped: rows before the table: comments, titles, blank lines.
        data: number of the first data row among all rows.
        reason: why there is or is not a header.
        notes: what was done to names and rows.
    """

    header: bool
    names: list[str]
    skipped: int
    data: int
    reason: str
    notes: tuple[str, ...] = ()


def lay_out(rows: Sequence[Row], *, target: str | None, like: Mapping[str, Any], header: bool | None) -> Layout:
    """Find the table in the first rows of a text.

    Args:
        rows: first rows, preamble and all.
        target: column to predict; a whole number that is a position and no name tells that there is no header.
        like: `source` of an earlier file: the same columns are expected.
        header: said by the user.
    """
    width = usual_width(rows)
    first = _first_of_table(rows, width)
    notes: list[str] = []
    if first:
        notes.append(f"{first} line{'s' if first > 1 else ''} before the table left out")
    commented = _commented_header(rows, first, width)
    if commented is not None and header is not False:
        names, changed = tidy(commented, strip=True)
        return Layout(True, names, first, first, "the comment above the table names the columns", (*notes, *changed))
    cells = rows[first].fields
    body = [row.fields for row in rows[first + 1 :] if not row.is_blank]
    named, reason = _is_named(cells, body, target, like, header)
    if not named:
        names = _earlier_names(like, width, target) or positions(max(width, len(cells)))
        return Layout(False, names, first, first, reason, tuple(notes))
    fitted = _fitted(cells, body, notes)
    _refuse_ambiguous(fitted, target)
    names, changed = tidy(fitted, strip=True)
    return Layout(True, names, first, first + 1, reason, (*notes, *changed))


def _first_of_table(rows: Sequence[Row], width: int) -> int:
    """Comments, a title or blank lines above are shorter than the rows of the table."""
    for number, row in enumerate(rows):
        text = (row.fields[0] or "").lstrip()
        if row.is_blank or (is_comment(text) and (len(row.fields) < width or text[1:2] in ("", " ", "!"))):
            continue
        if width > 2 and len(row.fields) < max(2, width / 2):
            continue
        if width == 2 and len(row.fields) == 1 and number + 1 < len(rows):
            continue
        return number
    return 0


def _commented_header(rows: Sequence[Row], first: int, width: int) -> Cells | None:
    """Names in the last comment, where it has as many fields as the table: "# time,load"."""
    above = [row.fields for row in rows[:first] if (row.fields[0] or "").lstrip().startswith(("#", "%"))]
    if width < 2 or not above or len(above[-1]) != width:
        return None
    cells = [(above[-1][0] or "").lstrip().lstrip("#%").strip(), *above[-1][1:]]
    return None if any(is_missing(cell) or is_typed(cell or "") for cell in cells) else cells


def _fitted(cells: Cells, body: Sequence[Cells], notes: list[str]) -> list[str | None]:
    """A header one field short of every row has no name for the row names that R writes first."""
    names = list(cells)
    if len(names) > 1 and names[-1] is None and {len(row) for row in body[:100]} == {len(names) - 1}:
        notes.append("the header ends with a delimiter")
        return names[:-1]
    widths = {len(row) for row in body[:100]}
    if widths == {len(names) + 1}:
        if all(row[-1] is None for row in body):
            notes.append("every row ends with a delimiter; the empty field after it was left out")
        else:
            notes.append("the header has one name less than the rows have fields; the first column is named 'row'")
            names.insert(0, "row")
    return names


def _refuse_ambiguous(names: Sequence[str | None], target: str | None) -> None:
    """Two columns of the target's name: which one is meant is not ours to guess."""
    count = sum((name or "").strip() == target for name in names)
    if target is not None and count > 1:
        raise RequestError(
            f"{count} columns are called '{target}', the target's name.",
            "one column of that name",
            ", ".join(name or "" for name in names[:20]),
            "Rename or take out the others.",
        )


def _earlier_names(like: Mapping[str, Any], width: int, target: str | None) -> list[str] | None:
    """Names of the earlier file; of a file without the target, those less the target."""
    columns = list(like.get("columns") or [])
    if len(columns) == width + 1 and target in columns:
        columns.remove(target)
    return columns if columns and len(columns) == width else None


def _is_named(
    cells: Cells, body: Sequence[Cells], target: str | None, like: Mapping[str, Any], header: bool | None
) -> tuple[bool, str]:
    if header is not None:
        return header, "as you said"
    given = {cell.strip() for cell in cells if cell is not None}
    known = like.get("columns")
    if known and like.get("header") is not False:
        share = len(given & set(known)) / max(1, len(known))
        if share >= 0.5:
            return True, "the first row names the columns of the earlier file"
    if known and like.get("header") is False and len(cells) in (len(known), len(known) - 1):
        return False, "the earlier file has no header"
    evidence = _evidence(cells, body)
    is_position = target is not None and re.fullmatch(r"\d+", target.strip()) and int(target) < len(cells)
    # A number may stand in the first row by accident: then the row must look like names all the same.
    if target is not None and target.strip() in given and (not is_position or evidence >= 0):
        return True, f"the first row names the target '{target}'"
    if is_position and evidence < 1:
        return False, f"the target '{target}' is the position of a column and no name in the first row"
    if evidence < 0:
        return False, "the first row looks like the rows below it"
    return True, "the first row differs from the rows below it" if evidence > 0 else "the first row may be names"


def _evidence(cells: Cells, body: Sequence[Cells]) -> float:
    """Above 0 where the first row differs from the rows below as names do, below 0 where it looks like them."""
    if _is_run(cells):
        return 1.0
    if not body:
        return -1.0 if sum(is_typed(cell) for cell in cells if cell) * 2 > len(cells) else 0.0
    evidence = 0.0
    for position, cell in enumerate(cells):
        below = [row[position] for row in body if position < len(row)]
        present = [value for value in below if value is not None and not is_missing(value)]
        if not present or cell is None or is_missing(cell):
            evidence -= 0.1 if cell is None and present else 0.0
            continue
        typed = sum(is_typed(value) for value in present) / len(present)
        if is_typed(cell):
            evidence -= 1.0 if typed > 0.5 else 0.3
        elif typed > 0.9:
            evidence += 1.0
        elif cell in present:
            evidence -= 1.0
        elif len(set(present)) < 0.5 * len(present):
            evidence += 0.5
    named = [cell for cell in cells if cell is not None]
    return evidence - (0.5 if len(set(named)) < len(named) else 0.0)


def _is_run(cells: Cells) -> bool:
    """Numbers that count up by one are positions or years, so names: a data row hardly ever does."""
    numbers = [int(cell) for cell in cells if cell is not None and cell.strip().isdecimal() and len(cell.strip()) < 5]
    steps = {after - before for before, after in pairwise(numbers)}
    return len(numbers) >= 4 and len(numbers) >= 0.8 * len(cells) and steps == {1}
