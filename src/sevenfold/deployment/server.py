"""Runs the service: listens, says where, and drains when it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import selectors
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenfold.core.errors import MissingExtraError, RequestError, SevenfoldError
from sevenfold.deployment.access import check_address, read_token
from sevenfold.deployment.grpc.server import GrpcServer, need_grpc
from sevenfold.deployment.parts import Parts
from sevenfold.deployment.registry.registry import Registry
from sevenfold.deployment.request import Limits
from sevenfold.deployment.service import Service
from sevenfold.deployment.traffic.plan import Opener, Traffic
from sevenfold.deployment.traffic.shadow import Sink
from sevenfold.deployment.traffic.watch import on_stage

if TYPE_CHECKING:
    import uvicorn

_ACCEPT_SECONDS = 0.05  # in which who connects when the server is told to end is still let in


def serve(
    model_path: Path | Traffic,
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    grpc_port: int | None = None,
    token_file: Path | None = None,
    name: str = "model",
    recorder: Opener | None = None,
    registry: Registry | None = None,
    sink: Sink | None = None,
    limits: Limits | None = None,
    parts: Parts | None = None,
    on_start: Callable[[str], None] | None = None,
    on_grpc: Callable[[str], None] | None = None,
) -> None:
    """Serve a bundle until SIGTERM or SIGINT; requests under way are answered before this returns.

    Args:
        model_path: the bundle; it is tried in a child process first. Or all that is to be hosted.
        host: address to listen on; any but this machine's own needs a token.
        port: 0 chooses a free one.
        grpc_port: the protocol over gRPC on this port, too; 0 chooses a free one, None is for HTTP only.
        token_file: file with the token that every route but health wants.
        name: of the model in the protocol; where all that is to be hosted is given, the names are in there.
        recorder: opens the log of what is asked and answered.
        registry: where addresses lead, the usual one by default. It is watched: when an alias comes to mean another
            version, that version takes over without a request lost; SIGHUP lets it look at once.
        sink: takes down what a shadow answers.
        limits: what one request may cost.
        parts: catalogues to restore from.
        on_start: told the server's URL once it answers.
        on_grpc: told the address (`host:port`) of gRPC once it answers, before `on_start`.
    Raises:
        RequestError: no token where one is needed, a port that is taken, a name that cannot stand in a URL.
        BundleError: the model cannot be loaded.
        MissingExtraError: the extra 'serve', or for gRPC the extra 'grpc', is not installed.
    """
    token = None if token_file is None else read_token(token_file)
    check_address(host, token)
    bounds = limits or Limits()
    if grpc_port is not None:
        need_grpc()
    with _listening(host, port) as sockets:  # a port that is taken is known before the model is loaded
        traffic = Traffic({name: model_path}) if isinstance(model_path, Path) else model_path
        with on_stage(traffic, registry or Registry.at(), recorder=recorder, sink=sink, parts=parts) as stage:
            service = Service(stage.host, name=next(iter(traffic.models)), token=token, limits=bounds)
            also = None if grpc_port is None else GrpcServer(service.answering, token, host, grpc_port)
            run(service, sockets, bounds, on_start, also, on_grpc)


def run(
    service: Service,
    sockets: list[socket.socket],
    limits: Limits,
    on_start: Callable[[str], None] | None = None,
    also: GrpcServer | None = None,
    on_grpc: Callable[[str], None] | None = None,
) -> None:
    """Answer on sockets that listen already, until SIGTERM or SIGINT.

    Args:
        also: answers over gRPC in the same event loop.
    Raises:
        RequestError: the port of gRPC is taken.
    """
    try:
        import uvicorn
    except ImportError:
        raise MissingExtraError.of("uvicorn", "serve", "Serving a model") from None
    failed: list[SevenfoldError] = []

    class Announcing(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets=sockets)
            try:
                if also is not None and not self.should_exit:
                    await also.start()
                    if on_grpc is not None:
                        on_grpc(also.address)
            except SevenfoldError as error:
                failed.append(error)
                self.should_exit = True
                return
            gc.collect()
            gc.freeze()  # models and libraries stay: nobody needs to look through them for waste again
            if on_start is not None and sockets and not self.should_exit:
                on_start(url_of(sockets[0]))

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            """Lose nothing: every open connection gets one more answer, which says that it is the last."""
            service.answering.draining = True
            ending = None if also is None else asyncio.ensure_future(also.stop(limits.drain_seconds))
            await _let_in(sockets or [], limits.settle_seconds)
            for listening in self.servers:
                listening.close()
            for listening_socket in sockets or ():
                listening_socket.close()
            until = time.monotonic() + limits.settle_seconds
            while self.server_state.connections and time.monotonic() < until and not self.force_exit:
                await asyncio.sleep(0.02)
            if ending is not None:
                await ending
            await super().shutdown(sockets=sockets)

    with _quiet_signals(), _settled():
        Announcing(config_of(service, limits)).run(sockets=sockets)
    if failed:
        raise failed[0]


def config_of(service: Service, limits: Limits) -> uvicorn.Config:
    """How uvicorn runs the service."""
    import uvicorn

    try:
        from sevenfold.deployment.hot import protocol_of

        protocol: Any = protocol_of(service)
    except ImportError:  # without httptools everything goes the ordinary way
        protocol = "h11"
    return uvicorn.Config(
        service,
        http=protocol,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,  # nothing here asks where a request came from
        lifespan="on",
        timeout_keep_alive=30,
        timeout_graceful_shutdown=round(limits.drain_seconds),
        h11_max_incomplete_event_size=64 * 2**10,
        ws="none",
    )


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


async def _let_in(sockets: list[socket.socket], seconds: float) -> None:
    """Wait until whoever has connected is let in, for at most so long: the loop lets in one at a time."""
    end = time.monotonic() + seconds
    await asyncio.sleep(_ACCEPT_SECONDS)
    with selectors.DefaultSelector() as waiting:
        for listening in sockets:
            waiting.register(listening, selectors.EVENT_READ)
        while sockets and waiting.select(0) and time.monotonic() < end:
            await asyncio.sleep(0)


@contextmanager
def _settled() -> Iterator[None]:
    """What the server has put out of the garbage collector's sight comes back when it ends."""
    try:
        yield
    finally:
        gc.unfreeze()


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
