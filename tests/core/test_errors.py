import copy

from sevenfold.core.errors import DataError, LimitError, MissingExtraError, RequestError, unknown_name


def test_the_four_parts_are_shown() -> None:
    text = str(RequestError("It broke.", "this", "that", "do so"))
    assert text == "It broke.\nExpected: this\nReceived: that\nWhat to do: do so"


def test_exit_codes_are_as_promised() -> None:
    assert [RequestError("x").exit_code, DataError("x").exit_code, LimitError("x").exit_code] == [2, 3, 4]


def test_errors_can_cross_processes() -> None:
    error = copy.copy(DataError("a", "b", "c", "d"))
    assert (error.what, error.expected, error.received, error.advice) == ("a", "b", "c", "d")


def test_a_missing_extra_names_its_command() -> None:
    assert "pip install 'sevenfold[deep]'" in str(MissingExtraError.of("torch", "deep", "The network"))


def test_unknown_names_suggest() -> None:
    assert "Did you mean 'ridge'?" in str(unknown_name("Model", "rigde", ["ridge", "lasso"]))
