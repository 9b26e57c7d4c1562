"""The delimiter and the quote of a text, found out from a sample.

Each candidate is scored by how evenly it divides the rows and by how clean the cells are that it leaves
(the idea of van den Burg, Nazabal and Sutton 2019, "Wrangling messy CSV files by detecting row and type patterns").
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from sevenfold.data.readers.cells import is_missing, is_typed
from sevenfold.data.readers.quoting import is_regular
from sevenfold.data.readers.tokens import WHITESPACE, Dialect, Row, split_rows, unify

# In order of preference, with a weight for how seldom the character divides fields by accident.
_CANDIDATES = {
    "\t": 1.0, ",": 1.0, ";": 1.0, "|": 1.0, "::": 1.0, "\x1f": 1.0, "\x01": 1.0, "^": 0.9, "~": 0.9, "¦": 0.9,
    "\xa7": 0.9, ":": 0.6, " ": 0.7, WHITESPACE: 0.65,
}  # fmt: skip
_FOREIGN = re.compile(r",(?! )|[;|\t^~\x1f\x01]|::")  # a comma before a space belongs to a sentence
_SAMPLE_ROWS = 500
_ENOUGH = 0.8
_BY_ENDING = {".tsv": "\t", ".tab": "\t", ".psv": "|"}


def sniff(sample: str, *, delimiter: str | None = None, quote: str | None = None, ending: str = "") -> Dialect:
    """The dialect that divides the sample best; a single column where nothing divides it.

    Args:
        sample: whole lines from the start of the text, line breaks \\n or \\r\\n.
        delimiter: said by the user; None looks for it.
        quote: said by the user, "" for no quotes; None looks for it.
        ending: of the file's name; decides between equals.
    """
    quotes: tuple[str | None, ...] = (quote or None,) if quote is not None else _quotes(sample)
    escape = '\\"' in sample and '""' not in sample.replace('""' + "\n", "")
    best, best_score = Dialect(delimiter or "", quotes[0], escape), 0.0
    for candidate in [delimiter] if delimiter else _present(sample):
        for character in quotes:
            dialect = Dialect(candidate, character, escape and character == '"')
            said = _BY_ENDING.get(ending) == candidate
            score = _score(rows_of(sample, dialect), dialect, trusted=said) * _CANDIDATES.get(candidate, 1.0)
            score *= 1.5 if said else 1.0
            score *= 1.0 if _quotes_fit(sample, dialect) else 0.3
            if score > best_score * 1.0001:
                best, best_score = dialect, score
    return best


def rows_of(sample: str, dialect: Dialect, limit: int = _SAMPLE_ROWS) -> list[Row]:
    """The first rows of a sample."""
    text = unify(sample.encode(), dialect).decode() if len(dialect.delimiter) > 1 else sample
    rows: list[Row] = []
    for row in split_rows(text, dialect.mark, dialect.quote, dialect.escape):
        rows.append(row)
        if len(rows) == limit:
            break
    return rows


def usual_width(rows: Sequence[Row]) -> int:
    """The number of fields that most rows have; blank lines do not count."""
    widths = Counter(len(row.fields) for row in rows if not row.is_blank)
    return max(widths, key=lambda width: (widths[width], width)) if widths else 1


def _quotes(sample: str) -> tuple[str | None, ...]:
    # Single quotes are quotes only where they protect something and there are no others; else '-1' is a value.
    protects = re.search(r"(?m)(?:^|[,;|\t])\s*'[^'\n]*[,;|\t][^'\n]*'\s*(?:$|[,;|\t])", sample)
    doubles = re.search(r'(?m)(?:^|[,;|\t]) *"', sample)
    return ('"', "'") if protects and not doubles else ('"',)


def _quotes_fit(sample: str, dialect: Dialect) -> bool:
    """Whether quotes stand only where this delimiter lets fields begin and end; a cut within a field does not count."""
    quote = dialect.quote
    if quote is None or quote not in sample:
        return True
    if sample.count(quote) % 2:
        sample = sample[: sample.rfind("\n", 0, sample.rfind(quote)) + 1]
    data = unify(sample.encode(), dialect) if len(dialect.delimiter) > 1 else sample.encode()
    return is_regular(data, dialect.mark, quote)


def _present(sample: str) -> list[str]:
    present = [c for c in _CANDIDATES if c != WHITESPACE and c in sample]
    if "  " in sample or (" " in sample and "\t" in sample):
        present.append(WHITESPACE)
    return present


def _score(rows: Sequence[Row], dialect: Dialect, trusted: bool) -> float:
    """How well the rows are divided, from 0 to 1: evenness squared, times clean cells, times (width - 1) / width."""
    filled = [row.fields for row in rows[_preamble(rows) :] if not row.is_blank]
    width = usual_width(rows)
    if width < 2 or not filled:
        return 0.0
    even = [fields for fields in filled if len(fields) == width]
    evenness = len(even) / len(filled)
    # R leaves the header one name short where the rows begin with row names.
    one_short = width > 2 and len(filled[0]) == width - 1
    fits = len(filled[0]) == width or one_short or filled[0][width:] == [None]
    if evenness < 0.5 or (evenness < _ENOUGH and not fits):
        return 0.0
    if width == 2 and len(filled[0]) == 1 and _is_decimal_comma(dialect, even):
        return 0.0
    cells = [cell for fields in even[:100] for cell in fields]
    clean = max(0.9 * trusted, sum(_cleanness(cell, dialect) for cell in cells) / len(cells))
    # Texts of as many words each look like columns, but their header gives them away: it has no space at all.
    words = dialect.delimiter in (" ", WHITESPACE) and len(filled[0]) == 1
    return evenness**2 * clean * (width - 1) / width * (0.5 if words else 1.0 if fits else 0.9)


def _preamble(rows: Sequence[Row]) -> int:
    """The number of rows that are comments, or a title with a blank line after it."""
    count = 0
    while count < len(rows) and is_comment(rows[count].fields[0] or ""):
        count += 1
    for number, row in enumerate(rows[count : count + 10], start=count):
        if row.is_blank:
            return number + 1
        if len(row.fields) > 1:
            break
    return count


def is_comment(text: str) -> bool:
    """Whether a line that begins so is a comment, or Excel's own "sep=;"."""
    return text.lstrip().startswith(("#", "%", "//")) or re.fullmatch(r'\s*"?sep=.?"?', text) is not None


def _is_decimal_comma(dialect: Dialect, rows: Sequence[Sequence[str | None]]) -> bool:
    return dialect.delimiter == "," and all((cell or "x").strip("-").isdecimal() for fields in rows for cell in fields)


def _cleanness(cell: str | None, dialect: Dialect) -> float:
    if cell is None and dialect.delimiter == " ":
        return 0.0  # nothing between two spaces: they are runs of spaces
    if cell is None or is_missing(cell) or is_typed(cell):
        return 1.0
    if cell.count('"') % 2 or (dialect.quote != "'" and cell.startswith("'") != cell.endswith("'")):
        return 0.3  # half of a quoted field: the delimiter cut through it
    # Quoted text may hold anything, so marks of other delimiters tell only in cells that look like several joined.
    foreign = len(_FOREIGN.findall(cell))
    if not foreign:
        return 0.95
    return 0.9 if " " in cell.strip() and foreign < 0.2 * len(cell.split()) + 1 and len(cell) > 30 else 0.1
