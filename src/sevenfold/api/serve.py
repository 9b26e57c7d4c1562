"""Serve a model over HTTP until told to stop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def serve(
    model: str | Path,
    *,
    name: str = "model",
    port: int = 8080,
    grpc_port: int | None = None,
    host: str = "127.0.0.1",
    token_file: str | None = None,
    store: str | None = None,
    on_start: Callable[[str], None] | None = None,
    on_grpc: Callable[[str], None] | None = None,
) -> None:
    """Answer requests; with `store`, keep them for `monitor`. Returns after SIGTERM or Ctrl-C, drained.

    With `grpc_port` the Open Inference Protocol is spoken over gRPC, too. `on_start` is told the server's URL once it
    answers, `on_grpc` the address (`host:port`) of gRPC.

    Raises:
        MissingExtraError: the extra 'serve' or 'grpc' is not installed.
        RequestError: a port that is taken, an address that needs a token, no such model.
    """
    from sevenfold.api.load import model_path
    from sevenfold.monitoring.serving import serve as run

    run(
        model_path(model),
        host=host,
        port=port,
        grpc_port=grpc_port,
        token_file=None if token_file is None else Path(token_file),
        name=name,
        store=None if store is None else Path(store),
        on_start=on_start,
        on_grpc=on_grpc,
    )
