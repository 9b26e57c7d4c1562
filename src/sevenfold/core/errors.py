"""Errors in four parts: what happened, what was expected, what was received, what to do next."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from difflib import get_close_matches
from typing import ClassVar


class SevenfoldError(Exception):
    """Base of every error that Sevenfold raises on purpose.

    Args:
        what: what happened, one sentence.
        expected: what would have been right.
        received: what came instead.
        advice: what the user can do next.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, expected: str = "", received: str = "", advice: str = "") -> None:
        super().__init__(what, expected, received, advice)
        self.what = what
        self.expected = expected
        self.received = received
        self.advice = advice

    def __str__(self) -> str:
        parts = [self.what]
        if self.expected:
            parts.append(f"Expected: {self.expected}")
        if self.received:
            parts.append(f"Received: {self.received}")
        if self.advice:
            parts.append(f"What to do: {self.advice}")
        return "\n".join(parts)


class RequestError(SevenfoldError):
    """The request is wrong: nothing was started, nothing was written."""

    exit_code = 2


class MissingExtraError(RequestError):
    """An optional dependency is not installed."""

    def __init__(self, what: str, expected: str = "", received: str = "", advice: str = "") -> None:
        super().__init__(what, expected, received, advice)

    @classmethod
    def of(cls, package: str, extra: str, purpose: str) -> MissingExtraError:
        """The error for `package`, which the extra `extra` would have installed, needed for `purpose`."""
        return cls(
            f"{purpose} needs the package '{package}', which is not installed.",
            expected=f"the extra '{extra}'",
            received="an environment without it",
            advice=f"pip install 'sevenfold[{extra}]'",
        )


class DataError(SevenfoldError):
    """The data cannot be used as they are."""

    exit_code = 3


class BundleError(DataError):
    """A model file is damaged, of an unknown version, or not a model file at all."""

    def __init__(
        self,
        what: str,
        expected: str = "",
        received: str = "",
        advice: str = "Check the path, and copy the file anew from the run that made it.",
    ) -> None:
        super().__init__(what, expected, received, advice)


FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # numbers of the system's errors that say so


class LimitError(SevenfoldError):
    """Stopped by a limit: time, memory, disk, or the user's own interrupt."""

    exit_code = 4


def unknown_name(kind: str, name: str, known: Iterable[str]) -> RequestError:
    """The error for a name that is in no catalogue, with the nearest known one."""
    names = sorted(known)
    near = get_close_matches(name, names, n=1)
    return RequestError(
        f"{kind} '{name}' is unknown.",
        expected="one of: " + ", ".join(names),
        received=repr(name),
        advice=f"Did you mean '{near[0]}'?" if near else "Take a name from the list.",
    )
