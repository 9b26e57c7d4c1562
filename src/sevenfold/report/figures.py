"""Numbers as people read them."""

from __future__ import annotations

import math


def figure(value: object, digits: int = 3) -> str:
    """A number with a few significant digits and thousands marks; a dash where there is none.

    >>> figure(0.84512), figure(12345.6), figure(-0.0000123)
    ('0.845', '12,346', '−1.23e-05')
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return "–"
    if isinstance(value, int) or (value == int(value) and abs(value) < 1e15):
        return f"{int(value):,}".replace("-", "−")
    size = abs(value)
    if size >= 1000:
        written = f"{value:,.0f}"
    elif size >= 1e-4:
        written = f"{value:.{max(0, digits - 1 - math.floor(math.log10(size)))}f}"
    else:
        written = f"{value:.{digits - 1}e}"
    return written.replace("-", "−", 1) if value < 0 else written


def marking(value: float) -> str:
    """A tick's number, without the noughts that a measured figure would show."""
    return f"{value:,.6g}".replace("-", "−") if abs(value) < 1e6 else f"{value:.3g}".replace("e+0", "e")


def between(low: object, high: object) -> str:
    """An interval in words: "0.82 to 0.87"."""
    return f"{figure(low)} to {figure(high)}"


def percent(share: object) -> str:
    """A share in per cent: "4.2 %", "under 0.1 %"."""
    if not isinstance(share, int | float) or not math.isfinite(share):
        return "–"
    if 0 < share < 0.001:
        return "under 0.1 %"
    value = 100 * share
    return f"{value:.0f} %" if abs(value) >= 10 or value == int(value) else f"{value:.1f} %"


def duration(seconds: object) -> str:
    """Seconds in words: "0.4 s", "58 s", "2 min 5 s", "1 h 12 min"."""
    if not isinstance(seconds, int | float) or not math.isfinite(seconds):
        return "–"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    large, small, words = (whole // 60, whole % 60, ("min", "s"))
    if whole >= 3600:
        large, small, words = (whole // 3600, whole % 3600 // 60, ("h", "min"))
    return f"{large} {words[0]} {small} {words[1]}" if small else f"{large} {words[0]}"


def size(count: object) -> str:
    """Bytes in words: "640 B", "1.3 MB"."""
    if not isinstance(count, int | float) or not math.isfinite(count):
        return "–"
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1000
    return "–"


def counted(count: int, one: str, many: str | None = None) -> str:
    """A count with its noun: "1 row", "1,200 rows"."""
    return f"{count:,} {one if count == 1 else (many or one + 's')}"
