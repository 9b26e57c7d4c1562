"""`sevenfold sign`."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command(name="sign")(sign)


def sign(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A bundle or a run folder.")],
    sign_key: Annotated[str, typer.Option("--sign-key", help="PEM file with an Ed25519 private key.")],
    out: Annotated[str | None, typer.Option(help="Where to write the signed bundle; in its place by default.")] = None,
) -> None:
    """Sign a bundle, so that others can tell who made it.

    Make the keys with: openssl genpkey -algorithm ed25519 -out key.pem; openssl pkey -in key.pem -pubout -out key.pub.
    With SEVENFOLD_TRUST_KEY=key.pub in the environment every command refuses bundles that the key has not signed.
    """
    from sevenfold.api.export import sign as api_sign

    print(api_sign(model, sign_key, out))
