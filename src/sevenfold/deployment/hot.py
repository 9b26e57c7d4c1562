"""The short way of small requests: answered where their last byte arrives, without a task and without events.

A protocol of uvicorn's, which goes on parsing, keeping connections and closing them. A request on one of the hot routes
(`Service.hot`) that is small and plain is answered as soon as it is whole; each other one, and each that turns out to
need more, is handed on to uvicorn as if nothing had happened, and goes the ordinary way through `Service.__call__`.
Both ways give the same bytes.

A program that asks again and again sends the same head again and again. The heads of requests that came whole, and were
answered here, are kept with what the parser made of them (`KnownHeads`): when the bytes of one come again where a
request must begin, and after them as many as its body has and no more, the parser would say the same, and is not asked.

Heads of requests have bounds here, too: of their length, and of the time in which they come.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sevenfold.deployment import protocol
from sevenfold.deployment.answering import SMALL_BYTES
from sevenfold.deployment.routes import HotHead
from sevenfold.deployment.service import Service

_PATIENCE_SECONDS = 0.05  # that a body may come after its head before the request goes the ordinary way
_MOST_AT_ONCE = 32  # requests that one client's bytes are answered with before others have their turn
_HEAD_BYTES = 64 * 2**10
_KNOWN_BYTES = 2**11  # a longer head is parsed each time it comes
_KNOWN_HEADS = 256
_END = b"\r\n\r\n"
_SPECIAL = (b"transfer-encoding", b"content-encoding", b"expect", b"upgrade")
_HEEDED = tuple(
    (name.encode(), name)
    for name in ("content-type", "content-length", "authorization", "x-request-id", protocol.HEADER_LENGTH)
)
_TOO_LONG = b'{"error":"The head of the request is too long."}'
_TOO_SLOW = b'{"error":"The head of the request did not come in time."}'


def protocol_of(service: Service) -> type[HttpToolsProtocol]:
    """The protocol that answers with a service."""
    small = min(SMALL_BYTES, service.limits.body_bytes)
    return type("ServiceProtocol", (_Protocol,), {"service": service, "known": KnownHeads(), "small_bytes": small})


class KnownHeads:
    """Heads of requests that were parsed before, by their bytes."""

    def __init__(self) -> None:
        self._heads: dict[bytes, HotHead] = {}

    def of(self, data: bytes) -> tuple[HotHead, int] | None:
        """The head of the one whole request that the bytes are, and where its body begins; None where it is not known.

        Args:
            data: from the first byte of a request on.
        """
        end = data.find(_END) + 4
        head = self._heads.get(data[:end])
        return None if head is None or len(data) != end + head.length else (head, end)

    def keep(self, data: bytes, head: HotHead) -> None:
        """Keep a head, where the bytes are its request and nothing else.

        Args:
            data: from the first byte of a request on; the parser found one in them, with this head.
        """
        end = data.find(_END) + 4
        if len(data) == end + head.length and end <= _KNOWN_BYTES:
            if len(self._heads) >= _KNOWN_HEADS:
                self._heads.clear()
            self._heads[data[:end]] = head


class _Protocol(HttpToolsProtocol):
    """One connection."""

    service: Service
    known: KnownHeads
    small_bytes: int

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._head: HotHead | None = None  # of the request that is coming in, where it goes the short way
        self._last: HotHead | None = None  # of the latest that was answered so
        self._body: list[bytes] = []
        self._started = 0.0
        self._patience: asyncio.TimerHandle | None = None
        self._answered = 0
        self._fresh = True  # the next byte is the first of a request
        self._declined = False  # the request that begins with these bytes needs the ordinary way
        self._quiet_since = 0.0  # on the loop's clock, where that is later than the timer knows
        self._in_head = False
        self._head_bytes = 0
        self._head_deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client that says nothing is let go like one that says nothing more."""
        super().connection_made(transport)
        self._set_keepalive(self.timeout_keep_alive)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what was coming in."""
        self._head = None
        self._no_patience()
        self._head_done()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes of requests."""
        fresh = self._fresh
        if fresh and not self._waits() and (found := self.known.of(data)) is not None:
            head, end = found
            if self._answer(head, data[end:], time.perf_counter()):
                self._quiet_since = self.loop.time()
                return
            self._declined = True
        self._answered = 0
        began = self._in_head
        super().data_received(data)
        if self.transport.is_closing():
            self._head = None
        elif self._head is not None:
            if self._patience is None:
                self._patience = self.loop.call_later(_PATIENCE_SECONDS, self._hand_over)
        elif self._in_head:
            self._head_bytes = self._head_bytes + len(data) if began else 0
            if self._head_bytes > _HEAD_BYTES:
                self._refuse(b"431 Request Header Fields Too Large", _TOO_LONG)
            elif self._head_deadline is None:
                self._head_deadline = self.loop.call_later(self.service.limits.body_seconds, self._too_slow)
        elif fresh and self._fresh and self._answered == 1 and self._last is not None:
            self.known.keep(data, self._last)

    def on_message_begin(self) -> None:
        """A request begins. What only the ordinary way needs is made once that is chosen."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._in_head = True
        self._fresh = False
        self._started = time.perf_counter()

    def on_headers_complete(self) -> None:
        """Choose the way."""
        self._in_head = False
        if self._head_deadline is not None:
            self._head_done()
        self._head = self._plain_head()
        if self._head is not None:
            self._body = []
        else:
            self._go_ordinary()

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        if self._head is not None:
            self._body.append(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._fresh = True
        head = self._head
        if head is None:
            super().on_message_complete()
            return
        if self._patience is not None:
            self._no_patience()
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        if not self._answer(head, body, self._started):
            self._hand_over()
            super().on_message_complete()
            return
        self._head, self._last = None, head
        self._answered += 1
        if not self.transport.is_closing():
            self._unset_keepalive_if_required()
            self._set_keepalive(self.timeout_keep_alive)

    def shutdown(self) -> None:
        """The server ends; what is coming in is still answered."""
        if self._head is not None:
            self._hand_over()
        super().shutdown()

    def timeout_keep_alive_handler(self) -> None:
        """Let the client go, unless it has asked since the timer was set."""
        left = self._quiet_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._set_keepalive(left)
        else:
            super().timeout_keep_alive_handler()

    def _set_keepalive(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def _answer(self, head: HotHead, body: bytes, started: float) -> bool:
        """Whether a whole request was answered here."""
        said = self.service.answer_hot(head, body, started)
        if said is None:
            return False
        answer, lasting = said
        self.transport.write(answer)
        self.server_state.total_requests += 1
        if not lasting:
            self.transport.close()
        return True

    def _waits(self) -> bool:
        """Whether something before the next request is still under way, or the client does not read."""
        if self.flow.write_paused or self.transport.is_closing():
            return True
        return (self.cycle is not None and not self.cycle.response_complete) or bool(self.pipeline)

    def _plain_head(self) -> HotHead | None:
        """The head that has come, where its request can be answered without waiting, and nothing before it waits."""
        hot = self.service.hot.get(self.url)
        declined, self._declined = self._declined, False
        if hot is None or declined or self._answered >= _MOST_AT_ONCE or self._waits():
            return None
        given = dict(self.headers)
        length = given.get(b"content-length", b"")
        plain = (
            length.isdigit()
            and len(length) < 8
            and int(length) <= self.small_bytes
            and not any(name in given for name in _SPECIAL)
            and self.parser.get_method() == b"POST"
            and self.parser.get_http_version() == "1.1"
        )
        if not plain:
            return None
        headers = {text: given[name].decode("latin-1") for name, text in _HEEDED if name in given}
        return HotHead(hot, headers, int(length), self.parser.should_keep_alive())

    def _go_ordinary(self) -> None:
        """Tell uvicorn of the head that has come."""
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers.extend(headers)
        super().on_headers_complete()

    def _hand_over(self) -> None:
        """The request that was coming in goes the ordinary way, with what there is of its body."""
        self._head = None
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
