"""Serve a model over HTTP until told to stop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def serve(
    model: str | Path,
    *,
    name: str = "model",
    port: int = 8080,
    host: str = "127.0.0.1",
    token_file: str | None = None,
    store: str | None = None,
    on_start: Callable[[str], None] | None = None,
) -> None:
    """Answer requests; with `store`, keep them for `monitor`. Returns after SIGTERM or Ctrl-C, drained.

    `on_start` is told the server's URL once it answers.

    Raises:
        RequestError: a port that is taken, an address that needs a token, no such model.
    """
    from sevenfold.api.load import model_path
    from sevenfold.monitoring.serving import serve as run

    run(
        model_path(model),
        host=host,
        port=port,
        token_file=None if token_file is None else Path(token_file),
        name=name,
        store=None if store is None else Path(store),
        on_start=on_start,
    )
