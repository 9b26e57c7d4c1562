"""Load a model from a bundle, a run folder or a registry name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sevenfold.core.errors import RequestError

if TYPE_CHECKING:
    from sevenfold.deployment.model import LoadedModel


def model_path(model: str | Path, registry: str | Path | None = None) -> Path:
    """The bundle that a MODEL argument means: a bundle itself, a run folder's, or one of a registry.

    Args:
        registry: where `registry:NAME` leads: a folder or `mlflow+URI`; the usual one by default.
    Raises:
        RequestError: there is no such file, or the run has no model yet.
    """
    if str(model).startswith("registry:"):
        from sevenfold.deployment.registry.address import Address
        from sevenfold.deployment.registry.registry import Registry

        return Registry.at(registry).path(Address.parse(str(model)))
    path = Path(model)
    if path.is_dir():
        bundle = path / "model.sevenfold"
        if not bundle.exists():
            raise RequestError(
                f"{path} holds no model.",
                "a run folder with a model.sevenfold",
                "a folder without one",
                f"If it is a run that was broken off: sevenfold resume {path}",
            )
        return bundle
    if not path.exists():
        raise RequestError(f"There is no model at {path}.", "a bundle or a run folder", str(model), "Check the path.")
    return path


def load(
    model: str | Path,
    *,
    trust: str | Path | Sequence[str | Path] | None = None,
    isolated: bool = False,
    registry: str | Path | None = None,
) -> LoadedModel:
    """The model of a bundle or run folder, checked and ready to predict.

    Args:
        model: a bundle, a run folder, or `registry:NAME@ALIAS`.
        trust: files of public keys (PEM, Ed25519), one of which must have signed the bundle; by default those that the
            environment variable SEVENFOLD_TRUST_KEY names, if any.
        isolated: try a file of unknown origin in a child process first, with limits on memory and time.
        registry: where `registry:NAME` leads, see `sevenfold.api.registry`; the usual one by default.
    Raises:
        RequestError: there is no model there, or a key cannot be read.
        BundleError: the file is damaged, not a model, or not signed by a trusted key.
    """
    from sevenfold.deployment.bundle import load as load_bundle
    from sevenfold.deployment.signing import trusted_keys

    return load_bundle(model_path(model, registry), trust=trusted_keys(trust), isolated=isolated)
