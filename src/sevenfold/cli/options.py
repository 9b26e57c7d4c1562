"""Options that several commands have, declared once."""

from __future__ import annotations

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
AnyModel = Annotated[str, typer.Argument(metavar="MODEL", help="A bundle, a run folder, or registry:NAME@ALIAS.")]
Place = Annotated[
    str | None,
    typer.Option(
        "--registry",
        metavar="PLACE",
        help="A folder, or mlflow+URI; by default $SEVENFOLD_REGISTRY, else the folder ~/.sevenfold/registry.",
    ),
]
TrustKeys = Annotated[
    list[str] | None,
    typer.Option(
        "--trust-key",
        metavar="FILE",
        help="Refuse a model that no key of these files (public, PEM) has signed; repeatable. By default "
        "$SEVENFOLD_TRUST_KEY, if set.",
    ),
]


def listed(text: str | None) -> tuple[str, ...]:
    """The names of an option such as `a,b`."""
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())
