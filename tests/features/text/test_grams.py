import re
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.features.text.grams import characters, prepare, words
from sevenfold.features.text.row_grams import row_counter

TEXTS = st.lists(st.one_of(st.none(), st.text(max_size=25)), max_size=6)
PLAIN = st.lists(st.text(alphabet="abé9_ ,.\n", max_size=25), max_size=6)


def cut(how, texts, low, high, longest=1000):
    grams = how(prepare(texts, longest), low, high)
    return [(int(row), grams.text(i)) for i, row in enumerate(grams.rows)], grams


def test_words_are_lower_case_without_tags_and_do_not_cross_texts():
    found, _ = cut(words, ["Hello, big <b>World</b>!", None, "", "über_x 12"], 1, 2)
    assert found == [
        *[(0, "hello"), (0, "big"), (0, "world"), (3, "über_x"), (3, "12")],
        *[(0, "hello big"), (0, "big world"), (3, "über_x 12")],
    ]


def test_characters_stay_within_words_and_borders_are_spaces():
    found, _ = cut(characters, [" ab  c", "a"], 2, 3)
    assert found == [
        *[(0, " a"), (0, "ab"), (0, "b "), (0, " c"), (0, "c "), (1, " a"), (1, "a ")],
        *[(0, " ab"), (0, "ab "), (0, " c "), (1, " a ")],
    ]


@given(PLAIN, st.integers(1, 3))
@settings(max_examples=80, deadline=None)
def test_words_agree_with_a_plain_loop(texts, high):
    expected = []
    for length in range(1, high + 1):
        for row, text in enumerate(texts):
            tokens = re.findall(r"\w+", text)
            expected += [(row, " ".join(tokens[i : i + length])) for i in range(len(tokens) - length + 1)]
    assert cut(words, texts, 1, high)[0] == expected


@given(PLAIN, st.integers(1, 5))
@settings(max_examples=80, deadline=None)
def test_characters_agree_with_a_plain_loop(texts, length):
    expected = []
    for row, text in enumerate(texts):
        for word in text.split():
            padded = f" {word} " if length > 1 else word
            expected += [(row, padded[i : i + length]) for i in range(len(padded) - length + 1)]
    assert cut(characters, texts, length, length)[0] == expected


@given(TEXTS, st.sampled_from([words, characters]))
@settings(max_examples=80, deadline=None)
def test_equal_grams_have_equal_hashes_and_others_do_not(texts, how):
    found, grams = cut(how, texts, 1, 3)
    by_hash = {}
    for (_, text), code in zip(found, grams.hashes.tolist(), strict=True):
        assert by_hash.setdefault(code, text) == text
    assert len(set(by_hash.values())) == len(by_hash)


@given(TEXTS, st.sampled_from([words, characters]))
@settings(max_examples=80, deadline=None)
def test_a_text_alone_gives_what_it_gives_in_a_batch(texts, how):
    _, together = cut(how, texts, 1, 3)
    for row, text in enumerate(texts):
        _, alone = cut(how, [text], 1, 3)
        assert alone.hashes.tolist() == together.hashes[together.rows == row].tolist()


def test_long_texts_are_cut():
    assert cut(words, ["aa bb cc"], 1, 1, longest=4)[0] == [(0, "aa"), (0, "b")]


MIXED = st.text(
    st.one_of(st.characters(), st.sampled_from("aB é\u0130\u1e9e\u0301\u200d\x1c\x00\u3000_9<b>/")), max_size=40
)


@given(MIXED, st.sampled_from(["words", "characters"]), st.integers(1, 4), st.integers(1, 4), st.integers(1, 45))
@settings(max_examples=200, deadline=None)
def test_one_text_is_cut_as_many_are_and_its_grams_are_told_apart_by_their_hashes(text, unit, low, high, longest):
    low = min(low, high)
    found, grams = cut({"words": words, "characters": characters}[unit], [text], low, high, longest)
    assert dict(row_counter(unit, low, high, longest)(text)) == Counter(gram for _, gram in found)
    by_hash = dict(zip(grams.hashes.tolist(), (gram for _, gram in found), strict=True))
    assert len(by_hash) == len(set(by_hash.values())) == len({gram for _, gram in found})
