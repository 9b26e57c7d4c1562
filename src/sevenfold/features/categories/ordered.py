"""Categories with a natural order as numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np

from sevenfold.core.dataset import Kind
from sevenfold.core.errors import RequestError
from sevenfold.core.feature import FeatureSpec
from sevenfold.core.inputs import Block, Columns, Form
from sevenfold.core.space import Choice, Space
from sevenfold.core.state import State
from sevenfold.core.task import Target
from sevenfold.features.base import LearnedFeature, read_categories
from sevenfold.features.categories.levels import Levels, restored, stored


class Orders(Choice):
    """A parameter that holds the order of levels for some columns: {column: [lowest, ..., highest]}."""

    def check(self, name: str, value: Any) -> dict[str, list[str]]:
        """The mapping with plain lists, or a RequestError."""
        if isinstance(value, Mapping) and all(isinstance(levels, list | tuple) for levels in value.values()):
            return {str(column): [str(level) for level in levels] for column, levels in value.items()}
        raise RequestError(
            f"Parameter '{name}' is no mapping of orders.", "{column: [lowest, ..., highest]}", repr(value), "Fix it."
        )


@final
class Ordered(LearnedFeature):
    """A level's place in its column's order: the given one, else the one its words show, else by falling frequency.

    Missing and unseen levels are NaN; an unseen level that is itself a number or a range has no place either.
    """

    spec = FeatureSpec(
        name="ordered",
        takes=frozenset({Kind.CATEGORY, Kind.FLAG, Kind.ID}),
        gives=Form.NUMBERS,
        summary="Levels as 0, 1, 2, ... in their natural order, or by frequency where they have none.",
        space=Space(orders=Orders({}, ({},), "Known orders, from lowest to highest, by column.")),
    )

    def learn(self, columns: Columns, target: Target | None, stream: np.random.Generator) -> State:
        """The levels of each column in order."""
        found: list[Levels] = []
        for name, series in read_categories(columns, self.inputs):
            levels, _ = Levels.count(series)
            order = self.params["orders"].get(name) or natural_order(levels.values)
            found.append(Levels(tuple(order)) if order else levels)
        return {"levels": stored(found)}

    def prepare(self) -> None:
        """Build the vocabularies."""
        self._levels = restored(self.learned["levels"])

    def transform(self, columns: Columns) -> Block:
        """Same columns as places from 0."""
        read = read_categories(columns, self.inputs)
        values = np.empty((columns.rows, len(read)))
        for i, ((_, series), levels) in enumerate(zip(read, self._levels, strict=True)):
            codes = levels.codes(series)
            values[:, i] = np.where(codes >= 0, codes, np.nan)
        return Block(Form.NUMBERS, tuple(name for name, _ in read), values)


_SUMMER_ON = ("july", "august", "september", "october", "november", "december")
_SCALES: tuple[tuple[str, ...], ...] = (
    ("january", "february", "march", "april", "may", "june", *_SUMMER_ON),
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
    ("mon", "tue", "wed", "thu", "fri", "sat", "sun"),
    ("winter", "spring", "summer", "autumn"),
    ("winter", "spring", "summer", "fall"),
    ("none", "very low", "low", "medium low", "medium", "medium high", "high", "very high", "extreme"),
    ("low", "moderate", "high"),
    ("low", "normal", "high"),
    ("low", "average", "high"),
    ("none", "mild", "moderate", "severe", "critical"),
    ("minor", "moderate", "major", "critical"),
    ("never", "rarely", "sometimes", "often", "always"),
    ("tiny", "small", "medium", "large", "huge"),
    ("xxs", "xs", "s", "m", "l", "xl", "xxl", "xxxl"),
    ("worst", "bad", "poor", "fair", "average", "good", "very good", "excellent", "outstanding"),
    ("fair", "good", "very good", "premium", "ideal"),
    ("strongly disagree", "disagree", "neutral", "agree", "strongly agree"),
    ("very dissatisfied", "dissatisfied", "neutral", "satisfied", "very satisfied"),
    ("unskilled", "skilled", "highly skilled"),
    ("young", "middle aged", "old"),
    ("short", "medium", "tall"),
    ("cold", "cool", "mild", "warm", "hot"),
    ("bronze", "silver", "gold", "platinum", "diamond"),
    ("basic", "standard", "premium"),
    ("free", "basic", "pro", "enterprise"),
    ("primary", "secondary", "tertiary"),
    ("first", "second", "third", "fourth", "fifth", "sixth"),
)

_BELOW = re.compile(r"^\s*(?:<=?|under|below|less than|up to|upto|until|at most)\s*", re.IGNORECASE)
_ABOVE = re.compile(
    r"^\s*(?:>=?|over|above|more than|at least)\s*|(?:\+|\band (?:more|over|above)|\bor more)", re.IGNORECASE
)
_ZERO = frozenset({"none", "no", "new", "zero", "never", "nothing"})
_FIGURE = re.compile(r"\d+(?:[.,]\d{3})*(?:[.,]\d+)?|\d+")


def natural_order(levels: Sequence[str]) -> list[str] | None:
    """Levels from lowest to highest where their words show an order, else None.

    Two ways: all of them are steps of a well-known scale (months, sizes, grades), or all but "none" and "new"
    begin with a figure or a bound ("3 to 4", "more than 30", "<5"), the figures all differ, and what remains of the
    texts is alike.
    """
    if len(levels) < 3:
        return None
    plain = {level: re.sub(r"[\s_-]+", " ", level.strip().lower()) for level in levels}
    for scale in _SCALES:
        if len(set(plain.values())) == len(levels) and set(plain.values()) <= set(scale):
            return sorted(levels, key=lambda level: scale.index(plain[level]))
    places: dict[str, tuple[float, float]] = {}
    for level in levels:
        place = _place(plain[level])
        if place is None:
            return None
        places[level] = place
    if len(set(places.values())) < len(levels):
        return None
    return sorted(levels, key=lambda level: places[level])


def _place(text: str) -> tuple[float, float] | None:
    """Where a range such as "3 to 4 years" lies, by its first figure and bounds; None for what is no range."""
    if text.split(" ")[0] in _ZERO and not any(c.isdigit() for c in text):
        return (0.0, -1.0)
    bound = -0.5 if _BELOW.search(text) else 0.5 if _ABOVE.search(text) else 0.0
    bare = _ABOVE.sub("", _BELOW.sub("", text)).strip()
    match = _FIGURE.match(bare)
    if match is None:
        return None
    # Words of a range only: "2 doors" orders, "2nd Street, house 4" does not.
    rest = re.sub(
        r"[\d.,\s<>=+-]+|\b(?:to|and|years?|months?|days?|hours?|past|yrs?|mins?)\b", " ", bare[match.end() :]
    )
    if len(rest.split()) > 2:
        return None
    return (_figure(match[0]), bound)


def _figure(text: str) -> float:
    if re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", text):
        return float(re.sub(r"[.,]", "", text))
    return float(text.replace(",", "."))
