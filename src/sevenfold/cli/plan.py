"""From command-line options and a plan.toml to settings of the API."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from sevenfold.core.config import Plan
from sevenfold.core.errors import RequestError

_LISTS = ("models", "sensitive", "drop")
_PAIRS = ("role", "kind", "costs")


def plan_settings(config: str | None, options: dict[str, Any]) -> dict[str, Any]:
    """Settings that were given, options before the file; lists split at commas, pairs at the last '='.

    Raises:
        RequestError: a pair has no '=', or the file is no plan.
    """
    settings: dict[str, Any] = {}
    if config is not None:
        plan = Plan.load(Path(config))
        settings = {f.name: getattr(plan, f.name) for f in fields(plan) if getattr(plan, f.name) not in (None, (), {})}
    for name, value in options.items():
        if value is None or value == []:
            continue
        if name in _LISTS:
            settings[name] = tuple(part.strip() for part in str(value).split(",") if part.strip())
        elif name in _PAIRS:
            settings[name] = _pairs(name, value)
        else:
            settings[name] = value
    if options.get("trials") is not None and options.get("budget") is None:
        settings.pop("budget", None)
    return settings


def _pairs(name: str, texts: list[str]) -> dict[str, Any]:
    pairs: dict[str, Any] = {}
    for text in texts:
        key, mark, value = text.rpartition("=")
        if not mark:
            raise RequestError(f"--{name} cannot be read.", "NAME=VALUE", text, "Write the two parts with = between.")
        # A role is NAME=COLUMN and a column may hold '=': there the first mark counts.
        if name == "role":
            key, _, value = text.partition("=")
        try:
            pairs[key] = float(value) if name == "costs" else value
        except ValueError as error:
            raise RequestError(f"--{name} cannot be read.", "TRUE:DECIDED=COST", text, "Give a number.") from error
    return pairs
