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


def test_no_more_than_so_many_are_kept(monkeypatch):
    monkeypatch.setattr(memory, "_KEPT_PARTS", 3 * (memory._ENTRY + 1))
    asked = []
    ask = remembered(lambda text: asked.append(text) or text)
    for text in ["a", "b", "c", "a", "d", "a"]:
        assert ask(text) == text
    assert asked == ["a", "b", "c", "d", "a"]


def test_what_is_kept_stays_small_whatever_is_found_in_it():
    size = 4_000
    ask = remembered(lambda text: [0.0] * size)
    held = ask.__closure__[[*ask.__code__.co_freevars].index("kept")].cell_contents
    for number in range(500):
        ask(str(number))
        assert sum(map(len, held.values())) <= memory._KEPT_PARTS
    assert len(held) > 1
