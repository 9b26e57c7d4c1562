"""What CatBoost's trees ask of a row: numbers against borders, categories, and statistics of categories.

A statistic belongs to a category, or to a combination of categories with answers to other questions, found by a hash.
Each has few outcomes for each known hash, so that the answers are tabled in advance. Sources: CatBoost's JSON export,
and the reference code of its Python export; Prokhorenkova et al. 2018, section 4.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from sevenfold.core.arrays import Ints
from sevenfold.models.trees.catboost_statistics import Hashes, Statistic, lookup
from sevenfold.models.trees.widened import widened

Bits: TypeAlias = npt.NDArray[np.bool_]

_WORD = (1 << 64) - 1


@dataclass(frozen=True)
class Questions:
    """Every question of the trees, and how the answers are found.

    Args:
        columns, borders: of the questions about numbers, which come first: greater than the border?
        coded, wanted: of those about a category itself, which come next: has it this hash?
        statistics: those about statistics, which come last.
        words: (words,) hashes of the codes -1, 0, 1, ...; empty without categories.
        categories: columns of codes.
        number: of each question that a split may name.
    """

    columns: Ints
    borders: npt.NDArray[np.float32]
    coded: Ints
    wanted: Hashes
    statistics: tuple[Statistic, ...]
    words: Hashes
    categories: int
    number: dict[int, int]

    @classmethod
    def of(cls, model: dict[str, Any], words: Hashes) -> Questions | None:
        """The questions of an exported model; None where there are others than are known here."""
        info = model["features_info"]
        columns: list[int] = []
        borders: list[float] = []
        place: dict[tuple[int, float], int] = {}
        for feature in info.get("float_features", ()):
            if feature.get("nan_value_treatment") == "AsTrue" and feature.get("has_nans"):
                return None
            for border in feature.get("borders") or ():
                place[feature["feature_index"], border] = len(columns)
                columns.append(feature["feature_index"])
                borders.append(border)
        coded: list[int] = []
        wanted: list[int] = []
        same: dict[tuple[int, int], int] = {}
        for feature in info.get("categorical_features", ()):
            for value in feature.get("values") or ():
                same[feature["feature_index"], value] = len(columns) + len(coded)
                coded.append(feature["feature_index"])
                wanted.append(value & _WORD)
        number = {index: index for index in range(len(columns) + len(coded))}
        statistics: list[Statistic] = []
        index, asked = len(number), len(number)
        categories = len(info.get("categorical_features", ()))
        used = {s["split_index"] for tree in model["oblivious_trees"] for s in splits_of(tree)}
        for told in info.get("ctrs", ()):
            indices = list(range(index, index + len(told["borders"])))
            index += len(indices)
            kept = [i for i, of in enumerate(indices) if of in used]
            if not kept:
                continue
            elements = _elements(told["elements"], categories, place, same)
            history = model["ctr_data"].get(told["identifier"])
            if elements is None or history is None:
                return None
            statistic = _statistic(told, history, elements, [told["borders"][i] for i in kept])
            if statistic is None:
                return None
            statistics.append(statistic)
            for i in kept:
                number[indices[i]] = asked
                asked += 1
        if not used <= number.keys():
            return None
        return cls(
            np.array(columns, np.int64),
            np.array(borders, np.float32),
            np.array(coded, np.int64),
            np.array(wanted, np.uint64),
            tuple(statistics),
            words,
            categories,
            number,
        )

    def answers(self) -> Callable[[list[float], list[int]], Bits]:
        """(questions + 1,) answers of one row as a function; the last one is always no."""
        columns, coded, words = self.columns, self.coded, self.words
        # Float64 against these borders decides as its float32 against the others; infinite counts as largest.
        borders, last, no = widened(self.borders.astype(np.float64)), len(words) - 2, np.zeros(1, np.bool_)
        joined, array = np.concatenate, np.array
        held = self._held()
        found = lookup(self.statistics, words, self.categories) if self.statistics else None

        def numbers_only(numbers: list[float], codes: list[int]) -> Bits:
            return joined([array(numbers)[columns] > borders, no])

        def answers(numbers: list[float], codes: list[int]) -> Bits:
            places = array([code + 1 if -1 <= code <= last else last + 1 if code > last else 0 for code in codes])
            bits = array(numbers)[columns] > borders if len(columns) else no[:0]
            if held is not None:
                bits = joined([bits, held[places[coded], every]])
            return joined([bits, no] if found is None else [bits, found(places, bits), no])

        every = np.arange(len(coded))
        return answers if len(words) else numbers_only

    def _held(self) -> Bits | None:
        """(words, questions) whether a word has the hash that a question about a category asks for."""
        return self.words[:, None] == self.wanted[None, :] if len(self.coded) else None


def splits_of(tree: dict[str, Any]) -> list[dict[str, Any]]:
    """A tree's splits; one without any question has none."""
    return tree["splits"] or []


