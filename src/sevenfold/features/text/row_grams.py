"""The n-grams of one text, cut as `grams` cuts those of many, by plain strings in place of arrays."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import cache
from itertools import pairwise
from typing import TypeAlias

from sevenfold.features.memory import remembered
from sevenfold.features.text.grams import prepare

Counter: TypeAlias = Callable[[str], Mapping[str, int]]
"""From a text to its n-grams and how often each occurs."""

PlaceCounter: TypeAlias = Callable[[str], Mapping[int, int]]
"""From a text to the places of its n-grams and how often each occurs."""

_ASCII_WORDS = re.compile(r"\w+", re.ASCII).findall


@cache
def row_counter(unit: str, low: int, high: int, longest: int) -> Counter:
    """A counter of n-grams; steps that cut alike share one, which keeps what the last text gave.

    Args:
        unit: "words" or "characters".
        low, high: the shortest and the longest n-gram; the longest counts where they contradict.
        longest: characters read of a text.
    """
    cut = _words if unit == "words" else _characters
    lengths = range(min(low, high), high + 1)
    last: list[tuple[str, Mapping[str, int]]] = [("", {})]

    def count(text: str) -> Mapping[str, int]:
        known, found = last[0]
        if known == text:
            return found
        made = cut(prepare((text,), longest).strip("\x00"), lengths)
        last[0] = (text, made)  # one assignment: threads see a text with its own n-grams
        return made

    return count


def place_counter(unit: str, low: int, high: int, longest: int, known: Mapping[str, int]) -> PlaceCounter:
    """A counter of the n-grams that have a place. What the words of a text hold of characters is kept for a while.

    Args:
        unit, low, high, longest: see `row_counter`.
        known: places.
    """
    if unit == "words":
        count = row_counter(unit, low, high, longest)

        def by_text(text: str) -> Mapping[int, int]:
            grams = count(text)
            return {known[gram]: grams[gram] for gram in grams.keys() & known.keys()}

        return by_text
    lengths = range(min(low, high), high + 1)

    def places_in(word: str) -> list[int]:
        return [known[gram] for gram in _of_word(word, lengths) if gram in known]

    places_of = remembered(places_in)

    def by_word(text: str) -> Mapping[int, int]:
        found: dict[int, int] = {}
        for word in prepare((text,), longest).strip("\x00").split():
            for place in places_of(word):
                found[place] = found.get(place, 0) + 1
        return found

    return by_word


def _words(text: str, lengths: range) -> Mapping[str, int]:
    words = _ASCII_WORDS(text) if text.isascii() else text.translate(_WORDS).split(" ")
    words = [word for word in words if word]
    found: dict[str, int] = {}
    for length in lengths:
        if length == 1:
            grams = words
        elif length == 2:
            grams = [f"{a} {b}" for a, b in pairwise(words)]
        else:
            grams = [" ".join(words[at : at + length]) for at in range(len(words) - length + 1)]
        for gram in grams:
            found[gram] = found.get(gram, 0) + 1
    return found


def _characters(text: str, lengths: range) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for word in text.split():
        for gram in _of_word(word, lengths):
            found[gram] = found.get(gram, 0) + 1
    return found


def _of_word(word: str, lengths: range) -> list[str]:
    """A blank on each side belongs to a word, and is counted once between two."""
    padded = f" {word} "
    grams: list[str] = []
    for length in lengths:
        if length == 1:
            grams += word
        else:
            grams += [padded[at : at + length] for at in range(len(padded) - length + 1)]
    return grams


class _WordTable(dict[int, int]):
    """For `str.translate`: what is no part of a word becomes a space."""

    def __missing__(self, point: int) -> int:
        character = chr(point)
        kept = point if character == "_" or unicodedata.category(character)[0] in "LNM" else ord(" ")
        self[point] = kept
        return kept


_WORDS = _WordTable()
