"""A request's body as it comes in, and what happens to the rest of it when the answer does not need it.

A connection that is closed while bytes of the request are still unread is reset by the operating system, and the reset
may overtake the answer: the client then sees "connection reset" where it should see 413 or 401. So the rest is read
and thrown away before the connection closes, within bounds (RFC 9112, 9.6, "lingering close").
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from sevenfold.deployment.request import ClientGoneError, Limits, Receive, Reply, Send

_BRIEF_BYTES = 64 * 2**10  # a rest as small as this is read before the answer, and the connection stays open
_BRIEF_SECONDS = 0.05
_CLOSE = (b"connection", b"close")
_MOST_LINGERING = 256  # connections at a time that wait for a rest which nobody wants


class Incoming:
    """The body of one request.

    Args:
        headers: of the request, names in lower case.
        receive: gives the body's parts.
    """

    __slots__ = ("_receive", "ended", "expects_continue")

    def __init__(self, headers: Mapping[str, str], receive: Receive) -> None:
        self._receive = receive
        self.ended = headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers
        # Such a client sends its body only when it is told to; to read would be to tell it.
        self.expects_continue = "expect" in headers

    async def part(self) -> bytes:
        """The next part; `ended` is true after the last.

        Raises:
            ClientGoneError: the connection was closed.
        """
        if self.ended:
            return b""
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self.ended = True
            raise ClientGoneError
        self.ended = not message.get("more_body", False)
        part: bytes = message.get("body", b"")
        return part

    async def discard(self, limit_bytes: int, limit_seconds: float) -> None:
        """Read to the end, throwing away, until a bound is reached or the client is gone."""
        taken = 0
        try:
            async with asyncio.timeout(limit_seconds):
                while not self.ended and taken <= limit_bytes:
                    taken += len(await self.part())
        except (TimeoutError, ClientGoneError):
            return


class Linger:
    """Sends answers so that they arrive, whether or not the request's body was read."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lingering = 0

    async def send(self, reply: Reply, headers: list[tuple[bytes, bytes]], incoming: Incoming, send: Send) -> None:
        """Send an answer; with an unread rest of the body that is not small, the connection is closed after it.

        Args:
            reply: gives status and body.
            headers: all of them; `connection: close` is added where it is needed.
            incoming: the request's body.
        """
        if not incoming.ended and not incoming.expects_continue:
            await incoming.discard(_BRIEF_BYTES, _BRIEF_SECONDS)
        body = {"type": "http.response.body", "body": reply.body}
        if incoming.ended:
            await send({"type": "http.response.start", "status": reply.status, "headers": headers})
            await send(body)
            return
        closing = [*headers, *(() if _CLOSE in headers else (_CLOSE,))]
        await send({"type": "http.response.start", "status": reply.status, "headers": closing})
        await send({**body, "more_body": True})  # the whole answer is on its way now; only the closing waits
        if self._lingering < _MOST_LINGERING:
            self._lingering += 1
            try:
                await incoming.discard(self._limits.linger_bytes, self._limits.linger_seconds)
            finally:
                self._lingering -= 1
        await send({"type": "http.response.body", "body": b""})
