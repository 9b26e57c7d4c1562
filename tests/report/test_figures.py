"""Numbers as people read them, scales and ticks."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.report.axes import Scale, extent, ticks
from sevenfold.report.charts import Line, Mark, grid_chart, histogram, line_chart, row_chart, spark
from sevenfold.report.figures import counted, duration, figure, marking, percent, size


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.84512, "0.845"),
        (12345.6, "12,346"),
        (3, "3"),
        (-2.5, "−2.50"),
        (-0.0000123, "−1.23e-05"),
        (55.123, "55.1"),
        (None, "–"),
        (float("nan"), "–"),
        (True, "–"),
        (0.0, "0"),
    ],
)
def test_figures(value, expected):
    assert figure(value) == expected


def test_words_for_shares_times_and_sizes():
    assert [percent(v) for v in (0.0, 0.0001, 0.042, 0.5, 1.0, None)] == [
        "0 %",
        "under 0.1 %",
        "4.2 %",
        "50 %",
        "100 %",
        "–",
    ]
    assert [duration(v) for v in (0.42, 58.2, 60, 125, 3600, 4321, None)] == [
        "0.4 s",
        "58 s",
        "1 min",
        "2 min 5 s",
        "1 h",
        "1 h 12 min",
        "–",
    ]
    assert [size(v) for v in (640, 1_300_000, 2.5e12, None)] == ["640 B", "1.3 MB", "2500 GB", "–"]
    assert counted(1, "row") == "1 row" and counted(1200, "row") == "1,200 rows"
    assert [marking(v) for v in (0.5, -0.25, 20000.0, 5e7)] == ["0.5", "−0.25", "20,000", "5e7"]


@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e9))
def test_ticks_are_few_and_inside(low, width):
    high = low + width
    if high <= low:
        return
    found = ticks(low, high)
    assert len(found) <= 7
    assert all(low - 1e-6 * width <= t <= high + 1e-6 * width for t in found)


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=10))
def test_an_extent_is_never_empty(values):
    low, high = extent([v for v in values if abs(v) < 1e300 or not math.isfinite(v)])
    assert low < high


def test_a_scale_keeps_within_its_ends():
    scale = Scale(0.0, 10.0, 100.0, 0.0)
    assert (scale(5), scale(-3), scale(99)) == (50.0, 100.0, 0.0)


def test_charts_of_little_or_flat_data_are_drawn():
    flat = line_chart("t", [Line("", [1.0, 1.0], [2.0, 2.0])], "x", "y")
    assert "<polyline" in flat
    assert "0.5 (0.4 to 0.6)" not in row_chart("t", [Mark("a", 0.5)], "v")
    assert "0.500 (0.400 to 0.600)" in row_chart("t", [Mark("a", 0.5, 0.4, 0.6)], "v", bars=True, line_at=0.1)
    assert "<rect" in histogram("t", [0.0, 1.0], [("a", [0], "accent")], "x")
    assert "12 of 12 right" in grid_chart("t", ["a"], [[12.0]], "x", "y")
    assert spark([], "none").startswith("<svg")


def test_long_lines_are_drawn_in_full():
    points = [i / 500 for i in range(500)]
    chart = line_chart("t", [Line("", points, points)], "x", "y")
    assert chart.count(",") == 500 and "…" not in chart
