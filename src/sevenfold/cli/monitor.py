"""`sevenfold monitor`, `drill` and `retrain`: watch a served model, rehearse what goes wrong, train it anew."""

from __future__ import annotations

from typing import Annotated

import typer

from sevenfold.cli.options import Json


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command(name="monitor")(monitor)
    app.command(name="drill")(drill)
    app.command(name="retrain")(retrain)


def monitor(
    store: Annotated[str, typer.Argument(metavar="STORE", help="Folder that `sevenfold serve --store` filled.")],
    labels: Annotated[
        str | None,
        typer.Option(help="File with the true values: the target beside request_id, the id column, or the inputs."),
    ] = None,
    window: Annotated[
        str | None, typer.Option(help="Rows or time of one window: 1000, 6h, 1d; what suits the rows by default.")
    ] = None,
    compare_with: Annotated[
        str | None, typer.Option(help="Training rows, to tell the newest rows from; the first windows by default.")
    ] = None,
    out: Annotated[str | None, typer.Option(help="The page to write; STORE/monitor.html by default.")] = None,
    alert: Annotated[
        list[str] | None, typer.Option(help="Tell of new alerts: a log file, an https URL, or mailto:ADDRESS.")
    ] = None,
    alert_private: Annotated[
        bool, typer.Option("--alert-private", help="Let webhooks reach private networks, and http.")
    ] = False,
    every: Annotated[str | None, typer.Option(help="Look again and again, after so long: 10m.")] = None,
    json_output: Json = False,
) -> None:
    """Tell how live rows differ from training rows.

    Which columns have drifted and how, how good the predictions are expected to be and, with --labels, how good they
    were; a page with charts; alerts to those who want to know.
    """
    import time
    from pathlib import Path

    from sevenfold.api.monitor import monitor as api_monitor
    from sevenfold.cli.show import show_monitor
    from sevenfold.core.config import parse_seconds

    pause = None if every is None else parse_seconds(every)
    page = Path(out) if out is not None else Path(store) / "monitor.html"
    while True:
        found = api_monitor(
            store, labels, window=window, compare_with=compare_with, page=page, alerts=alert or (),
            private=alert_private,
        )  # fmt: skip
        show_monitor(found, json_output, page)
        if pause is None:
            return
        time.sleep(pause)


def drill(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A bundle or a run folder.")],
    data: Annotated[str, typer.Argument(metavar="DATA", help="Rows that the model was not trained on.")],
    window: Annotated[int, typer.Option(help="Rows of one window.")] = 500,
    windows: Annotated[int, typer.Option(help="Clean windows, and again as many with the fault.")] = 10,
    repeats: Annotated[int, typer.Option(help="How often each fault is rehearsed.")] = 5,
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 0,
    json_output: Json = False,
) -> None:
    """Rehearse faults before a model goes live.

    DATA is replayed with shifts, another unit, new categories, missing values, late labels and a dead server put in;
    printed are the windows until the alarm, and false alarms before.
    """
    from sevenfold.api.drill import drill as api_drill
    from sevenfold.cli.show import show_drill

    found = api_drill(model, data, window_rows=window, windows=windows, repeats=repeats, seed=seed)
    show_drill(found, json_output)


def retrain(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Folder of the run whose model serves.")],
    data: Annotated[str | None, typer.Option(help="New labelled rows.")] = None,
    store: Annotated[str | None, typer.Option(help="Or the store of the served model, with --labels.")] = None,
    labels: Annotated[str | None, typer.Option(help="True values of rows in --store.")] = None,
    test: Annotated[str | None, typer.Option(help="Rows to compare on; otherwise some of the new ones.")] = None,
    budget: Annotated[str | None, typer.Option(help="Wall time; that of RUN by default.")] = None,
    trials: Annotated[int | None, typer.Option(help="Number of trials instead of a time.")] = None,
    out: Annotated[str | None, typer.Option(help="The new run's folder; beside RUN by default.")] = None,
    if_due: Annotated[
        bool, typer.Option("--if-due", help="Only where the rule says so for --store; otherwise nothing is done.")
    ] = False,
    json_output: Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
) -> None:
    """Train by the plan of RUN on new rows, and offer the result as a challenger.

    Both models are compared on rows that neither has learned from.
    """
    from sevenfold.api.retrain import retrain as api_retrain
    from sevenfold.cli.errors import stoppable
    from sevenfold.cli.show import print_json, show_retrained, watching
    from sevenfold.core.errors import RequestError

    if if_due:
        from sevenfold.api.monitor import monitor as api_monitor

        if store is None:
            raise RequestError("--if-due needs a store.", "--store STORE", "none", "Name the store.")
        due = api_monitor(store, labels)["retrain"]
        if not due["due"]:
            print_json({"due": False, "why": due["why"]}) if json_output else print(f"Not due: {due['why']}")
            return
    with stoppable(), watching(budget, quiet=quiet, plain=json_output) as watcher:
        found = api_retrain(
            run, data, store=store, labels=labels, test=test, budget=budget, trials=trials, out=out,
            on_event=watcher, whole_process=True,
        )  # fmt: skip
    show_retrained(found, json_output)
