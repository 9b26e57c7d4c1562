"""Columns of words: categories, row keys, free text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sevenfold.core.dataset import Column, Kind
from sevenfold.data.infer.evidence import Evidence, percent
from sevenfold.data.infer.order import order_of
from sevenfold.data.names import says_code, says_key
from sevenfold.data.parse.labels import read_labels
from sevenfold.data.parse.reading import as_text

if TYPE_CHECKING:
    import polars as pl

MOST_LEVELS = 10_000
"""A category with more levels than this does not list them, and reports no unseen ones."""

_CHARACTERS_AS_WORDS = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]"
_TOKEN = r"^[\p{L}0-9_.:#+/\-]{1,40}$"


def decide_words(evidence: Evidence) -> Column:
    """What a column of strings is that holds neither numbers, dates nor flags."""
    import polars as pl

    distinct = evidence.distinct
    values, rows = distinct.get_column("value"), distinct.get_column("rows")
    spread = distinct.height / max(1, evidence.present)
    spaces = values.str.count_matches(r"\S+\s+") + 1
    words_each = pl.max_horizontal("spaces", "characters")
    frame = pl.DataFrame({"spaces": spaces, "characters": values.str.count_matches(_CHARACTERS_AS_WORDS) // 2})
    words = float((frame.select(words_each).to_series() * rows).sum() / evidence.present)
    several = f"{distinct.height:,} different values in {evidence.present:,} rows, {words:.1f} words each on average"
    note = evidence.missing_note(words=False)
    if not evidence.is_target:
        key = row_key(evidence, values, spread)
        if key:
            return Column(evidence.name, Kind.ID, key + note, {}, used=False)
        many = distinct.height >= min(30, max(5, round(0.8 * evidence.present)))
        if many and ((words >= 2.5 and spread >= 0.2) or (words >= 8 and distinct.height > 50)):
            return Column(evidence.name, Kind.TEXT, f"free text: {several}{note}")
        if many and spread > 0.9 and evidence.present >= 50 and words < 2.5 and not says_code(evidence.name):
            said = f"short texts of which hardly any comes twice: {several}"
            return Column(evidence.name, Kind.TEXT, said + note)
    return category(evidence)


def row_key(evidence: Evidence, values: pl.Series, spread: float) -> str | None:
    """Why a column of strings only names its rows, or None."""
    named = says_key(evidence.name)
    if says_code(evidence.name) and not named:
        return None
    if spread < (0.95 if named else 1.0) or evidence.present < (3 if named else 50):
        return None
    if not named and evidence.sample.null_count():
        return None
    tokens, numbered = values.str.contains(_TOKEN).mean(), values.str.contains("[0-9]").mean()
    if float(tokens or 0) < 0.99 or (not named and float(numbered or 0) < 0.9):  # type: ignore[arg-type]
        return None
    if len(evidence.sample) < evidence.rows:
        whole = evidence.whole.height / max(1, evidence.rows - evidence.raw.null_count())
        if whole < (0.95 if named else 1.0):
            return None
        spread = whole
    if spread == 1.0:
        return "names the row: a code of its own in each" + (", and the name says so" if named else "")
    return f"names the row: {percent(spread)} of the codes come once only, and the name says so"


def category(evidence: Evidence, parse: dict[str, Any] | None = None, why: str = "") -> Column:
    """The column as a category, its levels counted on the whole column."""
    parse = dict(parse or {})
    kept = _values_after_all(evidence)
    if kept:
        parse["kept"] = kept
    if (
        evidence.raw.dtype.is_integer()
        or evidence.raw.dtype.is_float()
        or ("numeric" not in parse and _canonical(evidence))
    ):
        parse["numeric"] = True
    counts = count_levels(evidence, parse)
    note = evidence.missing_note(words=False, kept=kept)
    joined = _joined_by_case(counts)
    if len(joined) < len(counts) and _words(counts):
        parse["ignore_case"] = True
        counts = joined
        note += "; spellings that differ in case only are taken for one"
    levels = tuple(counts)
    order = order_of(levels)
    if order:
        parse["order"] = order
        note += "; its levels have an order"
    if not levels:
        return Column(evidence.name, Kind.CATEGORY, "no values at all", parse, (), used=False)
    count = f"{len(levels):,} level{'s' if len(levels) != 1 else ''}"
    if len(levels) == 1:
        if evidence.raw.null_count() or note:
            said = f"one value, '{levels[0]}', or none: whether it is there may tell something"
            return Column(evidence.name, Kind.CATEGORY, said + note, parse, levels)
        said = f"constant: always '{levels[0]}'"
        return Column(evidence.name, Kind.CATEGORY, said, parse, levels, used=evidence.is_target)
    if len(levels) > MOST_LEVELS:
        levels, count = (), f"{count}, too many to list"
    zeros = "; leading zeros are kept" if any(len(v) > 1 and v.isdigit() and v[0] == "0" for v in levels[:50]) else ""
    return Column(evidence.name, Kind.CATEGORY, (f"{why}: {count}" if why else count) + zeros + note, parse, levels)


def levels_of(evidence: Evidence, parse: dict[str, Any]) -> tuple[str, ...]:
    """Distinct labels of the whole column, most frequent first, then by name."""
    return tuple(count_levels(evidence, parse))


def count_levels(evidence: Evidence, parse: dict[str, Any]) -> dict[str, int]:
    """Rows of each label in the whole column, most frequent first, then by name."""
    import polars as pl

    whole = evidence.whole
    labels = read_labels(whole.get_column("value"), parse).values
    frame = pl.DataFrame({"label": labels, "rows": whole.get_column("rows")}).drop_nulls("label")
    counted = frame.group_by("label").agg(pl.col("rows").sum()).sort(["rows", "label"], descending=[True, False])
    return dict(counted.iter_rows())


def _canonical(evidence: Evidence) -> bool:
    """Whether every label is a whole number without leading zeros, perhaps with '.0' behind it."""
    values = evidence.distinct.get_column("value")
    return len(values) > 0 and bool(values.str.contains(r"^-?(?:0|[1-9][0-9]{0,14})(?:\.0+)?$").all())


def _values_after_all(evidence: Evidence) -> list[str]:
    """Spellings of missing that are values here: 'NA' among two-letter codes (Namibia), '-' beside '+'."""
    text = evidence.stripped.drop_nulls()
    written = set(text.filter(text.is_in(["NA", "-"])))
    if not written:
        return []
    levels = evidence.distinct.get_column("value")
    kept: list[str] = []
    if "NA" in written and len(levels) >= 20 and float(levels.str.contains("^[A-Z]{2}$").mean() or 0) >= 0.95:  # type: ignore[arg-type]
        kept.append("NA")
    if "-" in written and "+" in levels:
        kept.append("-")
    return kept


def _joined_by_case(counts: Mapping[str, int]) -> dict[str, int]:
    """Rows by label in its most frequent spelling, most frequent first."""
    spelling: dict[str, str] = {}
    joined: dict[str, int] = {}
    for level, rows in counts.items():
        first = spelling.setdefault(level.lower(), level)
        joined[first] = joined.get(first, 0) + rows
    return dict(sorted(joined.items(), key=lambda pair: (-pair[1], pair[0])))


def _words(counts: Mapping[str, int]) -> bool:
    """Whether the labels are words, and not codes in which case may matter."""
    return len(counts) <= 1_000 and all(len(level) > 2 and not any(c.isdigit() for c in level) for level in counts)


def text(evidence: Evidence, why: str) -> Column:
    """The column as free text."""
    return Column(evidence.name, Kind.TEXT, why + evidence.missing_note(words=False))


def identity(evidence: Evidence, why: str, *, used: bool) -> Column:
    """The column as ids: strings that name users, items or rows."""
    numeric = evidence.raw.dtype.is_numeric() or _canonical(evidence)
    note = evidence.missing_note(words=False)
    return Column(evidence.name, Kind.ID, why + note, {"numeric": True} if numeric else {}, used=used)


def is_text_like(raw: pl.Series) -> bool:
    """Whether bytes are text after all."""
    return as_text(raw.head(1_000)).null_count() == raw.head(1_000).null_count()