def hashes_of(learner: Any, model: dict[str, Any], words: Sequence[str]) -> Hashes:
    """(words,) the library's hash of each word, as the export tells them."""
    import catboost

    info = model["features_info"]
    numbers, categories = len(info.get("float_features", ())), len(info["categorical_features"])
    named = np.array([[word.encode()] * categories for word in words], dtype=object)
    values = np.zeros((len(words), numbers), dtype=np.float32) if numbers else None
    pool = catboost.Pool(catboost.FeaturesData(num_feature_data=values, cat_feature_data=named))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.py"
        learner.save_model(str(path), format="python", pool=pool)
        text = path.read_text(encoding="utf-8")
    start = text.index("cat_features_hashes = {")
    told = dict(re.findall(r'"(-?\d+)": (-?\d+),?', text[start : text.index("}", start)]))
    return np.array([int(told[word]) & _WORD for word in words], dtype=np.uint64)


def _elements(
    told: Sequence[dict[str, Any]],
    categories: int,
    place: dict[tuple[int, float], int],
    same: dict[tuple[int, int], int],
) -> tuple[int, ...] | None:
    """Places in the hashed values: categories first, then answers of earlier questions."""
    first: list[int] = []
    then: list[int] = []
    last: list[int] = []
    for element in told:
        kind = element["combination_element"]
        if kind == "cat_feature_value":
            first.append(element["cat_feature_index"])
        elif kind == "float_feature":
            then.append(categories + place[element["float_feature_index"], element["border"]])
        elif kind == "cat_feature_exact_value":
            last.append(categories + same[element["cat_feature_index"], element["value"]])
        else:
            return None
    return (*first, *then, *last)


def _statistic(
    told: dict[str, Any], history: dict[str, Any], elements: tuple[int, ...], borders: Sequence[float]
) -> Statistic | None:
    stride, flat = history["hash_stride"], history["hash_map"]
    buckets = np.array([int(value) for value in flat[::stride]], np.uint64)
    counts: Any = np.array([flat[i + 1 : i + stride] for i in range(0, len(flat), stride)], dtype=np.float32)
    counts = counts.reshape(len(buckets), stride - 1)
    target, kind = told["target_border_idx"], told["ctr_type"]
    if kind in ("Counter", "FeatureFreq"):
        good, total = counts[:, 0], np.full(len(buckets), history["counter_denominator"], np.float32)
    elif kind == "Buckets":
        good, total = counts[:, target], counts.sum(axis=1, dtype=np.float32)
    elif kind == "Borders":
        good, total = counts[:, target + 1 :].sum(axis=1, dtype=np.float32), counts.sum(axis=1, dtype=np.float32)
    elif kind in ("BinarizedTargetMeanValue", "FloatTargetMeanValue"):
        good, total = counts[:, 0], counts[:, 1]
    else:
        return None
    single: Any = np.float32
    shares = (np.append(single(0), good) + single(told["prior_numerator"])) / (
        np.append(single(0), total) + single(told["prior_denomerator"])
    )
    values = (shares + single(told["shift"])) * single(told["scale"])
    return Statistic(elements, buckets, values[:, None] > np.array(borders, np.float32)[None, :])
