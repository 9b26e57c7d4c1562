"""An MLflow model folder, written by hand: MLflow itself is needed where the folder is loaded, not here.

Source: MLflow, "MLflow Model" (storage format, model signature, input example).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenfold.core.dataset import Kind
from sevenfold.core.errors import RequestError
from sevenfold.core.task import Goal
from sevenfold.data.clean import source_of
from sevenfold.deployment.archive import read_archive
from sevenfold.deployment.bundle import own_version
from sevenfold.deployment.documents import parse
from sevenfold.deployment.export.folder import write_folder
from sevenfold.deployment.golden import decode_records

if TYPE_CHECKING:
    from sevenfold.deployment.model import LoadedModel

BUNDLE = "model.sevenfold"
LOADER = "sevenfold.deployment.export.mlflow_loader"
EXAMPLE_ROWS = 5
# What a bundle's models may need beyond Sevenfold itself, by the name that MLflow's requirements use.
_PINNED = ("numpy", "polars", "scipy", "scikit-learn", "lightgbm")
_OPTIONAL = {"xgboost": "xgboost-cpu", "catboost": "catboost"}


def export_mlflow(model: LoadedModel, bundle: Path, out: Path) -> None:
    """Write the folder that `mlflow.pyfunc.load_model` and `mlflow models serve` load.

    Args:
        model: the bundle's model.
        bundle: the file it was loaded from; it goes into the folder as it is.
        out: the folder, which must not be there yet.
    Raises:
        RequestError: the folder is there already or cannot be written; a recommender, whose answers are lists.
    """
    if model.task.goal is Goal.RECOMMENDATION:
        raise RequestError(
            "A recommender has no form that MLflow's signatures can tell.",
            "a model for binary, multiclass or regression",
            "a recommendation model",
            "Serve it with sevenfold serve.",
        )
    manifest, members, _ = read_archive(bundle)
    golden = decode_records(parse(members["golden.json"], limit_bytes=2**28)["rows"])
    columns = input_columns(model, golden)
    example = _example(golden[:EXAMPLE_ROWS], columns)
    files = {
        BUNDLE: bundle.read_bytes(),
        "MLmodel": _description(model, columns, example is not None).encode(),
        "requirements.txt": "\n".join(_requirements(model, manifest["libraries"])).encode() + b"\n",
        "python_env.yaml": _python_environment().encode(),
    }
    if example is not None:
        files["input_example.json"] = json.dumps(example, ensure_ascii=False).encode()
        files["serving_input_example.json"] = json.dumps({"dataframe_split": example}, ensure_ascii=False).encode()
    write_folder(out, files)


def input_columns(model: LoadedModel, golden: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """MLflow's type of each raw column that the model uses, by name, told by the raw golden rows.

    None of them is required: a missing column counts as missing values, as everywhere in Sevenfold.
    """
    used = [column for column in model.inputs if column.name in model.runtime.used]
    types: dict[str, str] = {}
    for column in used:
        name = source_of(column)
        seen = {_type(row[name]) for row in golden if row.get(name) is not None}
        types[name] = _joined(seen, column.kind)
    return types


def _type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "long"
    if isinstance(value, float):
        return "double"
    if isinstance(value, bytes):
        return "binary"
    return _type_of_text(value) if isinstance(value, str) else "any"


def _type_of_text(text: str) -> str:
    """A text file's columns are text to Sevenfold's reader; whoever calls MLflow may hold them as numbers."""
    try:
        return "text of a fraction" if float(text) % 1 else "text of a number"
    except ValueError:
        return "string"


def _joined(seen: set[str], kind: Kind) -> str:
    """One type for all of a column's values; "any" where callers may hold it in more than one.

    MLflow refuses whole numbers for "double", and pandas reads a column without a fraction as whole numbers. So a
    number is "double" only where some value has a fraction.
    """
    if kind is Kind.NUMBER and seen & {"double", "text of a fraction"} and "string" not in seen:
        return "double"
    if kind is Kind.FLAG and seen != {"boolean"}:
        return "any"  # pandas reads "true" and "false" in a text file as flags, Sevenfold's reader as words
    if kind in (Kind.NUMBER, Kind.DATE) or len(seen) > 1 or any(name.startswith("text of") for name in seen):
        return "any"
    return next(iter(seen), "any")


def _example(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> dict[str, Any] | None:
    if not rows or not set(columns.values()) <= {"double", "long", "boolean", "string", "any"}:
        return None
    data = [[_plain(row.get(name), kind) for name, kind in columns.items()] for row in rows]
    return {"columns": list(columns), "data": data}


def _plain(value: Any, kind: str) -> Any:
    if kind == "double" and value is not None:
        value = float(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return None if isinstance(value, float) and value - value != 0 else value


def _signature(model: LoadedModel, columns: Mapping[str, str]) -> dict[str, str]:
    inputs = [{"type": kind, "name": name, "required": False} for name, kind in columns.items()]
    dtype = model.classes.dtype.str if model.task.goal.is_classification else "<f8"
    label = {"b": "boolean", "i": "long", "f": "double", "U": "string"}.get(dtype[1:2], "any")
    outputs: list[dict[str, Any]] = [{"type": label, "name": "prediction", "required": True}]
    signature = {"inputs": json.dumps(inputs, ensure_ascii=False), "outputs": json.dumps(outputs)}
    if model.task.goal.is_classification:
        signature["params"] = json.dumps([{"name": "proba", "type": "boolean", "default": False, "shape": None}])
    return signature


def _description(model: LoadedModel, columns: Mapping[str, str], has_example: bool) -> str:
    """The MLmodel file. A JSON string is a YAML string, so every value is written as one."""
    signature = _signature(model, columns)
    lines = [
        "flavors:",
        "  python_function:",
        f"    data: {json.dumps(BUNDLE)}",
        "    env:",
        '      virtualenv: "python_env.yaml"',
        f"    loader_module: {json.dumps(LOADER)}",
        f"    python_version: {json.dumps(_python_version())}",
        "  sevenfold:",
        f"    data: {json.dumps(BUNDLE)}",
        f"    sevenfold_version: {json.dumps(own_version())}",
        f"    digest: {json.dumps(model.digest)}",
        f"model_uuid: {json.dumps(model.digest[:32])}",
        f"utc_time_created: {json.dumps(datetime.now(UTC).strftime('%Y-%m-%d %H:%M:%S.%f'))}",
        "signature:",
        *(f"  {name}: {json.dumps(text, ensure_ascii=False)}" for name, text in signature.items()),
    ]
    if has_example:
        lines += [
            "saved_input_example_info:",
            '  artifact_path: "input_example.json"',
            '  serving_input_path: "serving_input_example.json"',
            '  type: "dataframe"',
            '  pandas_orient: "split"',
        ]
    return "\n".join(lines) + "\n"


def _requirements(model: LoadedModel, libraries: Mapping[str, str]) -> list[str]:
    """Sevenfold, and the versions of the libraries that the model was trained with."""
    named = {p.recipe.model for member in model.runtime.predictor.members for p in member.pipelines}
    wanted = [*_PINNED, *(_OPTIONAL[name] for name in sorted(named & set(_OPTIONAL)))]
    version = own_version()
    ours = "sevenfold" if version == "unknown" else f"sevenfold=={version}"
    return [ours, "pandas", *(f"{name}=={libraries[name]}" for name in wanted if name in libraries)]


def _python_version() -> str:
    import platform

    return platform.python_version()


def _python_environment() -> str:
    return f'python: "{_python_version()}"\ndependencies:\n- -r requirements.txt\n'
