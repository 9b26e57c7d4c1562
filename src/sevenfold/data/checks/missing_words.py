"""Spellings of missing that people use."""

from __future__ import annotations

MISSING_WORDS = frozenset(
    {
        "", "?", "-", "--", "---", ".", "..", "...", "*", "#", "_", "n/a", "n.a.", "n.a", "na", "nan", "null", "nil",
        "#n/a", "#na", "#null!", "#value!", "missing", "(missing)", "<missing>", "not available", "not applicable",
        "not known", "not provided", "not specified", "unspecified", "undefined", "unknown", "unk", "no data",
        "(blank)", "blank", "<na>", "<null>", "(null)", "none given", "tbd",
    }
)  # fmt: skip
"""Compared after stripping and lower-casing. "none" and "no" are not among them: they are answers as often."""
