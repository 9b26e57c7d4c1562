"""A server that keeps what it is asked: `sevenfold serve MODEL --store FOLDER`."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from sevenfold.core.errors import unknown_name
from sevenfold.deployment.model import LoadedModel
from sevenfold.deployment.parts import Parts
from sevenfold.deployment.recorder import Recorder
from sevenfold.deployment.registry.registry import Registry
from sevenfold.deployment.request import Limits
from sevenfold.deployment.server import serve as serve_without_store
from sevenfold.deployment.traffic.plan import Opener, Traffic
from sevenfold.monitoring.log import Log, LogSettings
from sevenfold.monitoring.shadow import ShadowLog, noting_versions


def serve(
    model_path: Path | Traffic,
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    grpc_port: int | None = None,
    token_file: Path | None = None,
    store: Path | None = None,
    name: str = "model",
    settings: LogSettings | None = None,
    limits: Limits | None = None,
    parts: Parts | None = None,
    registry: Registry | None = None,
    on_start: Callable[[str], None] | None = None,
    on_grpc: Callable[[str], None] | None = None,
) -> None:
    """Serve a bundle until SIGTERM or SIGINT, and keep every request in `store` if one is given.

    The first model's rows are in the store itself. A canary has a store of its own in its folder `canary`, every
    other model one in `also/NAME`; what a shadow answers is in its folder `shadow`.

    See `deployment.server.serve` for the other arguments and the errors.
    """
    shadowed = isinstance(model_path, Traffic) and model_path.shadow is not None
    kept = settings or LogSettings()
    sink = ShadowLog(store, kept) if store is not None and shadowed else None
    try:
        serve_without_store(
            model_path,
            host=host,
            port=port,
            grpc_port=grpc_port,
            token_file=token_file,
            name=name,
            recorder=None if store is None else _opener(store, kept),
            registry=registry,
            sink=sink,
            limits=limits,
            parts=parts,
            on_start=on_start,
            on_grpc=on_grpc,
        )
    finally:
        if sink is not None:
            sink.close()


def _opener(store: Path, settings: LogSettings) -> Opener:
    """Opens the log of each model where it belongs, and writes down which version it is."""
    note = noting_versions(store)
    met: set[str] = set()
    checked = False

    def opened(model: LoadedModel, name: str, version: str, role: str) -> Recorder:
        nonlocal checked
        met.update(model.inputs.names)
        if role == "first" and not checked:  # it comes last; versions that take over later may have lost a column
            check_redacted(settings.redact, met)
            checked = True
        folder = {"first": store, "canary": store / "canary"}.get(role, store / "also" / name)
        log = Log(folder, model, settings)
        note(model, name, version, role)
        return log

    return opened


def check_redacted(redact: Collection[str], known: Collection[str]) -> None:
    """Refuse to redact what no model has: a misspelt name would protect nothing.

    Raises:
        RequestError: a column is unknown.
    """
    for name in sorted(redact):
        if name not in known:
            raise unknown_name("Column to redact", name, known)
