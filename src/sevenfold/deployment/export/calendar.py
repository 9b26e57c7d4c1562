"""Calendar parts of a date as ONNX nodes."""

from __future__ import annotations

import numpy as np

from sevenfold.deployment.export.graph import Graph

CYCLES = {"month": 12, "yearday": 366, "weekday": 7, "hour": 24}


def calendar(graph: Graph, seconds: str) -> dict[str, str]:
    """Calendar parts of seconds since 1970, by whole-number arithmetic that float64 holds exactly.

    Source: Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
    """

    def floor(value: str, by: float) -> str:
        return graph.add("Floor", graph.numeric("Div", value, by))

    def less(value: str, other: str, times: float) -> str:
        return graph.add("Sub", value, graph.numeric("Mul", other, times))

    days = floor(seconds, 86400.0)
    second_of_day = less(seconds, days, 86400.0)
    hour = floor(second_of_day, 3600.0)
    minute = floor(less(second_of_day, hour, 3600.0), 60.0)
    shifted = graph.numeric("Add", days, 3.0)
    weekday = graph.numeric("Add", less(shifted, floor(shifted, 7.0), 7.0), 1.0)
    since = graph.numeric("Add", days, 719468.0)
    era = floor(since, 146097.0)
    day_of_era = less(since, era, 146097.0)
    corrected = graph.add("Sub", day_of_era, floor(day_of_era, 1460.0))
    corrected = graph.add("Add", corrected, floor(day_of_era, 36524.0))
    year_of_era = floor(graph.add("Sub", corrected, floor(day_of_era, 146096.0)), 365.0)
    before = graph.add("Add", graph.numeric("Mul", year_of_era, 365.0), floor(year_of_era, 4.0))
    before = graph.add("Sub", before, floor(year_of_era, 100.0))
    day_of_year = graph.add("Sub", day_of_era, before)  # from 1 March
    month_place = floor(graph.numeric("Add", graph.numeric("Mul", day_of_year, 5.0), 2.0), 153.0)
    past = floor(graph.numeric("Add", graph.numeric("Mul", month_place, 153.0), 2.0), 5.0)
    day = graph.numeric("Add", graph.add("Sub", day_of_year, past), 1.0)
    early = graph.numeric("Less", month_place, 10.0)
    month = graph.add("Where", early, graph.numeric("Add", month_place, 3.0), graph.numeric("Add", month_place, -9.0))
    year = graph.add("Add", year_of_era, graph.numeric("Mul", era, 400.0))
    year = graph.add("Where", early, year, graph.numeric("Add", year, 1.0))
    last = graph.numeric("Add", year, -1.0)
    leaps = graph.add("Sub", floor(last, 4.0), floor(last, 100.0))
    leaps = graph.add("Add", leaps, floor(last, 400.0))
    first_of_year = graph.numeric("Add", graph.add("Add", graph.numeric("Mul", last, 365.0), leaps), -719162.0)
    missing = graph.add("IsNaN", seconds)
    weekend = graph.cast(graph.numeric("GreaterOrEqual", weekday, 6.0), np.float64)
    return {
        "year": year,
        "month": graph.kept_nan(seconds, month),
        "day": day,
        "yearday": graph.numeric("Add", graph.add("Sub", days, first_of_year), 1.0),
        "weekday": weekday,
        "weekend": graph.add("Where", missing, graph.constant(np.nan), weekend),
        "hour": hour,
        "minute": minute,
        "time": graph.add("Add", hour, graph.numeric("Div", minute, 60.0)),
    }
