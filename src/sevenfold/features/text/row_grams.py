"""The n-grams of one text, cut as `grams` cuts those of many, by plain strings in place of arrays."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import cache
from itertools import pairwise
from typing import TypeAlias

from sevenfold.features.text.grams import prepare

Counter: TypeAlias = Callable[[str], Mapping[str, int]]
"""From a text to its n-grams and how often each occurs."""

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
    """A blank on each side belongs to a word, and is counted once between two."""
    found: dict[str, int] = {}
    for word in text.split():
        padded = f" {word} "
        for length in lengths:
            if length == 1:
                for character in word:
                    found[character] = found.get(character, 0) + 1
                continue
            for at in range(len(padded) - length + 1):
                gram = padded[at : at + length]
                found[gram] = found.get(gram, 0) + 1
    return found


class _WordTable(dict[int, int]):
    """For `str.translate`: what is no part of a word becomes a space."""

    def __missing__(self, point: int) -> int:
        character = chr(point)
        kept = point if character == "_" or unicodedata.category(character)[0] in "LNM" else ord(" ")
        self[point] = kept
        return kept


_WORDS = _WordTable()
