"""`sevenfold models`, `metrics`, `checks`, `doctor`: what there is, and what is at hand."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command(name="models")(models)
    app.command(name="metrics")(metrics)
    app.command(name="checks")(checks)
    app.command(name="doctor")(doctor)


def models(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One model only; all by default.")] = None,
) -> None:
    """List the models: goals, inputs, hyperparameters."""
    from sevenfold.models.catalogue import MODELS

    shown = MODELS if name is None else [(name, MODELS.get(name))]
    for key, model in shown:
        spec = model.spec
        extra = f"   (needs pip install 'sevenfold[{spec.extra}]')" if spec.extra else ""
        print(f"{key}: {spec.title}{extra}\n  {spec.summary}")
        print(f"  solves {', '.join(sorted(spec.solves))}; takes {', '.join(sorted(spec.accepts))}")
        if spec.traits:
            print(f"  traits {', '.join(sorted(spec.traits))}")
        for parameter, dimension in spec.space.items():
            print(f"    {parameter} = {_dimension(dimension)}")
        print(f"  source: {spec.source}")


def _dimension(dimension: object) -> str:
    options = getattr(dimension, "options", None)
    default, about = getattr(dimension, "default", None), getattr(dimension, "help", "")
    if options is not None:
        span = "one of " + ", ".join(map(str, options))
    else:
        span = f"{getattr(dimension, 'low', '')} to {getattr(dimension, 'high', '')}"
        span += ", log scale" if getattr(dimension, "log", False) else ""
    return f"{default}  ({span})  {about}".rstrip()


def metrics() -> None:
    """List the metrics: what each says, for which goals."""
    from sevenfold.evaluation.metrics.catalogue import METRICS

    for name, metric in METRICS:
        spec = metric.spec
        sense = "higher is better" if spec.greater_is_better else "lower is better"
        print(f"{name}: {spec.title} ({sense}; {', '.join(sorted(spec.goals))})\n  {spec.summary}")


def checks() -> None:
    """List the checks: what each looks for."""
    from sevenfold.data.checks.catalogue import CHECKS
    from sevenfold.evaluation.checks.catalogue import CHECKS as MODEL_CHECKS

    for title, catalogue in (("Checks of the data", CHECKS), ("Checks of the model", MODEL_CHECKS)):
        print(title)
        for name, check in catalogue:
            print(f"  {name}: {check.spec.title}\n    {check.spec.summary}")


def doctor() -> None:
    """Show cores, memory and what is installed."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    from sevenfold import __version__
    from sevenfold.core.context import Resources

    found = Resources.detect()
    print(f"sevenfold {__version__}, Python {platform.python_version()}, {platform.platform()}")
    print(f"{found.cores} cores, {found.memory_bytes / 2**30:.1f} GiB of memory (limits of the container included)")
    groups = {
        "core": ("polars", "numpy", "scipy", "scikit-learn", "lightgbm", "optuna", "safetensors"),
        "boost": ("xgboost-cpu", "catboost"),
        "deep": ("torch",),
        "image": ("pillow",),
        "serve": ("uvicorn", "httptools", "prometheus-client"),
        "grpc": ("grpcio", "protobuf"),
        "files": ("pyarrow", "pandas", "fastexcel", "zstandard"),
        "sql": ("duckdb", "psycopg"),
    }
    for group, packages in groups.items():
        for package in packages:
            try:
                state = version(package)
            except PackageNotFoundError:
                state = f"missing: pip install 'sevenfold[{group}]'" if group != "core" else "missing"
            print(f"  {group:<6}{package:<20}{state}")
