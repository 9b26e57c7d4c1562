"""The server's ASGI application: a request comes in, its route answers, and the answer is counted and told of.

Routes are found by `routes`, answered by `handlers`, and `replies` says what all answers have in common.
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Mapping
from dataclasses import replace

from sevenfold.core.errors import RequestError
from sevenfold.deployment.access import check_token
from sevenfold.deployment.answering import Answering
from sevenfold.deployment.briefly import Briefly
from sevenfold.deployment.handlers import Handlers
from sevenfold.deployment.hosting import Host, Hosted
from sevenfold.deployment.incoming import Incoming, Linger
from sevenfold.deployment.model import LoadedModel
from sevenfold.deployment.recorder import Recorder
from sevenfold.deployment.replies import Heads, Ids, headers_of_reply, reply_to
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
    read_body,
)
from sevenfold.deployment.routes import Hot, HotHead, Routes

_LOG = logging.getLogger("sevenfold.serve")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


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
        self.handlers = Handlers(self.answering, token=token is not None)
        self.routes = Routes(self.handlers.routes(), token)
        self.hot = self.handlers.hot()
        self._linger = Linger(self.limits)
        self._heads = Heads()
        self._briefly = Briefly(self.answering, self._heads)
        self._ids = Ids()

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
        request = Request("GET" if head else scope["method"], scope["path"], headers, query, self._ids.of(headers))
        incoming = Incoming(headers, receive)
        try:
            reply = await self._reply(request, incoming)
        except ClientGoneError:
            self.answering.metrics.ended(request.hosted, 400, time.perf_counter() - started)
            return
        said = headers_of_reply(reply, request, closing=self.answering.draining)
        await self._linger.send(replace(reply, body=b"") if head else reply, said, incoming, send)
        self._ended(request, scope["method"], reply.status, time.perf_counter() - started)

    def answer_hot(self, asked: HotHead, body: bytes, started: float) -> tuple[bytes, bool] | None:
        """The whole answer to a small request that has come whole, or None where it must go the ordinary way.

        Args:
            asked: its head.
            body: not packed.
            started: when its first byte came, on the clock of `time.perf_counter`.
        Returns:
            head and body of the answer, and whether the connection stays open.
        """
        hot, lasting, headers = asked.hot, asked.lasting, asked.headers
        name = self._ids.of(headers)
        if lasting and hot.takes_records and self._may(headers, body):
            found = self._briefly.answer(hot.names.get("model"), headers.get("content-type"), body, name, started)
            if found is not None:
                if _LOG.isEnabledFor(logging.INFO):
                    self._tell(name, "POST", 200, found[2])
                return found[0], True
        request = Request("POST", hot.path, headers, "", name, hot.names, body)
        try:
            reply = self._at_once(hot, request)
            if reply is None:
                return None
        except Exception as error:
            reply = reply_to(error, request)
        closing = self.answering.draining
        head = self._heads.of(reply, request, closing=closing)
        last = b"" if lasting or closing else b"connection: close\r\n"
        self._ended(request, "POST", reply.status, time.perf_counter() - started)
        return b"".join((head, last, b"\r\n", reply.body)), lasting and not closing

    def _may(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether a request bears the token, and has a place; `_at_once` says what is wrong where not."""
        try:
            check_token(headers, self.token)
            self.answering.workers.admit(len(body))
        except HttpError:
            return False
        return True

    def _at_once(self, hot: Hot, request: Request) -> Reply | None:
        check_token(request.headers, self.token)
        self.answering.workers.admit(len(request.body))
        return hot.handler(request)

    async def _reply(self, request: Request, incoming: Incoming) -> Reply:
        try:
            return await self._dispatch(request, incoming)
        except ClientGoneError:
            raise
        except Exception as error:
            return reply_to(error, request)

    async def _dispatch(self, request: Request, incoming: Incoming) -> Reply:
        route = self.routes.of(request)
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

    def _ended(self, request: Request, method: str, status: int, seconds: float) -> None:
        """Count a request, and say so in the log."""
        self.answering.metrics.ended(request.hosted, status, seconds)
        if _LOG.isEnabledFor(logging.INFO):
            self._tell(request.id, method, status, seconds)

    def _tell(self, request_id: str, method: str, status: int, seconds: float) -> None:
        """Say in the log that a request has ended; the path may hold anything, and stays out."""
        told = {"request": request_id, "method": method[:8], "status": status}
        _LOG.info(json.dumps({**told, "seconds": round(seconds, 6)}))

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
