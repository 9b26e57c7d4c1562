"""`sevenfold monitor`."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command(name="monitor")(monitor)


def monitor(
    store: Annotated[str, typer.Argument(metavar="STORE", help="Folder that `sevenfold serve --store` filled.")],
    labels: Annotated[str | None, typer.Option(help="True values that came later, to measure performance.")] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compare what a served model was asked with what it was trained on."""
    from sevenfold.api.monitor import monitor as api_monitor
    from sevenfold.cli.show import show_monitor

    show_monitor(api_monitor(store, labels), json_output)
