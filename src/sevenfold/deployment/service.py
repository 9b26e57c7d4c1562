"""The server's ASGI application: routes, access, errors, counting and logging."""

from __future__ import annotations

import json
import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from sevenfold.core.errors import DataError, RequestError, SevenfoldError
from sevenfold.deployment import openapi, pages, people, protocol
from sevenfold.deployment.access import check_token
from sevenfold.deployment.answering import SMALL_BYTES, Answering
from sevenfold.deployment.hosting import Host, Hosted
from sevenfold.deployment.incoming import Incoming, Linger
from sevenfold.deployment.model import LoadedModel
from sevenfold.deployment.recorder import Recorder
from sevenfold.deployment.request import (
    ClientGoneError,
    HttpError,
    Limits,
    Receive,
    Reply,
    Request,
    Scope,
    Send,
    headers_of,
    need_media_type,
    read_body,
)

Handler: TypeAlias = Callable[[Request], Awaitable[Reply]]

_LOG = logging.getLogger("sevenfold.serve")
_SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
)
_POLICY = {"content-security-policy": pages.POLICY}
_PAGES = ("/", "/docs")
_HTML = "text/html; charset=utf-8"
_JSON = ("application/json",)
_TENSORS = ("application/json", "application/octet-stream", "application/vnd.sevenfold.tensors+json")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Route:
    """One route.

    Args:
        method: GET or POST.
        path: as people write it.
        handler: answers.
        pattern: of the whole path where it has names in it, which are handed to the handler.
        public: needs no token.
        takes_body: reads a body, and so takes one of the bounded places.
    """

    method: str
    path: str
    handler: Handler
    pattern: re.Pattern[str] | None = None
    public: bool = False
    takes_body: bool = False

    def match(self, path: str) -> Mapping[str, str] | None:
        """The names in a path of this route; None for another path."""
        if self.pattern is None:
            return {} if path == self.path else None
        found = self.pattern.fullmatch(path)
        return None if found is None else {name: text for name, text in found.groupdict().items() if text is not None}


