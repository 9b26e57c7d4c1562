"""`sevenfold`: every command, each a thin shell over the API. Heavy libraries load only when a command runs."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys

import typer

from sevenfold.cli import export, models, monitor, predict, registry, serve, sign, train

app = typer.Typer(
    name="sevenfold",
    help="From a data file to a model that serves predictions and watches itself.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for part in (train, predict, serve, export, sign, monitor, registry, models):
    part.register(app)


def run() -> None:
    """The entry point: errors become four-part messages and exit codes."""
    from sevenfold.cli.errors import guarded
    from sevenfold.tuning.executors.lean import keep_lean

    keep_lean()
    leave(guarded(app))


def leave(code: int) -> None:
    """End the process at once: taking libraries and tables apart piece by piece takes up to a second on a busy machine,
    and the operating system does it anyway. What was registered for the end, and buffered output, is not lost."""
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)
