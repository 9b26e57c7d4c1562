"""`sevenfold predict` and `evaluate`."""

from __future__ import annotations

from typing import Annotated

import typer

from sevenfold.cli.options import AnyModel, Json, Place, TrustKeys

_DATA = Annotated[str, typer.Argument(metavar="DATA", help="File, folder, glob, database URL, or -.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command(name="predict")(predict)
    app.command(name="evaluate")(evaluate)


def predict(
    model: AnyModel,
    data: _DATA,
    out: Annotated[str, typer.Option(help="File for the predictions: .csv, .parquet or .jsonl.")],
    proba: Annotated[bool, typer.Option("--proba", help="Also the probability of each class.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Also what each column contributed.")] = False,
    coverage: Annotated[
        float | None, typer.Option(help="Also a set or an interval that holds the truth with this probability: 0.9.")
    ] = None,
    trust_key: TrustKeys = None,
    registry: Place = None,
) -> None:
    """Predict the rows of DATA into a file."""
    from sevenfold.api.predict import predict_file

    told = predict_file(
        model, data, out, proba=proba, explain=explain, coverage=coverage, trust=trust_key, registry=registry
    )
    print(told)


def evaluate(
    model: AnyModel,
    data: _DATA,
    json_output: Json = False,
    target: Annotated[
        str | None, typer.Option(help="Name of the true values in DATA, where it differs from the target's.")
    ] = None,
    coverage: Annotated[
        float, typer.Option(help="How often sets or intervals are to hold the truth, where the model has them.")
    ] = 0.9,
    trust_key: TrustKeys = None,
    registry: Place = None,
) -> None:
    """Score a model on labelled rows.

    Rows that it has not seen: every metric with its interval, and the parts of the rows where it is worse.
    """
    from sevenfold.api.evaluate import evaluate as api_evaluate
    from sevenfold.api.load import load
    from sevenfold.cli.show import show_evaluation

    loaded = load(model, trust=trust_key, registry=registry)
    show_evaluation(api_evaluate(loaded, data, target=target, coverage=coverage), json_output)
