"""The short way of small requests: answered where their last byte arrives, without a task and without events.

A protocol of uvicorn's, which goes on parsing, keeping connections and closing them. A request on one of the hot routes
(`Service.hot`) that is small and plain is answered as soon as it is whole; each other one, and each that turns out to
need more, is handed on to uvicorn as if nothing had happened, and goes the ordinary way through `Service.__call__`.
Both ways give the same bytes.

Heads of requests have bounds here, too: of their length, and of the time in which they come.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sevenfold.deployment.answering import SMALL_BYTES
from sevenfold.deployment.routes import Hot
from sevenfold.deployment.service import Service

_PATIENCE_SECONDS = 0.05  # that a body may come after its head before the request goes the ordinary way
_MOST_AT_ONCE = 32  # requests that one client's bytes are answered with before others have their turn
_HEAD_BYTES = 64 * 2**10
_SPECIAL = (b"transfer-encoding", b"content-encoding", b"expect", b"upgrade")
_TOO_LONG = b'{"error":"The head of the request is too long."}'
_TOO_SLOW = b'{"error":"The head of the request did not come in time."}'


def protocol_of(service: Service) -> type[HttpToolsProtocol]:
    """The protocol that answers with a service."""
    return type("ServiceProtocol", (_Protocol,), {"service": service})


class _Protocol(HttpToolsProtocol):
    """One connection."""

    service: Service

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._hot: Hot | None = None  # the request that is coming in goes the short way
        self._given: dict[bytes, bytes] = {}
        self._body: list[bytes] = []
        self._started = 0.0
        self._patience: asyncio.TimerHandle | None = None
        self._answered = 0
        self._in_head = False
        self._head_bytes = 0
        self._head_deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client that says nothing is let go like one that says nothing more."""
        super().connection_made(transport)
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what was coming in."""
        self._hot = None
        self._no_patience()
        self._head_done()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes of requests."""
        self._answered = 0
        began = self._in_head
        super().data_received(data)
        if self.transport.is_closing():
            self._hot = None
        elif self._hot is not None:
            if self._patience is None:
                self._patience = self.loop.call_later(_PATIENCE_SECONDS, self._hand_over)
        elif self._in_head:
            self._head_bytes = self._head_bytes + len(data) if began else 0
            if self._head_bytes > _HEAD_BYTES:
                self._refuse(b"431 Request Header Fields Too Large", _TOO_LONG)
            elif self._head_deadline is None:
                self._head_deadline = self.loop.call_later(self.service.limits.body_seconds, self._too_slow)

    def on_message_begin(self) -> None:
        """A request begins. What only the ordinary way needs is made once that is chosen."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._in_head = True
        self._started = time.perf_counter()

    def on_headers_complete(self) -> None:
        """Choose the way."""
        self._in_head = False
        if self._head_deadline is not None:
            self._head_done()
        hot = self.service.hot.get(self.url)
        if hot is not None and self._is_plain():
            self._hot = hot
            self._body = []
        else:
            self._go_ordinary()

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        if self._hot is not None:
            self._body.append(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        hot = self._hot
        if hot is None:
            super().on_message_complete()
            return
        if self._patience is not None:
            self._no_patience()
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        lasting = self.parser.should_keep_alive()
        said = self.service.answer_hot(hot, self._given, body, lasting, self._started)
        if said is None:
            self._hand_over()
            super().on_message_complete()
            return
        self._hot = None
        self._answered += 1
        answer, lasting = said
        self.transport.write(answer)
        self.server_state.total_requests += 1
        if lasting:
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )
        else:
            self.transport.close()

    def shutdown(self) -> None:
        """The server ends; what is coming in is still answered."""
        if self._hot is not None:
            self._hand_over()
        super().shutdown()

    def _is_plain(self) -> bool:
        """Whether the request is one that can be answered without waiting, and nothing before it waits."""
        if self._answered >= _MOST_AT_ONCE or self.flow.write_paused or self.transport.is_closing():
            return False
        if (self.cycle is not None and not self.cycle.response_complete) or self.pipeline:
            return False
        given = self._given = dict(self.headers)
        length = given.get(b"content-length", b"")
        return (
            length.isdigit()
            and len(length) < 8
            and int(length) <= SMALL_BYTES
            and not any(name in given for name in _SPECIAL)
            and self.parser.get_method() == b"POST"
            and self.parser.get_http_version() == "1.1"
        )

    def _go_ordinary(self) -> None:
        """Tell uvicorn of the head that has come."""
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers.extend(headers)
        super().on_headers_complete()

    def _hand_over(self) -> None:
        """The request that was coming in goes the ordinary way, with what there is of its body."""
        self._hot = None
        self._no_patience()
        self._go_ordinary()
        for part in self._body:
            super().on_body(part)
        self._body = []

    def _too_slow(self) -> None:
        self._refuse(b"408 Request Timeout", _TOO_SLOW)

    def _refuse(self, status: bytes, body: bytes) -> None:
        """End a connection whose request has no head yet."""
        self._head_done()
        if not self.transport.is_closing():
            head = b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
            self.transport.write(head % (status, len(body)) + body)
            self.transport.close()

    def _no_patience(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _head_done(self) -> None:
        self._in_head, self._head_bytes = False, 0
        if self._head_deadline is not None:
            self._head_deadline.cancel()
            self._head_deadline = None
