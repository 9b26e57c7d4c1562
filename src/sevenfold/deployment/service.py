"""The server's ASGI application: routes, access, errors, counting and logging."""

from __future__ import annotations

import json
import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from sevenfold.core.errors import DataError, RequestError, SevenfoldError
from sevenfold.deployment import openapi, pages, people, protocol
from sevenfold.deployment.access import check_token
from sevenfold.deployment.bundle import own_version
from sevenfold.deployment.metrics import Metrics
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
from sevenfold.deployment.runtime import Answer
from sevenfold.deployment.workers import Workers

Handler: TypeAlias = Callable[[Request], Awaitable[Reply]]

_LOG = logging.getLogger("sevenfold.serve")
_SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", pages.POLICY.encode()),
)
_JSON = ("application/json",)
_TENSORS = ("application/json", "application/octet-stream", "application/vnd.sevenfold.tensors+json")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Route:
    """One route.

    Args:
        method: GET or POST.
        pattern: of the whole path; named groups are handed to the handler.
        handler: answers.
        public: needs no token.
        takes_body: reads a body, and so takes one of the bounded places.
    """

    method: str
    pattern: re.Pattern[str]
    handler: Handler
    public: bool = False
    takes_body: bool = False


class Service:
    """One model behind HTTP, as an ASGI application.

    Args:
        model: what predicts.
        name, version: under which the protocol knows it.
        token: bearer token that every route but health wants; None for none.
        recorder: takes down what is asked and answered.
        limits: what one request may cost.
    """

    def __init__(
        self,
        model: LoadedModel,
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
        self.model = model
        self.name = name
        self.version = version
        _ = model.compiled  # built before the first request needs it
        self.ready = True
        self._token = token
        self._recorder = recorder
        self._limits = limits or Limits()
        self._workers = Workers(self._limits)
        self._metrics = Metrics(name, version)
        self.routes = self._routes()

    def _routes(self) -> tuple[Route, ...]:
        model = r"/v2/models/(?P<model>[^/]+)(/versions/(?P<version>[^/]+))?"
        table: list[tuple[str, str, Handler, bool, bool]] = [
            ("GET", r"/v2/health/live", self._live, True, False),
            ("GET", r"/v2/health/ready", self._is_ready, True, False),
            ("GET", r"/v2/?", self._server, False, False),
            ("GET", model, self._model, False, False),
            ("GET", model + "/ready", self._model_ready, False, False),
            ("POST", model + "/infer", self._infer, False, True),
            ("POST", r"/predict", self._predict, False, True),
            ("GET", r"/metrics", self._counters, False, False),
            ("GET", r"/openapi\.json", self._openapi, False, False),
            ("GET", r"/docs", self._docs, False, False),
            ("GET", r"/", self._page, False, False),
        ]
        return tuple(Route(m, re.compile(p), handler, public, body) for m, p, handler, public, body in table)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or start and stop with the server."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        started = time.perf_counter()
        request_id = secrets.token_hex(8)
        try:
            reply = await self._reply(scope, receive, request_id)
        except ClientGoneError:
            self._metrics.ended(400, time.perf_counter() - started)
            return
        await _send(reply, request_id, send, head_only=scope["method"] == "HEAD")
        seconds = time.perf_counter() - started
        self._metrics.ended(reply.status, seconds)
        _LOG.info(
            json.dumps({"request": request_id, "method": scope["method"][:8], "status": reply.status,
                        "seconds": round(seconds, 6)})  # the path may hold anything, and stays out
        )  # fmt: skip

    async def _reply(self, scope: Scope, receive: Receive, request_id: str) -> Reply:
        try:
            return await self._dispatch(scope, receive, request_id)
        except HttpError as error:
            return Reply.json({"error": error.message}, error.status, error.headers)
        except (DataError, RequestError) as error:  # `received` is left out: it may quote rows
            message = " ".join(part for part in (error.what, error.expected and f"Expected: {error.expected}.") if part)
            return Reply.json({"error": message}, 400)
        except SevenfoldError as error:
            _LOG.error(json.dumps({"request": request_id, "error": type(error).__name__}))
            return Reply.json({"error": f"The model cannot answer. Request {request_id}."}, 500)
        except Exception as error:  # whatever happens to one request, the server goes on
            frames = _places(error)
            _LOG.error(json.dumps({"request": request_id, "error": type(error).__name__, "at": frames}))
            return Reply.json({"error": f"A fault of the server. Request {request_id}."}, 500)

    async def _dispatch(self, scope: Scope, receive: Receive, request_id: str) -> Reply:
        headers = headers_of(scope)
        path, method = scope["path"], "GET" if scope["method"] == "HEAD" else scope["method"]
        matches = [(route, match) for route in self.routes if (match := route.pattern.fullmatch(path))]
        if not any(route.public for route, _ in matches):
            check_token(headers, self._token)  # before 404 and 405: who has no token learns nothing of the routes
        if not matches:
            raise HttpError(404, "There is no such route; see /docs.")
        for route, match in matches:
            if route.method == method:
                names = {name: value for name, value in match.groupdict().items() if value is not None}
                query = scope.get("query_string", b"").decode("latin-1")
                if not route.takes_body:
                    return await route.handler(Request(path, names, headers, query, b"", request_id))
                with self._workers.place():
                    body = await read_body(headers, receive, self._limits)
                    return await route.handler(Request(path, names, headers, query, body, request_id))
        allowed = sorted({route.method for route, _ in matches})
        raise HttpError(405, "This route takes " + " or ".join(allowed) + ".", {"allow": ", ".join(allowed)})

    async def _live(self, request: Request) -> Reply:
        return Reply.json({"live": True})

    async def _is_ready(self, request: Request) -> Reply:
        return Reply.json({"ready": self.ready}, 200 if self.ready else 503)

    async def _server(self, request: Request) -> Reply:
        return Reply.json({"name": "sevenfold", "version": own_version(), "extensions": list(protocol.EXTENSIONS)})

    async def _model(self, request: Request) -> Reply:
        self._know(request.names)
        return Reply.json(protocol.model_metadata(self.model, self.name, self.version))

    async def _model_ready(self, request: Request) -> Reply:
        self._know(request.names)
        return Reply.json({"name": self.name, "ready": self.ready}, 200 if self.ready else 503)

    async def _infer(self, request: Request) -> Reply:
        self._know(request.names)
        need_media_type(request.headers, _TENSORS, may_be_absent=True)

        def work() -> Reply:
            length = request.headers.get(protocol.HEADER_LENGTH)
            decoded = protocol.decode(request.body, length, self.model, self._limits)
            answer = self._answer(decoded.frame, decoded.id or request.id)
            return protocol.encode(decoded, answer, self.name, self.version)

        return await self._workers.run(work)

    async def _predict(self, request: Request) -> Reply:
        need_media_type(request.headers, _JSON)
        explain = people.wants_explanation(request)

        def work() -> Reply:
            records, single = people.decode(request, self.model, self._limits)
            answer = self._answer(records, request.id)
            explanations = self.model.explain_reading(answer.reading) if explain else None
            encoded = people.encode(answer, self.model, request.id, explanations)
            return Reply.json(encoded[0] if single else encoded)

        return await self._workers.run(work)

    async def _counters(self, request: Request) -> Reply:
        dropped = 0 if self._recorder is None else self._recorder.dropped
        return Reply(200, self._metrics.text(self._workers.under_way, dropped), self._metrics.content_type)

    async def _openapi(self, request: Request) -> Reply:
        return Reply.json(self._description())

    async def _docs(self, request: Request) -> Reply:
        return Reply(200, pages.docs_page(self._description()), "text/html; charset=utf-8")

    async def _page(self, request: Request) -> Reply:
        return Reply(200, pages.try_page(self.model, self.name), "text/html; charset=utf-8")

    def _description(self) -> dict[str, Any]:
        return openapi.describe(self.model, self.name, self.version, self._token is not None)

    def _know(self, names: Mapping[str, str]) -> None:
        if names["model"] != self.name:
            raise HttpError(404, "There is no such model here.")
        if names.get("version", self.version) != self.version:
            raise HttpError(404, "There is no such version of the model here.")

    def _answer(self, rows: Any, request_id: str) -> Answer:
        answer = self.model.answer(rows, every_violation=True)
        self._metrics.answered(answer)
        if self._recorder is not None:
            self._recorder.record(request_id, answer)
        return answer

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                self.ready = False
                self._workers.close()
                if self._recorder is not None:
                    self._recorder.close()
                await send({"type": "lifespan.shutdown.complete"})
                return


async def _send(reply: Reply, request_id: str, send: Send, *, head_only: bool) -> None:
    headers = [
        (b"content-type", reply.content_type.encode()),
        (b"content-length", str(len(reply.body)).encode()),
        (b"x-request-id", request_id.encode()),
        *((name.encode(), value.encode()) for name, value in reply.headers.items()),
        *_SECURITY,
    ]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head_only else reply.body})


def _places(error: BaseException) -> list[str]:
    """Where an error arose: function names and lines, no values and no paths."""
    places: list[str] = []
    trace = error.__traceback__
    while trace is not None:
        places.append(f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}")
        trace = trace.tb_next
    return places[-5:]
