"""Text as weighted counts of words or characters."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, final

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.compiled import Reads, RowStep, SparseRow
from sevenfold.core.dataset import Kind
from sevenfold.core.feature import FeatureSpec
from sevenfold.core.inputs import Block, Columns, Form
from sevenfold.core.int8 import Matrix
from sevenfold.core.space import Choice, Integer, Real, Space
from sevenfold.core.state import State
from sevenfold.core.task import Target
from sevenfold.features.base import LearnedFeature, sample_rows
from sevenfold.features.memory import remembered
from sevenfold.features.text.grams import Grams, characters, prepare, words
from sevenfold.features.text.row_grams import PlaceCounter, place_counter
from sevenfold.features.text.vocabulary import Hashes, Vocabulary, counted

# Texts are worked on in parts of about so many characters: less memory, and arrays that fit into caches.
_PART_CHARACTERS = 250_000
# Candidates for the vocabulary are proposed by a sample of so many characters; their counts are those of all rows.
_PROPOSE_CHARACTERS = {"words": 20_000_000, "characters": 2_000_000}


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
    matrices = (Matrix("columns/*/idf"),)

    def fit(self, columns: Columns, target: Target | None, stream: np.random.Generator) -> Block:
        """Learn the n-grams and weigh those of the training rows in one go: counting them is most of the work."""
        learned: list[dict[str, Any]] = []
        counts: list[Any] = []
        for name in self.inputs:
            texts = columns.strings(name).to_list()
            vocabulary, found = self._learn_column(texts, stream)
            learned.append(vocabulary)
            counts.append(found)
        self.restore({"columns": learned})
        return self._block(columns.rows, counts)

    def learn(self, columns: Columns, target: Target | None, stream: np.random.Generator) -> State:
        """For each column: sorted hashes of its n-grams, their inverse document frequencies, and their texts."""
        self.fit(columns, target, stream)
        return self.learned

    def _learn_column(self, texts: Sequence[str | None], stream: np.random.Generator) -> tuple[dict[str, Any], Any]:
        candidates = Vocabulary(self._propose(texts, stream))
        names: dict[int, str] = {}
        counts = self._counts(texts, candidates, names)
        holding = np.bincount(counts.indices, minlength=len(candidates))
        # In a handful of texts nothing could reach the minimum.
        least = min(self.params["minimum"], max(1, len(texts) // 10))
        usable = np.flatnonzero((holding >= least) & (holding <= max(1.0, self.params["most"] * len(texts))))
        ranked = usable[np.lexsort((usable, -holding[usable]))]
        kept = np.sort(ranked[: self.params["limit"]])
        idf = [math.log((1 + len(texts)) / (1 + count)) + 1 for count in holding[kept].tolist()]
        learned = {
            "hashes": candidates.hashes[kept],
            "idf": np.array(idf),
            "grams": [names[place] for place in kept.tolist()],
        }
        return learned, counts[:, kept]

    def _propose(self, texts: Sequence[str | None], stream: np.random.Generator) -> Hashes:
        """Sorted hashes of the n-grams most frequent in a sample, twice as many as are kept."""
        length = sum(min(len(text), self.params["longest"]) for text in texts if text)
        share = min(1.0, _PROPOSE_CHARACTERS[self.params["unit"]] / max(1, length))
        chosen = sample_rows(len(texts), max(1, int(share * len(texts))), stream)
        sampled = texts if chosen is None else [texts[i] for i in chosen]
        hashes, counts = counted(
            np.concatenate([np.empty(0, np.uint64), *(grams.hashes for _, grams in self._parts(sampled))])
        )
        # What the sample holds once may occur more often elsewhere, but then hardly often enough to matter.
        least = 1 if len(texts) < 10 * self.params["minimum"] or self.params["minimum"] == 1 else 2
        usable = np.flatnonzero(counts >= least)
        ranked = usable[np.lexsort((usable, -counts[usable]))][: 2 * self.params["limit"]]
        return hashes[np.sort(ranked)].astype(np.uint64)

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

    def prepare(self) -> None:
        """Build the look-up tables and the names, which would take longer than to convert one row."""
        self._vocabularies = [Vocabulary(column["hashes"]) for column in self.learned["columns"]]
        quote = "" if self.params["unit"] == "words" else "'"
        self._names = tuple(
            f"{name}:{quote}{gram}{quote}"
            for name, column in zip(self.inputs, self.learned["columns"], strict=True)
            for gram in column["grams"]
        )

    def transform(self, columns: Columns) -> Block:
        """Columns "NAME:WORDS" or "NAME:'CHARACTERS'"; a missing or empty text gives an empty row."""
        read = [columns.strings(name).to_list() for name in self.inputs]
        counts = [self._counts(texts, known) for texts, known in zip(read, self._vocabularies, strict=True)]
        return self._block(columns.rows, counts)

    def row_step(self) -> RowStep:
        """See `Feature.row_step`; an n-gram is found by its characters in place of their hash."""
        cut = (self.params["unit"], self.params["low"], self.params["high"], self.params["longest"])
        readers: list[Callable[[str | None], tuple[list[int], list[float]]]] = []
        start = 0
        for column in self.learned["columns"]:
            known = {gram: start + place for place, gram in enumerate(column["grams"])}
            idf = [0.0] * start + column["idf"].tolist()
            read = _row_reader(place_counter(*cut, known), idf)
            readers.append(remembered(read, lambda found: len(found[0])))
            start += len(column["grams"])

        def convert(values: list[str | None]) -> SparseRow:
            places: list[int] = []
            weights: list[float] = []
            for text, read in zip(values, readers, strict=True):
                own = read(text)
                places += own[0]
                weights += own[1]
            return SparseRow(places, weights)

        return RowStep(Reads.STRINGS, convert)

    def _counts(self, texts: Sequence[str | None], known: Vocabulary, names: dict[int, str] | None = None) -> Any:
        """(rows, n-grams) sparse counts, columns ascending in each row; `names` collects the n-grams' texts."""
        from scipy import sparse

        width = len(known)
        pairs: list[Ints] = [np.empty(0, np.int64)]
        counts: list[Ints] = [np.empty(0, np.int64)]
        for begin, grams in self._parts(texts) if width else ():
            place = known.find(grams.hashes)
            hits = np.flatnonzero(place >= 0)
            if names is not None:
                _name(names, grams, place, hits, width)
            inside = grams.rows[hits] * width + place[hits]
            # Half the bytes, half the time to sort.
            small = len(inside) > 0 and int(inside.max()) < 2**31
            distinct, times = counted(inside.astype(np.int32) if small else inside)
            pairs.append(distinct.astype(np.int64) + begin * width)
            counts.append(times)
        row, column = np.divmod(np.concatenate(pairs), max(1, width))
        begins = np.searchsorted(row, np.arange(len(texts) + 1))
        return sparse.csr_matrix((np.concatenate(counts), column, begins), shape=(len(texts), width))

    def _block(self, rows: int, counts: Sequence[Any]) -> Block:
        from scipy import sparse

        matrices: list[Any] = []
        for found, learned in zip(counts, self.learned["columns"], strict=True):
            weights = _damped(found.data) * learned["idf"][found.indices]
            # Sums in the order of the entries, which is the same for a row alone and within a batch.
            row = np.repeat(np.arange(rows), np.diff(found.indptr))
            lengths = np.sqrt(np.bincount(row, weights=weights * weights, minlength=rows))
            shape = (rows, len(learned["idf"]))
            matrices.append(sparse.csr_matrix((weights / lengths[row], found.indices, found.indptr), shape=shape))
        values = matrices[0] if len(matrices) == 1 else sparse.hstack(matrices, format="csr")
        return Block(Form.SPARSE, self._names, values)


