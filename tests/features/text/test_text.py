import numpy as np
import polars as pl
import pytest

from sevenfold.core.errors import BundleError, DataError
from sevenfold.core.inputs import Block, Columns, Form
from sevenfold.features.catalogue import FEATURES

STREAM = np.random.default_rng(0)


def table(**columns):
    return Columns(pl.DataFrame({name: pl.Series(values, dtype=pl.String) for name, values in columns.items()}))


def corpus(texts):
    generator = np.random.default_rng(1)
    animals, cars = ["cat", "dog", "purr", "bark", "tail"], ["engine", "wheel", "brake", "clutch", "gear"]
    return [" ".join(generator.choice(animals if i % 2 else cars, 6)) for i in range(texts)]


def test_tfidf_weights_are_those_of_scikit_learn():
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = ["the cat sat", "the cat ran off", "a dog ran ran ran", "the dog"]
    block = FEATURES.get("tfidf")(["t"], minimum=1, high=2, most=1.0).fit(table(t=texts), None, STREAM)
    reference = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\w+")
    expected = reference.fit_transform(texts).toarray()
    order = [block.names.index(f"t:{gram}") for gram in reference.get_feature_names_out()]
    assert len(order) == len(block.names)
    np.testing.assert_allclose(block.values.toarray()[:, order], expected, rtol=1e-12)


def test_rare_and_ubiquitous_words_are_left_out():
    texts = ["all odd", "all odd", "all even", "all even", "all once"] * 1 + ["all"] * 15
    names = FEATURES.get("tfidf")(["t"], high=1).fit(table(t=texts), None, STREAM).names
    assert set(names) == {"t:odd", "t:even"}


def test_the_most_frequent_grams_are_kept_to_the_limit():
    texts = [f"w{i % 13} w{i % 17} w{i % 19}" for i in range(300)]
    names = FEATURES.get("tfidf")(["t"], high=1, limit=12).fit(table(t=texts), None, STREAM).names
    assert len(names) == 12


def test_unknown_words_give_an_empty_row():
    feature = FEATURES.get("tfidf")(["t"])
    feature.fit(table(t=corpus(50)), None, STREAM)
    assert feature.transform(table(t=["zebra", None, ""])).values.nnz == 0


def test_parts_of_a_long_batch_are_joined(monkeypatch):
    from sevenfold.features.text import tfidf

    texts = corpus(200)
    whole = FEATURES.get("tfidf")(["t"]).fit(table(t=texts), None, STREAM)
    monkeypatch.setattr(tfidf, "_PART_CHARACTERS", 100)
    parts = FEATURES.get("tfidf")(["t"]).fit(table(t=texts), None, STREAM)
    assert parts.names == whole.names and (parts.values != whole.values).nnz == 0


def test_topics_tell_two_kinds_of_text_apart():
    columns = table(t=corpus(100))
    columns.made["words"] = FEATURES.get("tfidf")(["t"]).fit(columns, None, STREAM)
    block = FEATURES.get("text_svd")(["@words"], components=2).fit(columns, None, STREAM)
    gap = np.abs(block.values[::2].mean(axis=0) - block.values[1::2].mean(axis=0)).max()
    assert block.names == ("words:topic1", "words:topic2") and gap > 0.5


def test_topics_of_an_empty_vocabulary_are_none():
    columns = table(t=["a", "b"])
    from scipy import sparse

    columns.made["words"] = Block(Form.SPARSE, (), sparse.csr_matrix((2, 0)))
    assert FEATURES.get("text_svd")(["@words"]).fit(columns, None, STREAM).values.shape == (2, 0)


def test_topics_want_a_sparse_step():
    with pytest.raises(DataError, match="one earlier step"):
        FEATURES.get("text_svd")(["t"]).fit(table(t=["a"]), None, STREAM)


def test_statistics_of_a_known_text():
    feature = FEATURES.get("text_stats")(["t"])
    block = feature.fit(table(t=["Ab 12!?", "x", None, "Hello WORLD..."]), None, STREAM)
    row = dict(zip(block.names, block.values[0].tolist(), strict=True))
    assert row["t:characters"] == 7 and row["t:words"] == 2 and row["t:word_length"] == 2
    assert row["t:digits"] == 2 / 7 and row["t:capitals"] == 1 / 7 and row["t:questions"] == 1
    assert np.isnan(block.values[2]).all()


@pytest.mark.parametrize(
    ("text", "figures"),
    [
        ("190Nm@ 2000rpm", [190, 2000]),
        ("22.4 kgm at 1750-2750rpm", [22.4, 1750, 2750]),
        ("1,248 CC", [1248]),
        ("1,234,567.5", [1234567.5]),
        ("-3 to -1", [-3, -1]),
        ("(-2)", [-2]),
        ("no figure", []),
        ("", []),
        (None, []),
    ],
)
def test_figures_inside_strings(text, figures):
    feature = FEATURES.get("text_numbers")(["t"], share=0.0)
    feature.fit(table(t=["1 2 3", "4 5 6"]), None, STREAM)
    values = feature.transform(table(t=[text])).values[0]
    assert values[~np.isnan(values)].tolist() == figures


def test_figures_that_few_rows_have_are_not_read():
    block = FEATURES.get("text_numbers")(["t", "u"]).fit(
        table(t=["1 a", "2 b"] * 50, u=["x"] * 99 + ["7 9"]), None, STREAM
    )
    assert block.names == ("t:figure1",)


def test_first_words_are_categories():
    feature = FEATURES.get("text_words")(["t"], minimum=2)
    feature.fit(table(t=["Maruti Swift", "maruti Alto", "Honda City VX", "Honda", "Kia Rio"]), None, STREAM)
    block = feature.transform(table(t=["HONDA Jazz", "Kia Rio", "Maruti", None]))
    assert block.names == ("t:word1", "t:word2") and block.levels == (2, 0)
    assert block.values[:, 0].tolist() == [0, -1, 1, -1]


@pytest.mark.parametrize("counts", [[99999999999], [-1], [1.0], [True], ["1"]])
def test_a_forged_number_of_figures_is_refused(counts):
    feature = FEATURES.get("text_numbers")(["t"])
    feature.restore({"counts": [3]})
    with pytest.raises(BundleError, match="figures"):
        feature.restore({"counts": counts})
