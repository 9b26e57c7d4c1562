"""Paths that users give: checked before anything starts, with near names where one does not exist."""

from __future__ import annotations

import os
from difflib import get_close_matches
from pathlib import Path

from sevenfold.core.errors import RequestError


def existing(path: Path) -> Path:
    """The path with ~ resolved, if something is there; otherwise a RequestError that suggests a near name."""
    try:
        path = path.expanduser()
        found = path.exists()
    except (OSError, ValueError, RuntimeError) as error:  # too long, a NUL byte within, or ~ of an unknown user
        raise RequestError("The path cannot be used.", "a file or folder", repr(str(path))[:200], str(error)) from error
    if found:
        return path
    raise RequestError(f"There is no {path}.", "an existing file or folder", str(path), _near(path))


def is_folder(path: Path) -> bool:
    """Whether it is a folder; a name that no path can have is none."""
    try:
        return path.expanduser().is_dir()
    except (OSError, ValueError, RuntimeError):
        return False


def checked_file(path: Path) -> Path:
    """A regular file that may be read; otherwise a RequestError."""
    path = existing(path)
    if path.is_dir():
        raise RequestError(f"{path} is a folder.", "a file", "a folder", "Name a file within.")
    if not path.is_file():
        raise RequestError(f"{path} is no regular file.", "a file", "a pipe or device", "Write it to standard input: -")
    if not os.access(path, os.R_OK):
        raise RequestError(
            f"{path} may not be read.", "permission to read it", f"none for this user ({_user()})", f"chmod +r {path}"
        )
    return path


def _near(path: Path) -> str:
    parent = path.parent
    if not parent.is_dir():
        missing = parent
        while not missing.parent.is_dir():
            missing = missing.parent
        return f"The folder {missing} is not there either: check the path (you are in {Path.cwd()})."
    try:
        names = sorted(entry.name for entry in parent.iterdir())
    except OSError:
        return "Check the path."
    near = get_close_matches(path.name, names, n=1, cutoff=0.6) or [n for n in names if Path(n).stem == path.stem][:1]
    if near:
        return f"Did you mean '{parent / near[0]}'?"
    if not names:
        return f"The folder {parent} is empty."
    shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
    return f"In {parent} there are: {shown}."


def _user() -> str:
    return f"user id {os.getuid()}" if hasattr(os, "getuid") else "the current user"