def _row_reader(count: PlaceCounter, idf: Sequence[float]) -> Callable[[str | None], tuple[list[int], list[float]]]:
    """From a text to the columns of its n-grams, ascending, and their weights.

    Args:
        count: the columns of a text's n-grams.
        idf: by column.
    """
    damped = [0.0, *(1 + math.log(times) for times in range(1, 64))]

    def read(text: str | None) -> tuple[list[int], list[float]]:
        if not text:
            return [], []
        held = sorted(count(text).items())
        own = [(damped[n] if n < 64 else 1 + math.log(n)) * idf[place] for place, n in held]
        total = 0.0
        for weight in own:
            total += weight * weight
        length = math.sqrt(total)
        return [place for place, _ in held], [weight / length for weight in own]

    return read


def _name(names: dict[int, str], grams: Grams, place: Ints, hits: Ints, width: int) -> None:
    """Note the text of each n-gram that has none yet."""
    anywhere = np.full(width, -1, dtype=np.int64)
    anywhere[place[hits]] = hits
    for column in np.flatnonzero(anywhere >= 0).tolist():
        if column not in names:
            names[column] = grams.text(int(anywhere[column]))


def _damped(counts: Ints) -> Floats:
    """1 + log(count), from a table: vector routines may round the same logarithm in two ways."""
    table = np.array([0.0, *(1 + math.log(count) for count in range(1, int(counts.max(initial=0)) + 1))])
    return np.asarray(table[counts])
