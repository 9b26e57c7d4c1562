"""`sevenfold train`, `audit`, `resume`, `report`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from typing import Annotated, Any

import typer

from sevenfold.core.config import Plan
from sevenfold.core.errors import RequestError

_LISTS = ("models", "sensitive", "drop")
_PAIRS = ("role", "kind", "costs")
_JSON = Annotated[
    bool, typer.Option("--json", help="Print one JSON object to standard output, all else to standard error.")
]
_QUIET = Annotated[bool, typer.Option("--quiet", help="Show no progress.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command(name="train")(_train_command())
    app.command(name="audit")(audit)
    app.command(name="resume")(resume)
    app.command(name="replay")(replay)
    app.command(name="report")(report)


def _train_command() -> Callable[..., None]:
    """The train command, its options built from `Plan`: each setting is declared once."""

    def train(**options: Any) -> None:
        """Train a model on DATA and say how good it is.

        The seven steps, from the file to a bundle, a report and a score on rows that were sealed until the end.
        """
        from sevenfold.api.train import train as api_train
        from sevenfold.cli.errors import stoppable
        from sevenfold.cli.plan import plan_settings
        from sevenfold.cli.show import show_result, watching

        json_output, quiet = options.pop("json_output"), options.pop("quiet")
        settings = plan_settings(options.pop("config"), options)
        data, target = settings.pop("data", ""), settings.pop("target", None)
        if not data:
            raise RequestError("No data are named.", "sevenfold train DATA --target COLUMN", "no DATA", "Name a file.")
        with stoppable(), watching(settings.get("budget"), quiet=quiet, plain=json_output) as watcher:
            run = api_train(data, target, on_event=watcher, whole_process=True, **settings)
        show_result(run, json_output)

    train.__signature__ = inspect.Signature(_parameters(), return_annotation=None)  # type: ignore[attr-defined]
    return train


def _parameters() -> list[inspect.Parameter]:
    made = [_parameter(declared) for declared in fields(Plan)]
    extra = [
        ("config", str | None, typer.Option(None, "--config", help="A plan.toml; options given here go before it.")),
        ("json_output", bool, typer.Option(False, "--json", help="Print one JSON object; all else goes to stderr.")),
        ("quiet", bool, typer.Option(False, "--quiet", help="Show no progress.")),
    ]
    kind = inspect.Parameter.KEYWORD_ONLY
    made.extend(inspect.Parameter(name, kind, default=option, annotation=type_) for name, type_, option in extra)
    return made


def _parameter(declared: Field[Any]) -> inspect.Parameter:
    help_text = declared.metadata["help"]
    default = declared.default if declared.default is not MISSING else None
    if default not in (None, (), "", {}) and not isinstance(default, tuple):
        help_text += f" [default: {default}]"
    flag = "--" + declared.name.replace("_", "-")
    option: Any = typer.Option(None, flag, help=help_text, show_default=False)
    type_: Any = str | None
    if declared.name == "data":
        option = typer.Argument(None, metavar="DATA", help=help_text, show_default=False)
    elif declared.name in _PAIRS:
        type_ = list[str] | None
    elif declared.type in ("int", "int | None"):
        type_ = int | None
    elif declared.type == "float":
        type_ = float | None
    return inspect.Parameter(declared.name, inspect.Parameter.KEYWORD_ONLY, default=option, annotation=type_)


def audit(
    data: Annotated[str, typer.Argument(metavar="DATA", help="File, folder, glob, database URL, or -.")],
    target: Annotated[
        str | None, typer.Option(help="Column to predict; the checks of it are left out without one.")
    ] = None,
    test: Annotated[str | None, typer.Option(help="Test set to compare with.")] = None,
    sensitive: Annotated[str | None, typer.Option(help="Columns whose groups are compared: a,b.")] = None,
    json_output: _JSON = False,
) -> None:
    """Look for what would spoil a model of DATA.

    Duplicates, leaks, broken values, order, bias: what, where, why it matters, what to do.
    """
    from sevenfold.api.audit import audit as api_audit
    from sevenfold.cli.show import show_audit

    found = api_audit(data, target=target, test=test, sensitive=sensitive.split(",") if sensitive else ())
    show_audit(found, json_output)


def resume(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Folder of a run that was broken off.")],
    json_output: _JSON = False,
    quiet: _QUIET = False,
) -> None:
    """Go on with a run that was broken off.

    Nothing that was finished is trained again.
    """
    from sevenfold.api.train import resume as api_resume
    from sevenfold.cli.errors import stoppable
    from sevenfold.cli.show import show_result, watching

    with stoppable(), watching(None, quiet=quiet, plain=json_output) as watcher:
        done = api_resume(run, on_event=watcher)
    show_result(done, json_output)


def replay(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Folder of a finished run.")],
    json_output: _JSON = False,
) -> None:
    """Fit every deployed part of RUN anew, by the work its journal records, and compare the predictions."""
    from sevenfold.api.replay import replay as api_replay
    from sevenfold.cli.show import print_json

    found = api_replay(run)
    if json_output:
        print_json(found)
        return
    print(f"{found['identical']} of {found['fits']} fits repeat bit for bit")
    for name in found["different"]:
        print(f"  {name} differs")


def report(run: Annotated[str, typer.Argument(metavar="RUN", help="Run folder.")]) -> None:
    """Write a run's report.html anew."""
    from sevenfold.api.report import write_report

    print(write_report(run))
