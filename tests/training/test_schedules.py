from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.core.errors import RequestError
from sevenfold.training.schedules import SCHEDULES, rate_share


@given(st.sampled_from(sorted(SCHEDULES)), st.floats(0, 1), st.floats(0, 0.9))
def test_share_stays_in_range(name: str, progress: float, warmup: float) -> None:
    assert 0.0 <= rate_share(name, progress, warmup) <= 1.0


@pytest.mark.parametrize("name", ["cosine", "linear"])
def test_one_cycle_rises_to_its_height_and_falls_to_nothing(name: str) -> None:
    rates = [rate_share(name, step / 100, 0.2) for step in range(101)]
    assert rates.index(max(rates)) == 20
    assert max(rates) == 1.0
    assert rates[-1] == pytest.approx(0.0, abs=1e-12)
    assert sorted(rates[:21]) == rates[:21]
    assert sorted(rates[20:], reverse=True) == rates[20:]


def test_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(RequestError, match="cosine"):
        rate_share("cosin", 0.5, 0.0)
