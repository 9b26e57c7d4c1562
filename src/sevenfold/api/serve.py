"""Serve a model over HTTP until told to stop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sevenfold.deployment.registry.address import Address


def serve(
    model: str | Path,
    *,
    name: str = "model",
    port: int = 8080,
    grpc_port: int | None = None,
    host: str = "127.0.0.1",
    token_file: str | None = None,
    store: str | None = None,
    also: Mapping[str, str | Path] | None = None,
    canary: str | Path | None = None,
    share: float = 0.1,
    shadow: str | Path | None = None,
    on_start: Callable[[str], None] | None = None,
    on_grpc: Callable[[str], None] | None = None,
) -> None:
    """Answer requests; with `store`, keep them for `monitor`. Returns after SIGTERM or Ctrl-C, drained.

    With `grpc_port` the Open Inference Protocol is spoken over gRPC, too. `on_start` is told the server's URL once it
    answers, `on_grpc` the address (`host:port`) of gRPC.

    Args:
        also: further models by name, at /predict/NAME and /v2/models/NAME.
        canary: answers `share` of the requests in place of `model`, chosen by the request's id (header x-request-id).
        shadow: answers everything again after the reply; kept in the store for `registry compare`, never told.

    A model of a registry is watched: when its alias comes to mean another version, that version takes over without a
    request lost, unless it fails to load, in which case the old one goes on.

    Raises:
        MissingExtraError: the extra 'serve' or 'grpc' is not installed.
        RequestError: a port that is taken, an address that needs a token, no such model.
    """
    from sevenfold.deployment.traffic.plan import Traffic
    from sevenfold.monitoring.serving import serve as run

    run(
        Traffic(
            {name: _where(model), **{other: _where(at) for other, at in (also or {}).items()}},
            canary=None if canary is None else _where(canary),
            share=share,
            shadow=None if shadow is None else _where(shadow),
        ),
        host=host,
        port=port,
        grpc_port=grpc_port,
        token_file=None if token_file is None else Path(token_file),
        name=name,
        store=None if store is None else Path(store),
        on_start=on_start,
        on_grpc=on_grpc,
    )


def _where(model: str | Path) -> Path | Address:
    from sevenfold.api.load import model_path
    from sevenfold.deployment.registry.address import Address, is_address

    return Address.parse(str(model)) if is_address(str(model)) else model_path(model)
