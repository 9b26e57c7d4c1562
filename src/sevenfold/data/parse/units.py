"""Units that numbers carry: which are well known, and which can be told in terms of each other."""

from __future__ import annotations

from collections.abc import Mapping

FAMILIES: tuple[Mapping[str, float], ...] = (
    {"mm": 0.001, "cm": 0.01, "m": 1.0, "km": 1000.0},
    {"mg": 1e-6, "g": 0.001, "kg": 1.0, "t": 1000.0},
    {"kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12},
    {"k": 1e3, "m": 1e6, "b": 1e9, "bn": 1e9},
    {
        "ms": 0.001,
        "s": 1.0,
        "sec": 1.0,
        "secs": 1.0,
        "min": 60.0,
        "mins": 60.0,
        "h": 3600.0,
        "hr": 3600.0,
        "hrs": 3600.0,
    },
    {"second": 1.0, "seconds": 1.0, "minute": 60.0, "minutes": 60.0, "hour": 3600.0, "hours": 3600.0},
    {
        "day": 1.0,
        "days": 1.0,
        "week": 7.0,
        "weeks": 7.0,
        "month": 30.4375,
        "months": 30.4375,
        "year": 365.25,
        "years": 365.25,
        "yr": 365.25,
        "yrs": 365.25,
    },
)
"""Units of one measure with their size. A column that mixes some of one family is told in its commonest unit."""

CURRENCIES = (
    *("$", "€", "£", "¥", "₹", "₩", "₽", "₺", "฿", "us$", "r$", "a$", "c$", "hk$", "nt$"),
    *("usd", "eur", "gbp", "jpy", "cny", "inr", "chf", "aud", "cad", "brl", "rub", "rs.", "rs", "kr", "zł"),
)
"""What may stand before a number without making it a code; after it, too."""

SHORT = frozenset("%‰°gmltskhwbjn\"'€$£¥₹₩₽₺฿") | {"°c", "°f", "kr", "zł"}
"""Units of one character (and a few of two) that are taken for units when they touch the number."""


def factors(counts: Mapping[str, int]) -> dict[str, float]:
    """Factor by unit for the units of one column, commonest first: conversions within a family, otherwise 1."""
    units = sorted(counts, key=lambda unit: (-counts[unit], unit))
    if not units:
        return {}
    family = next((f for f in FAMILIES if all(unit in f for unit in units)), None)
    if family is None or len({family[unit] for unit in units}) == 1:
        magnitudes = FAMILIES[3]
        if all(unit in magnitudes for unit in units) and set(units) != {"m"}:
            return {unit: magnitudes[unit] for unit in units}
        return dict.fromkeys(units, 1.0)
    base = 1.0 if family is FAMILIES[3] else family[units[0]]
    return {unit: family[unit] / base for unit in units}
