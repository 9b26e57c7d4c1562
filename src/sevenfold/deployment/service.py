"""The server's ASGI application: routes, access, errors, counting and logging."""

from __future__ import annotations

import json
import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, TypeAlias

from sevenfold.core.errors import DataError, RequestError, SevenfoldError
from sevenfold.deployment import openapi, pages, people, protocol
from sevenfold.deployment.access import check_token
from sevenfold.deployment.answering import SMALL_BYTES, SMALL_ROWS, Answering
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
_DONE = b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ncontent-length: %d\r\nx-request-id: %b\r\n%b"
_HEEDED = tuple(
    (name.encode(), name)
    for name in ("content-type", "content-length", "authorization", "x-request-id", protocol.HEADER_LENGTH)
)
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


@dataclass(frozen=True)
class Hot:
    """A route that may be answered at once.

    Args:
        path: of it.
        names: what its pattern takes from the path.
        handler: answers at once, or None where the request must go the ordinary way.
    """

    path: str
    names: Mapping[str, str]
    handler: Callable[[Request], Reply | None]


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
        self.hot = self._hot_routes()
        self._heads: dict[tuple[str, str], bytes] = {}
        self._ids = _Ids()

    def _hot_routes(self) -> dict[bytes, Hot]:
        """By the target of a request, as it stands in its first line."""
        found = {"/predict": Hot("/predict", {}, self._predict_at_once)}
        for name in dict.fromkeys(hosted.name for hosted in self.answering.host.all):
            named = {"model": name}
            found[f"/predict/{name}"] = Hot(f"/predict/{name}", named, self._predict_at_once)
            found[f"/v2/models/{name}/infer"] = Hot(f"/v2/models/{name}/infer", named, self._infer_at_once)
        return {path.encode(): hot for path, hot in found.items()}

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
        request = Request("GET" if head else scope["method"], scope["path"], headers, query, self._ids.next())
        incoming = Incoming(headers, receive)
        try:
            reply = await self._reply(request, incoming)
        except ClientGoneError:
            self.answering.metrics.ended(request.hosted, 400, time.perf_counter() - started)
            return
        said = _headers(reply, request, closing=self.answering.draining)
        await self._linger.send(replace(reply, body=b"") if head else reply, said, incoming, send)
        self._ended(request, scope["method"], reply.status, time.perf_counter() - started)

    def answer_hot(
        self, hot: Hot, given: Mapping[bytes, bytes], body: bytes, lasting: bool, started: float
    ) -> tuple[bytes, bool] | None:
        """The whole answer to a small request that has come whole, or None where it must go the ordinary way.

        Args:
            hot: its route; the method is POST.
            given: its headers, names in lower case.
            body: not packed.
            lasting: whether the client keeps the connection.
            started: when its first byte came, on the clock of `time.perf_counter`.
        Returns:
            head and body of the answer, and whether the connection stays open.
        """
        headers = {text: given[name].decode("latin-1") for name, text in _HEEDED if name in given}
        request = Request("POST", hot.path, headers, "", self._ids.next(), hot.names, body)
        try:
            reply = self._at_once(hot, request)
            if reply is None:
                return None
        except Exception as error:
            reply = self._reply_to(error, request)
        closing = self.answering.draining
        head = self._head(reply, request, closing)
        last = b"" if lasting or closing else b"connection: close\r\n"
        self._ended(request, "POST", reply.status, time.perf_counter() - started)
        return b"".join((head, last, b"\r\n", reply.body)), lasting and not closing

    def _at_once(self, hot: Hot, request: Request) -> Reply | None:
        check_token(request.headers, self.token)
        workers = self.answering.workers
        size = len(request.body)
        workers.hold(size)
        try:
            with workers.place():
                return hot.handler(request)
        finally:
            workers.release(size)

    def _head(self, reply: Reply, request: Request, closing: bool) -> bytes:
        """Status and headers as `__call__` has them sent."""
        if reply.status == 200 and not reply.headers and not closing and request.hosted is not None:
            kind = (reply.content_type, request.hosted.version)
            common = self._heads.get(kind)
            if common is None:
                common = self._heads[kind] = _lines(_headers(reply, request, closing=False)[3:])
            return _DONE % (reply.content_type.encode(), len(reply.body), request.id.encode(), common)
        status = f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}\r\n".encode()
        return status + _lines(_headers(reply, request, closing=closing))

    def _ended(self, request: Request, method: str, status: int, seconds: float) -> None:
        """Count a request, and say so in the log."""
        self.answering.metrics.ended(request.hosted, status, seconds)
        if _LOG.isEnabledFor(logging.INFO):  # the path may hold anything, and stays out
            told = {"request": request.id, "method": method[:8], "status": status}
            _LOG.info(json.dumps({**told, "seconds": round(seconds, 6)}))

    async def _reply(self, request: Request, incoming: Incoming) -> Reply:
        try:
            return await self._dispatch(request, incoming)
        except ClientGoneError:
            raise
        except Exception as error:
            return self._reply_to(error, request)

    def _reply_to(self, error: Exception, request: Request) -> Reply:
        """What the client is told of an error."""
        if isinstance(error, HttpError):
            if error.status == 401 and request.path in _PAGES and "text/html" in request.headers.get("accept", ""):
                return Reply(401, pages.gate_page(), _HTML, {**error.headers, **_POLICY})
            return Reply.json({"error": error.message}, error.status, error.headers)
        if isinstance(error, DataError | RequestError):  # `received` is left out: it may quote rows
            message = " ".join(part for part in (error.what, error.expected and f"Expected: {error.expected}.") if part)
            return Reply.json({"error": message}, 400)
        told = {"request": request.id, "error": type(error).__name__}
        if isinstance(error, SevenfoldError):
            _LOG.error(json.dumps(told))
            return Reply.json({"error": f"The model cannot answer. Request {request.id}."}, 500)
        _LOG.error(json.dumps({**told, "at": _places(error)}))  # whatever happens to one request, the server goes on
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

    def _predict_at_once(self, request: Request) -> Reply | None:
        need_media_type(request.headers, _JSON)
        with self._named(request) as hosted:
            if not self.answering.lane(hosted).quick or request.body.count(b"{") > SMALL_ROWS:
                return None
            records, single = people.decode(request, hosted.model, self.limits)
            answer = self.answering.at_once(hosted, records, len(records), request.id)
            if single:
                return Reply(200, hosted.one_row.encode(answer, request.id))
            return Reply.json(people.encode(answer, hosted.model, request.id, None))

    def _infer_at_once(self, request: Request) -> Reply | None:
        with self._named(request) as hosted:
            need_media_type(request.headers, _TENSORS, may_be_absent=True)
            if not self.answering.lane(hosted).quick:
                return None
            length = request.headers.get(protocol.HEADER_LENGTH)
            decoded = protocol.decode(request.body, length, hosted.model, self.limits)
            if decoded.count > SMALL_ROWS:
                return None
            answer = self.answering.at_once(hosted, decoded.rows, decoded.count, decoded.id or request.id)
            return protocol.encode(decoded, answer, hosted.name, hosted.version)

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
                if single and not asked.explain and asked.coverage is None:
                    return Reply(200, hosted.one_row.encode(answer, request.id))
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
        first, *rest = self.answering.host.all
        others: dict[str, LoadedModel] = {}
        for hosted in rest:  # of each name the version in use, which comes before its canary
            if hosted.name != first.name:
                others.setdefault(hosted.name, hosted.model)
        return openapi.describe(first.model, first.name, first.version, self.token is not None, others)

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


def _lines(headers: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join(b"%b: %b\r\n" % header for header in headers)


class _Ids:
    """Names for requests that nobody can guess, from the system's randomness taken in stock."""

    def __init__(self) -> None:
        self._stock: list[str] = []

    def next(self) -> str:
        """Sixteen hexadecimal digits."""
        if not self._stock:
            digits = secrets.token_hex(8 * 128)
            self._stock = [digits[start : start + 16] for start in range(0, len(digits), 16)]
        return self._stock.pop()


def _places(error: BaseException) -> list[str]:
    """Where an error arose: function names and lines, no values and no paths."""
    places: list[str] = []
    trace = error.__traceback__
    while trace is not None:
        places.append(f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}")
        trace = trace.tb_next
    return places[-5:]
