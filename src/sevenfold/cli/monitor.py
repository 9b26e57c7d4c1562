"""`sevenfold monitor`."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command(name="monitor")(monitor)


def monitor(
    store: Annotated[str, typer.Argument(metavar="STORE", help="Folder that `sevenfold serve --store` filled.")],
    labels: Annotated[
        str | None,
        typer.Option(help="File with the true values: the id column, or the inputs again, beside the target."),
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Tell how live rows differ from training rows.

    Which columns have drifted and how, and with --labels how good the predictions were.
    """
    from sevenfold.api.monitor import monitor as api_monitor
    from sevenfold.cli.show import show_monitor

    show_monitor(api_monitor(store, labels), json_output)
