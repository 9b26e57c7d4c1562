"""What is kept of texts is what would be found again, and never more than so much."""

from sevenfold.features import memory
from sevenfold.features.memory import remembered


def test_short_texts_are_looked_at_once():
    asked = []

    def find(text):
        asked.append(text)
        return [len(text or "")]

    ask = remembered(find)
    assert [ask("ab"), ask(None), ask("ab"), ask(None), ask("")] == [[2], [0], [2], [0], [0]]
    assert asked == ["ab", None, ""]
    long = "x" * 201
    assert ask(long) == ask(long) == [201] and asked[3:] == [long, long]


def test_no_more_than_so_many_numbers_are_kept(monkeypatch):
    monkeypatch.setattr(memory, "_KEPT_NUMBERS", 5)
    asked = []
    ask = remembered(lambda text: asked.append(text) or [0] * len(text), lambda found: len(found))
    for text in ["aa", "bbb", "aa", "c", "c", "aa", "bbb"]:
        assert ask(text) == [0] * len(text)
    assert asked == ["aa", "bbb", "c", "aa", "bbb"]


def test_no_more_than_so_many_are_kept(monkeypatch):
    monkeypatch.setattr(memory, "_KEPT", 3)
    asked = []
    ask = remembered(lambda text: asked.append(text) or text)
    for text in ["a", "b", "c", "a", "d", "a"]:
        assert ask(text) == text
    assert asked == ["a", "b", "c", "d", "a"]
