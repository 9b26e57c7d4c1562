"""`inference.GRPCInferenceService` on a port of its own, in the event loop that answers HTTP."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from sevenfold.core.errors import DataError, MissingExtraError, RequestError, SevenfoldError
from sevenfold.deployment import protocol
from sevenfold.deployment.access import check_token
from sevenfold.deployment.answering import SMALL_BYTES, Answering
from sevenfold.deployment.grpc import codec
from sevenfold.deployment.grpc.messages import SERVICE, classes
from sevenfold.deployment.replies import Ids
from sevenfold.deployment.request import HttpError, Request

_LOG = logging.getLogger("sevenfold.serve")
_CODES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 404: "NOT_FOUND", 413: "RESOURCE_EXHAUSTED",
          429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED"}  # fmt: skip

Handler: TypeAlias = Callable[[Request, Any], Awaitable[Any]]


@dataclass(frozen=True)
class Method:
    """One method of the service.

    Args:
        handler: answers a message.
        public: needs no token.
    """

    handler: Handler
    public: bool = False


class GrpcService:
    """The methods of the protocol.

    Args:
        answering: what answers; shared with HTTP.
        token: that every method but health wants in the metadata, as `authorization: Bearer ...`.
    """

    def __init__(self, answering: Answering, token: str | None) -> None:
        self._answering = answering
        self._token = token
        self._ids = Ids()
        self.methods = {
            "ServerLive": Method(self._live, public=True),
            "ServerReady": Method(self._ready, public=True),
            "ModelReady": Method(self._model_ready),
            "ServerMetadata": Method(self._server),
            "ModelMetadata": Method(self._model),
            "ModelInfer": Method(self._infer),
        }

    async def _live(self, request: Request, message: Any) -> Any:
        return classes()["ServerLiveResponse"](live=True)

    async def _ready(self, request: Request, message: Any) -> Any:
        return classes()["ServerReadyResponse"](ready=self._answering.ready)

    async def _model_ready(self, request: Request, message: Any) -> Any:
        self._answering.host.pick(message.name or None, message.version or None, request.key)
        return classes()["ModelReadyResponse"](ready=self._answering.ready)

    async def _server(self, request: Request, message: Any) -> Any:
        return classes()["ServerMetadataResponse"](**protocol.server_metadata())

    async def _model(self, request: Request, message: Any) -> Any:
        return codec.metadata(self._answering.host.pick(message.name or None, message.version or None, request.key))

    async def _infer(self, request: Request, message: Any) -> Any:
        workers = self._answering.workers
        host = self._answering.host
        with (
            workers.place(),
            host.use(message.model_name or None, message.model_version or None, request.key) as hosted,
        ):
            request.hosted = hosted

            def decode() -> protocol.InferRequest:
                return codec.decode_row(message, hosted) or codec.decode(message, hosted.model, self._answering.limits)

            small = len(request.body) <= SMALL_BYTES
            decoded = decode() if small else await workers.run(decode)
            answer = await self._answering.answer(
                hosted, decoded.rows, decoded.count, decoded.id or request.id, seconds=request.seconds
            )
            return codec.encode(decoded, answer, hosted)

    async def call(self, name: str, content: bytes, context: Any) -> bytes:
        """Answer one call; the bytes are looked at only once the caller may ask."""
        started = time.perf_counter()
        headers = {key: str(value) for key, value in context.invocation_metadata() or ()}
        request = Request(name, f"/{SERVICE}/{name}", headers, "", self._ids.of(headers), body=content)
        request.seconds = context.time_remaining()
        status, message = 200, ""
        answer = b""
        try:
            answer = await self._reply(name, request)
        except HttpError as error:
            status, message = error.status, error.message
        except (DataError, RequestError) as error:  # `received` is left out: it may quote rows
            status, message = 400, " ".join(filter(None, (error.what, error.expected)))
        except SevenfoldError as error:
            _LOG.error(json.dumps({"request": request.id, "error": type(error).__name__}))
            status, message = 500, f"The model cannot answer. Request {request.id}."
        except Exception as error:  # whatever happens to one call, the server goes on
            _LOG.error(json.dumps({"request": request.id, "error": type(error).__name__}))
            status, message = 500, f"A fault of the server. Request {request.id}."
        self._answering.metrics.ended(request.hosted, status, time.perf_counter() - started)
        if status != 200:
            from grpc import StatusCode

            context.set_code(StatusCode[_CODES.get(status, "INTERNAL")])
            context.set_details(message)
        return answer

    async def _reply(self, name: str, request: Request) -> bytes:
        method = self.methods[name]
        if not method.public:
            check_token(request.headers, self._token)
        size = len(request.body)
        self._answering.workers.hold(size)
        try:
            message = classes()[f"{name}Request"]()
            try:
                message.ParseFromString(request.body)
            except Exception:  # protobuf's own error, whose class depends on its implementation
                raise HttpError(400, "The message is not the one that the method takes.") from None
            reply = await method.handler(request, message)
            encoded: bytes = reply.SerializeToString()
            return encoded
        finally:
            self._answering.workers.release(size)


class GrpcServer:
    """Listens while the event loop runs.

    Args:
        answering: what answers.
        token: that callers bear.
        host, port: where to listen; port 0 chooses a free one, which `port` holds afterwards.
    """

    def __init__(self, answering: Answering, token: str | None, host: str, port: int) -> None:
        self._answering = answering
        self._service = GrpcService(answering, token)
        self._host = f"[{host}]" if ":" in host and not host.startswith("[") else host
        self.port = port
        self._server: Any = None

    @property
    def address(self) -> str:
        """Where clients find it."""
        return f"{self._host}:{self.port}"

    async def start(self) -> None:
        """Listen and answer.

        Raises:
            MissingExtraError: the extra 'grpc' is not installed.
            RequestError: the port is taken.
        """
        grpc = need_grpc()
        limits = self._answering.limits
        server = grpc.aio.server(
            options=(
                ("grpc.max_receive_message_length", limits.body_bytes),
                ("grpc.max_send_message_length", -1),
                ("grpc.so_reuseport", 0),  # a port that is taken is an error, not half of the calls
                ("grpc.compression_enabled_algorithms_bitset", 1),  # none: a small packed message may be huge unpacked
            ),
            maximum_concurrent_rpcs=4 * limits.waiting,
        )
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, self._handlers(grpc)),))
        try:
            self.port = server.add_insecure_port(f"{self._host}:{self.port}")
        except RuntimeError as error:
            raise RequestError(
                f"The server cannot listen for gRPC on {self._host}, port {self.port}.",
                "an address of this machine and a free port",
                str(error)[:200],
                "Choose another --grpc-port, or 0 for any free one.",
            ) from error
        await server.start()
        self._server = server

    def _handlers(self, grpc: Any) -> dict[str, Any]:
        def handler(name: str) -> Any:
            async def answer(content: bytes, context: Any) -> bytes:
                return await self._service.call(name, content, context)

            return grpc.unary_unary_rpc_method_handler(answer)  # without (de)serialisers messages are bytes

        return {name: handler(name) for name in self._service.methods}

    async def stop(self, seconds: float) -> None:
        """Take no more calls, and answer those under way for at most so long."""
        if self._server is not None:
            await self._server.stop(seconds)


def need_grpc() -> Any:
    """The library.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import google.protobuf
        import grpc
        import grpc.aio
    except ImportError:
        raise MissingExtraError.of("grpcio", "grpc", "Serving over gRPC") from None
    assert google.protobuf is not None
    return grpc
