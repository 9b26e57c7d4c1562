"""`sevenfold export`."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command(name="export")(export)


def export(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A bundle or a run folder.")],
    format: Annotated[str, typer.Option("--format", help="onnx or mlflow.")],
    out: Annotated[str, typer.Option(help="The file (onnx) or the new folder (mlflow) to write.")],
) -> None:
    """Write a model in the form of another system.

    onnx: one graph, features included, checked against the model before it is written. mlflow: a folder that
    mlflow.pyfunc.load_model and mlflow models serve load.
    """
    from sevenfold.api.export import export as api_export

    print(api_export(model, format, out))
