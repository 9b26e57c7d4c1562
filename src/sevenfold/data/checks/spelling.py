"""One form for labels that differ in spelling only."""

from __future__ import annotations

import re


def plain_spelling(label: str) -> str:
    """A label without what differs between spellings: case, spaces, punctuation at its ends, a decimal .0."""
    text = re.sub(r"[\s_\-]+", " ", label.strip(" \t\r\n.,;:'\"")).strip().casefold()
    number = re.fullmatch(r"([-+]?\d+)\.0+", label.strip())
    if number:
        return number[1]
    # Signs and digits mean something: '-1' is not '1', '<=50K' is not '>50K'.
    return label.strip().casefold() if re.search(r"[-+]\s*\d", label) else text
