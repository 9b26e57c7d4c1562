from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.core.config import Plan, parse_bytes, parse_seconds
from sevenfold.core.errors import RequestError


@pytest.mark.parametrize(
    ("text", "seconds"), [("60s", 60), ("10m", 600), ("2h", 7200), ("1ms", 0.001), ("50us", 5e-5), (5, 5)]
)
def test_durations(text: Any, seconds: float) -> None:
    assert parse_seconds(text) == pytest.approx(seconds)


@pytest.mark.parametrize(("text", "size"), [("20MB", 20e6), ("4GB", 4e9), ("1KiB", 1024), (7, 7)])
def test_sizes(text: Any, size: float) -> None:
    assert parse_bytes(text) == size


@pytest.mark.parametrize("text", ["", "s", "-3s", "5 parsecs", "0s", "nan"])
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(RequestError):
        parse_seconds(text)


@pytest.mark.parametrize(
    "wrong",
    [
        {"budget": "60s", "trials": 3},
        {"trials": 0},
        {"tune": "bayse"},
        {"objective": "mode"},
        {"quantile": 1.0},
        {"folds": 1},
        {"threads": 0},
        {"max_size": "big"},
        {"nosuch": 1},
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(RequestError):
        Plan.of({"data": "x.csv", **wrong})


TEXT = st.text(st.characters(blacklist_categories=["Cs"]), max_size=12)


@given(data=TEXT, drop=st.lists(TEXT, max_size=3), role=st.dictionaries(TEXT, TEXT, max_size=3), seed=st.integers(0))
def test_a_plan_survives_its_file(
    tmp_path_factory: pytest.TempPathFactory, data: str, drop: list[str], role: dict[str, str], seed: int
) -> None:
    plan = Plan(data=data, drop=tuple(drop), role=role, seed=seed % 2**62, budget="60s")
    path = tmp_path_factory.mktemp("plan") / "plan.toml"
    path.write_text(plan.dump(), encoding="utf-8")
    assert Plan.load(path) == plan


def test_a_plan_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text("seed = = 1")
    with pytest.raises(RequestError, match="plan cannot be read"):
        Plan.load(tmp_path / "plan.toml")