class Service:
    """Models behind HTTP, as an ASGI application.

    Args:
        model: what predicts; a model by itself is hosted under `name` and `version`.
        name, version: under which the protocol knows it.
        token: bearer token that every route but health wants; None for none.
        recorder: takes down what is asked and answered.
        limits: what one request may cost.
    """

    def __init__(
        self,
        model: LoadedModel | Host,
        *,
        name: str = "model",
        version: str = "1",
        token: str | None = None,
        recorder: Recorder | None = None,
        limits: Limits | None = None,
    ) -> None:
        if not _NAME.fullmatch(name):
            raise RequestError(
                "The model's name cannot stand in a URL.",
                "letters, digits, . _ -",
                repr(name),
                "Choose another --name.",
            )
        host = model if isinstance(model, Host) else Host(Hosted(model, name, version, recorder))
        self.limits = limits or Limits()
        self.answering = Answering(host, self.limits)
        self.token = token
        self.routes = self._routes()
        self._plain = {(r.method, r.path): r for r in self.routes if r.pattern is None}
        self._linger = Linger(self.limits)

    def _routes(self) -> tuple[Route, ...]:
        model = r"/v2/models/(?P<model>[^/]+)(?:/versions/(?P<version>[^/]+))?"
        return (
            Route("POST", "/predict", self._predict, takes_body=True),
            Route("POST", "/v2/models/{model}/infer", self._infer, re.compile(model + "/infer"), takes_body=True),
            Route("POST", "/predict/{model}", self._predict, re.compile(r"/predict/(?P<model>[^/]+)"), takes_body=True),
            Route("GET", "/v2/health/live", self._live, public=True),
            Route("GET", "/v2/health/ready", self._is_ready, public=True),
            Route("GET", "/v2", self._server),
            Route("GET", "/v2/", self._server),
            Route("GET", "/v2/models/{model}", self._model, re.compile(model)),
            Route("GET", "/v2/models/{model}/ready", self._model_ready, re.compile(model + "/ready")),
            Route("GET", "/metrics", self._counters),
            Route("GET", "/openapi.json", self._openapi),
            Route("GET", "/docs", self._docs),
            Route("GET", "/", self._page),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or start and stop with the server."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        started = time.perf_counter()
        headers = headers_of(scope)
        query = scope.get("query_string", b"").decode("latin-1")
        head = scope["method"] == "HEAD"
        request = Request("GET" if head else scope["method"], scope["path"], headers, query, secrets.token_hex(8))
        incoming = Incoming(headers, receive)
        try:
            reply = await self._reply(request, incoming)
        except ClientGoneError:
            self.answering.metrics.ended(request.hosted, 400, time.perf_counter() - started)
            return
        said = _headers(reply, request, closing=self.answering.draining)
        await self._linger.send(replace(reply, body=b"") if head else reply, said, incoming, send)
        seconds = time.perf_counter() - started
        self.answering.metrics.ended(request.hosted, reply.status, seconds)
        if _LOG.isEnabledFor(logging.INFO):  # the path may hold anything, and stays out
            told = {"request": request.id, "method": scope["method"][:8], "status": reply.status}
            _LOG.info(json.dumps({**told, "seconds": round(seconds, 6)}))

    async def _reply(self, request: Request, incoming: Incoming) -> Reply:
        try:
            return await self._dispatch(request, incoming)
        except HttpError as error:
            if error.status == 401 and request.path in _PAGES and "text/html" in request.headers.get("accept", ""):
                return Reply(401, pages.gate_page(), _HTML, {**error.headers, **_POLICY})
            return Reply.json({"error": error.message}, error.status, error.headers)
        except (DataError, RequestError) as error:  # `received` is left out: it may quote rows
            message = " ".join(part for part in (error.what, error.expected and f"Expected: {error.expected}.") if part)
            return Reply.json({"error": message}, 400)
        except SevenfoldError as error:
            _LOG.error(json.dumps({"request": request.id, "error": type(error).__name__}))
            return Reply.json({"error": f"The model cannot answer. Request {request.id}."}, 500)
        except Exception as error:  # whatever happens to one request, the server goes on
            frames = _places(error)
            _LOG.error(json.dumps({"request": request.id, "error": type(error).__name__, "at": frames}))
            return Reply.json({"error": f"A fault of the server. Request {request.id}."}, 500)

    async def _dispatch(self, request: Request, incoming: Incoming) -> Reply:
        route = self._plain.get((request.method, request.path))
        if route is None:
            route = self._found(request)
        elif not route.public:
            check_token(request.headers, self.token)
        if not route.takes_body:
            return await route.handler(request)
        held = 0

        def hold(size: int) -> None:
            nonlocal held
            self.answering.workers.hold(size)
            held += size

        try:
            request.body = await read_body(request.headers, incoming, self.limits, hold)
            with self.answering.workers.place():
                return await route.handler(request)
        finally:
            self.answering.workers.release(held)

    def _found(self, request: Request) -> Route:
        """The route of a path with names in it, or of none."""
        matches = [(route, names) for route in self.routes if (names := route.match(request.path)) is not None]
        if not any(route.public for route, _ in matches):
            check_token(request.headers, self.token)  # before 404 and 405: without it nobody learns of the routes
        if not matches:
            raise HttpError(404, "There is no such route; see /docs.")
        for route, names in matches:
            if route.method == request.method:
                request.names = names
                return route
        allowed = sorted({route.method for route, _ in matches})
        raise HttpError(405, "This route takes " + " or ".join(allowed) + ".", {"allow": ", ".join(allowed)})

    async def _live(self, request: Request) -> Reply:
        return Reply.json({"live": True})

    async def _is_ready(self, request: Request) -> Reply:
        ready = self.answering.ready
        return Reply.json({"ready": ready}, 200 if ready else 503)

    async def _server(self, request: Request) -> Reply:
        return Reply.json(protocol.server_metadata())

    async def _model(self, request: Request) -> Reply:
        hosted = self._named(request)
        return Reply.json(protocol.model_metadata(hosted.model, hosted.name, hosted.version))

    async def _model_ready(self, request: Request) -> Reply:
        ready = self.answering.ready
        return Reply.json({"name": self._named(request).name, "ready": ready}, 200 if ready else 503)

    async def _infer(self, request: Request) -> Reply:
        with self._named(request) as hosted:
            need_media_type(request.headers, _TENSORS, may_be_absent=True)
            length = request.headers.get(protocol.HEADER_LENGTH)

            def decode() -> protocol.InferRequest:
                return protocol.decode(request.body, length, hosted.model, self.limits)

            small = len(request.body) <= SMALL_BYTES
            decoded = decode() if small else await self.answering.workers.run(decode)
            answer = await self.answering.answer(hosted, decoded.rows, decoded.count, decoded.id or request.id)

            def encode() -> Reply:
                return protocol.encode(decoded, answer, hosted.name, hosted.version)

            return encode() if small else await self.answering.workers.run(encode)

    async def _predict(self, request: Request) -> Reply:
        need_media_type(request.headers, _JSON)
        asked = people.asked(request)
        with self._named(request) as hosted:
            if asked.coverage is not None:
                hosted.model.check_coverage(asked.coverage)

            def decode() -> tuple[list[dict[str, Any]], bool]:
                return people.decode(request, hosted.model, self.limits)

            small = len(request.body) <= SMALL_BYTES and not asked.explain
            records, single = decode() if small else await self.answering.workers.run(decode)
            answer = await self.answering.answer(hosted, records, len(records), request.id)

            def encode() -> Reply:
                explanations = hosted.model.explain_reading(answer.reading) if asked.explain else None
                covered = None if asked.coverage is None else people.covering(answer, hosted.model, asked.coverage)
                encoded = people.encode(answer, hosted.model, request.id, explanations, covered)
                return Reply.json(encoded[0] if single else encoded)

            return encode() if small else await self.answering.workers.run(encode)

    async def _counters(self, request: Request) -> Reply:
        metrics = self.answering.metrics
        return Reply(200, metrics.text(self.answering.workers.under_way, self.answering.dropped), metrics.content_type)

    async def _openapi(self, request: Request) -> Reply:
        return Reply.json(self._description())

    async def _docs(self, request: Request) -> Reply:
        return Reply(200, pages.docs_page(self._description()), _HTML, _POLICY)

    async def _page(self, request: Request) -> Reply:
        hosted = self.answering.host.all[0]
        return Reply(200, pages.try_page(hosted.model, hosted.name), _HTML, _POLICY)

    def _description(self) -> dict[str, Any]:
        hosted = self.answering.host.all[0]
        return openapi.describe(hosted.model, hosted.name, hosted.version, self.token is not None)

    def _named(self, request: Request) -> Hosted:
        hosted = self.answering.host.use(request.names.get("model"), request.names.get("version"), request.key)
        request.hosted = hosted
        return hosted

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self.answering.warm()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.answering.close()
                await send({"type": "lifespan.shutdown.complete"})
                return


def _headers(reply: Reply, request: Request, *, closing: bool) -> list[tuple[bytes, bytes]]:
    headers = [
        (b"content-type", reply.content_type.encode()),
        (b"content-length", b"%d" % len(reply.body)),
        (b"x-request-id", request.id.encode()),
        *_SECURITY,
    ]
    if request.hosted is not None:
        headers.append((b"x-model-version", request.hosted.version.encode()))
    if reply.headers:
        headers.extend((name.encode(), value.encode()) for name, value in reply.headers.items())
    if closing:
        headers.append((b"connection", b"close"))
    return headers


def _places(error: BaseException) -> list[str]:
    """Where an error arose: function names and lines, no values and no paths."""
    places: list[str] = []
    trace = error.__traceback__
    while trace is not None:
        places.append(f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}")
        trace = trace.tb_next
    return places[-5:]
