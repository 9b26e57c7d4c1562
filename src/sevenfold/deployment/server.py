"""Runs the service: listens, says where, and drains when it is told to stop."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sevenfold.core.errors import MissingExtraError, RequestError
from sevenfold.deployment.access import check_address, read_token
from sevenfold.deployment.bundle import load
from sevenfold.deployment.model import LoadedModel
from sevenfold.deployment.parts import Parts
from sevenfold.deployment.recorder import Recorder
from sevenfold.deployment.request import Limits
from sevenfold.deployment.service import Service

Opener = Callable[[LoadedModel], Recorder]


def serve(
    model_path: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    token_file: Path | None = None,
    name: str = "model",
    recorder: Opener | None = None,
    limits: Limits | None = None,
    parts: Parts | None = None,
    on_start: Callable[[str], None] | None = None,
) -> None:
    """Serve a bundle until SIGTERM or SIGINT; requests under way are answered before this returns.

    Args:
        model_path: the bundle; it is tried in a child process first.
        host: address to listen on; any but this machine's own needs a token.
        port: 0 chooses a free one.
        token_file: file with the token that every route but health wants.
        name: of the model in the protocol.
        recorder: opens the log of what is asked and answered.
        limits: what one request may cost.
        parts: catalogues to restore from.
        on_start: told the server's URL once it answers.
    Raises:
        RequestError: no token where one is needed, a port that is taken, a name that cannot stand in a URL.
        BundleError: the model cannot be loaded.
        MissingExtraError: the extra 'serve' is not installed.
    """
    token = None if token_file is None else read_token(token_file)
    check_address(host, token)
    bounds = limits or Limits()
    with _listening(host, port) as sockets:  # a port that is taken is known before the model is loaded
        model = load(model_path, parts=parts, isolated=True)
        opened = None if recorder is None else recorder(model)
        service = Service(model, name=name, token=token, recorder=opened, limits=bounds)
        run(service, sockets, bounds, on_start)


def run(
    service: Service,
    sockets: list[socket.socket],
    limits: Limits,
    on_start: Callable[[str], None] | None = None,
) -> None:
    """Answer on sockets that listen already, until SIGTERM or SIGINT."""
    try:
        import uvicorn
    except ImportError:
        raise MissingExtraError.of("uvicorn", "serve", "Serving a model") from None

    class Announcing(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets=sockets)
            if on_start is not None and sockets:
                on_start(url_of(sockets[0]))

    config = uvicorn.Config(
        service,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        lifespan="on",
        timeout_keep_alive=30,
        timeout_graceful_shutdown=round(limits.drain_seconds),
        h11_max_incomplete_event_size=64 * 2**10,
        ws="none",
    )
    with _quiet_signals():
        Announcing(config).run(sockets=sockets)


def url_of(listening: socket.socket) -> str:
    """The URL of a socket that listens."""
    address, port = listening.getsockname()[:2]
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"


@contextmanager
def _listening(host: str, port: int) -> Iterator[list[socket.socket]]:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.create_server((host, port), family=family, backlog=1024)
    except (OSError, OverflowError, UnicodeError) as error:
        raise RequestError(
            f"The server cannot listen on {host}, port {port}.",
            "an address of this machine and a free port",
            str(error),
            "Choose another --port, or 0 for any free one.",
        ) from error
    with listening:
        yield [listening]


@contextmanager
def _quiet_signals() -> Iterator[None]:
    """After draining uvicorn raises the signal again; here that ends the serving, not the process."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before: dict[int, Any] = {number: signal.signal(number, _nothing) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _nothing(number: int, frame: Any) -> None:
    """A signal that has done its work."""
