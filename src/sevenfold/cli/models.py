"""`sevenfold models`, `metrics`, `checks`, `doctor`: what there is, and what is at hand."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command(name="models")(models)
    app.command(name="metrics")(metrics)
    app.command(name="checks")(checks)
    app.command(name="doctor")(doctor)


def models() -> None:
    """List every model: goals, inputs, hyperparameters with ranges, source."""
    from sevenfold.models.catalogue import MODELS

    for name, model in MODELS:
        spec = model.spec
        extra = f"   (extra '{spec.extra}')" if spec.extra else ""
        print(f"{name}: {spec.title}{extra}\n  {spec.summary}")
        print(f"  solves {', '.join(sorted(spec.solves))}; takes {', '.join(sorted(spec.accepts))}")
        if spec.traits:
            print(f"  {', '.join(sorted(spec.traits))}")
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
    return f"{default}  [{span}]  {about}".rstrip()


def metrics() -> None:
    """List every metric: what it says, for which goals."""
    from sevenfold.evaluation.metrics.catalogue import METRICS

    for name, metric in METRICS:
        spec = metric.spec
        sense = "higher is better" if spec.greater_is_better else "lower is better"
        print(f"{name}: {spec.title} ({sense}; {', '.join(sorted(spec.goals))})\n  {spec.summary}")


def checks() -> None:
    """List every check: what it looks for."""
    from sevenfold.data.checks.catalogue import CHECKS
    from sevenfold.evaluation.checks.catalogue import CHECKS as MODEL_CHECKS

    for catalogue in (CHECKS, MODEL_CHECKS):
        for name, check in catalogue:
            print(f"{name}: {check.spec.title}\n  {check.spec.summary}")


def doctor() -> None:
    """Say what this machine and installation offer: cores, memory, extras."""
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
