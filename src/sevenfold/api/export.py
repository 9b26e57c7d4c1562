"""Write a model in the form of another system."""

from __future__ import annotations

from pathlib import Path

from sevenfold.core.errors import unknown_name

FORMATS = ("mlflow", "onnx")


def export(model: str | Path, format: str, out: str | Path) -> str:
    """Write `model` (a bundle or run folder) as an MLflow model folder or an ONNX file, and say what was written.

    Raises:
        RequestError: an unknown format, no such model, a place that cannot be written, or (for ONNX) a part of the
            model that has no exact form there.
        BundleError: the model file is damaged.
        MissingExtraError: the extra 'onnx' is not installed.
    """
    from sevenfold.api.load import model_path
    from sevenfold.deployment.bundle import load

    if format not in FORMATS:
        raise unknown_name("Format", format, FORMATS)
    path, place = model_path(model), Path(out)
    loaded = load(path)
    if format == "mlflow":
        from sevenfold.deployment.export.mlflow import export_mlflow

        export_mlflow(loaded, path, place)
        return f'Wrote {place}: load it with mlflow.pyfunc.load_model("{place}"), or mlflow models serve -m {place}.'
    from sevenfold.deployment.export.onnx import export_onnx

    return f"Wrote {place}: {export_onnx(loaded, place).describe()}"


def sign(model: str | Path, key: str | Path, out: str | Path | None = None) -> str:
    """Sign a bundle with the private key of file `key`, in its place or to `out`, and say so.

    Raises:
        RequestError: no such model or key, or a place that cannot be written.
        BundleError: the model file is damaged.
        MissingExtraError: the extra 'sign' is not installed.
    """
    from sevenfold.api.load import model_path
    from sevenfold.deployment.signing import sign_bundle

    path = model_path(model)
    place = path if out is None else Path(out)
    sign_bundle(path, Path(key), place)
    return f"Signed {place}. Check it with SEVENFOLD_TRUST_KEY=PUBLIC_KEY_FILE in the environment of any command."
