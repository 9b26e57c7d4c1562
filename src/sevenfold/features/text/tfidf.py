"""Text as weighted counts of words or characters."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, final

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.dataset import Kind
from sevenfold.core.feature import FeatureSpec
from sevenfold.core.inputs import Block, Columns, Form
from sevenfold.core.space import Choice, Integer, Real, Space
from sevenfold.core.state import State
from sevenfold.core.task import Target
from sevenfold.features.base import LearnedFeature, sample_rows
from sevenfold.features.text.grams import Grams, characters, prepare, words

# A batch is cut into parts of about so many characters, which bounds memory; the vocabulary is learned from so many.
_PART_CHARACTERS = 1_000_000
_LEARN_CHARACTERS = 40_000_000


@final
class Tfidf(LearnedFeature):
    """Term frequency (its logarithm) times inverse document frequency, rows of length 1 for each text column."""

    spec = FeatureSpec(
        name="tfidf",
        takes=frozenset({Kind.TEXT, Kind.CATEGORY}),
        gives=Form.SPARSE,
        summary="Weighted n-grams of words or characters.",
        space=Space(
            unit=Choice("words", ("words", "characters"), "What n-grams are made of."),
            low=Integer(1, 1, 8, help="Shortest n-gram."),
            high=Integer(2, 1, 8, help="Longest n-gram."),
            minimum=Integer(2, 1, 1000, log=True, help="Least number of training texts that hold an n-gram."),
            most=Real(0.95, 0.01, 1.0, help="Greatest share of training texts that hold an n-gram."),
            limit=Integer(30_000, 10, 1_000_000, log=True, help="Most n-grams for each column: those in most texts."),
            longest=Integer(20_000, 10, 1_000_000, log=True, help="Characters read of each text."),
        ),
        source="Salton and Buckley 1988; weights as in Manning et al. 2008, table 6.15 (ltc)",
    )

    def learn(self, columns: Columns, target: Target | None, stream: np.random.Generator) -> State:
        """For each column: sorted hashes of its n-grams, their inverse document frequencies, and their texts."""
        vocabularies: list[dict[str, Any]] = []
        for name in self.inputs:
            texts = columns.strings(name).to_list()
            length = sum(min(len(text), self.params["longest"]) for text in texts if text)
            share = min(1.0, _LEARN_CHARACTERS / max(1, length))
            chosen = sample_rows(len(texts), max(1, int(share * len(texts))), stream)
            vocabularies.append(self._vocabulary(texts if chosen is None else [texts[i] for i in chosen]))
        return {"columns": vocabularies}

    def _vocabulary(self, texts: Sequence[str | None]) -> dict[str, Any]:
        found: list[tuple[Any, Ints, list[Grams], Ints]] = []
        for _, grams in self._parts(texts):
            hashes, first, inverse = np.unique(grams.hashes, return_index=True, return_inverse=True)
            pairs = np.unique(grams.rows * max(1, len(hashes)) + inverse)
            counts = np.bincount(pairs % max(1, len(hashes)), minlength=len(hashes))
            found.append((hashes, counts, [grams], first))
        hashes, first, inverse = np.unique(
            np.concatenate([np.empty(0, np.uint64), *(part[0] for part in found)]),
            return_index=True,
            return_inverse=True,
        )
        counts = np.bincount(
            inverse, weights=np.concatenate([np.empty(0), *(part[1] for part in found)]), minlength=len(hashes)
        ).astype(np.int64)
        # In a handful of texts nothing could reach the minimum.
        least = min(self.params["minimum"], max(1, len(texts) // 10))
        usable = np.flatnonzero((counts >= least) & (counts <= max(1.0, self.params["most"] * len(texts))))
        order = usable[np.lexsort((hashes[usable], -counts[usable]))][: self.params["limit"]]
        kept = np.sort(order)
        starts = np.cumsum([0, *(len(part[0]) for part in found)])
        names: list[str] = []
        for place in first[kept].tolist():
            part = int(np.searchsorted(starts, place, side="right")) - 1
            _, _, (grams,), firsts = found[part]
            names.append(grams.text(int(firsts[place - starts[part]])))
        idf = [math.log((1 + len(texts)) / (1 + count)) + 1 for count in counts[kept].tolist()]
        return {"hashes": hashes[kept], "idf": np.array(idf), "grams": names}

    def _parts(self, texts: Sequence[str | None]) -> Iterator[tuple[int, Grams]]:
        """The n-grams of parts of the texts, each with the number of its first text."""
        cut = words if self.params["unit"] == "words" else characters
        longest = self.params["longest"]
        low = min(self.params["low"], self.params["high"])
        begin, size = 0, 0
        for end, text in enumerate(texts, start=1):
            size += min(len(text), longest) if text else 0
            if size >= _PART_CHARACTERS or end == len(texts):
                yield begin, cut(prepare(texts[begin:end], longest), low, self.params["high"])
                begin, size = end, 0

    def transform(self, columns: Columns) -> Block:
        """Columns "NAME:WORDS" or "NAME:'CHARACTERS'"; a missing or empty text gives an empty row."""
        from scipy import sparse

        matrices = [sparse.csr_matrix((columns.rows, 0))]
        names: list[str] = []
        for name, vocabulary in zip(self.inputs, self.learned["columns"], strict=True):
            matrices.append(self._matrix(columns.strings(name).to_list(), vocabulary))
            quote = "" if self.params["unit"] == "words" else "'"
            names.extend(f"{name}:{quote}{gram}{quote}" for gram in vocabulary["grams"])
        values = matrices[-1] if len(self.inputs) == 1 else sparse.hstack(matrices, format="csr")
        return Block(Form.SPARSE, tuple(names), values)

    def _matrix(self, texts: Sequence[str | None], vocabulary: dict[str, Any]) -> Any:
        from scipy import sparse

        width = len(vocabulary["hashes"])
        rows: list[Ints] = [np.empty(0, np.int64)]
        places: list[Ints] = [np.empty(0, np.int64)]
        counts: list[Ints] = [np.empty(0, np.int64)]
        for begin, grams in self._parts(texts) if width else ():
            place = np.minimum(np.searchsorted(vocabulary["hashes"], grams.hashes), width - 1)
            known = vocabulary["hashes"][place] == grams.hashes
            pairs, times = np.unique(grams.rows[known] * width + place[known], return_counts=True)
            rows.append(pairs // width + begin)
            places.append(pairs % width)
            counts.append(times)
        row, place = np.concatenate(rows), np.concatenate(places)
        weights = _damped(np.concatenate(counts)) * vocabulary["idf"][place]
        # Sums in the order of the entries, which is the same for a row alone and within a batch.
        lengths = np.sqrt(np.bincount(row, weights=weights * weights, minlength=len(texts)))
        begins = np.searchsorted(row, np.arange(len(texts) + 1))
        return sparse.csr_matrix((weights / lengths[row], place, begins), shape=(len(texts), width))


def _damped(counts: Ints) -> Floats:
    """1 + log(count), from a table: vector routines may round the same logarithm in two ways."""
    table = np.array([0.0, *(1 + math.log(count) for count in range(1, int(counts.max(initial=0)) + 1))])
    return np.asarray(table[counts])
