"""A server that keeps what it is asked: `sevenfold serve MODEL --store FOLDER`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sevenfold.deployment.parts import Parts
from sevenfold.deployment.request import Limits
from sevenfold.deployment.server import serve as serve_without_store
from sevenfold.monitoring.log import Log, LogSettings


def serve(
    model_path: Path,
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
    on_start: Callable[[str], None] | None = None,
    on_grpc: Callable[[str], None] | None = None,
) -> None:
    """Serve a bundle until SIGTERM or SIGINT, and keep every request in `store` if one is given.

    See `deployment.server.serve` for the other arguments and the errors.
    """
    serve_without_store(
        model_path,
        host=host,
        port=port,
        grpc_port=grpc_port,
        token_file=token_file,
        name=name,
        recorder=None if store is None else lambda model: Log(store, model, settings),
        limits=limits,
        parts=parts,
        on_start=on_start,
        on_grpc=on_grpc,
    )
