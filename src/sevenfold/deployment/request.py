"""HTTP requests read with suspicion, and replies: the part of the server that knows ASGI."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from sevenfold.deployment.documents import compact

if TYPE_CHECKING:
    from sevenfold.deployment.hosting import Hosted
    from sevenfold.deployment.incoming import Incoming

Scope: TypeAlias = Mapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Mapping[str, Any]]]
Send: TypeAlias = Callable[[Mapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True)
class Limits:
    """What one request may cost.

    Args:
        body_bytes: of a body, before and after it is unpacked.
        body_seconds: until the whole body has come.
        rows: rows in one request.
        held_bytes: of all bodies at a time that are read or wait.
        waiting: requests at a time whose bodies have come, waiting ones included; the next one is refused with 503.
        threads: predictions at a time.
        inline_seconds: a prediction that takes less holds the event loop no longer than a hop to a thread would, and
            is made there; 0 for never.
        deadline_seconds: a request whose answer would come later than this is refused with 503 at once, unless a thread
            is free for it.
        batch_rows: rows of requests that wait at the same time and are predicted together; 1 for none.
        batch_delay_seconds: that a request waits for company although a thread is free.
        drain_seconds: for requests that are under way when the server is told to stop.
        settle_seconds: that open connections are kept when the server is told to stop, so that each is told with an
            answer that it is the last.
        linger_bytes, linger_seconds: of a body that is read after the answer, only so that the answer arrives.
    """

    body_bytes: int = 16 * 2**20
    body_seconds: float = 30.0
    rows: int = 100_000
    held_bytes: int = 512 * 2**20
    waiting: int = 256
    threads: int = 1
    inline_seconds: float = 0.002
    deadline_seconds: float = 10.0
    batch_rows: int = 256
    batch_delay_seconds: float = 0.0
    drain_seconds: float = 30.0
    settle_seconds: float = 0.5
    linger_bytes: int = 64 * 2**20
    linger_seconds: float = 5.0


class HttpError(Exception):
    """Ends a request with a status and one sentence for the client, which holds nothing of ours."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})


class ClientGoneError(Exception):
    """The client closed the connection before the whole body had come: there is nobody to answer."""


@dataclass(slots=True)
class Request:
    """One request, filled in as it is understood.

    Args:
        method: GET, POST, ...; HEAD counts as GET.
        path: decoded path.
        headers: names in lower case; of repeated ones the last.
        query: raw query string.
        id: of this request, for logs and labels.
        names: what the route's pattern took from the path.
        body: unpacked; empty where the route takes none.
        hosted: the model that answers, once it is known.
        seconds: that the client will wait; None where it does not say.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    query: str
    id: str
    names: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    hosted: Hosted | None = None
    seconds: float | None = None

    @property
    def key(self) -> str:
        """By which a version is chosen: what the client calls the request, so that trying again goes the same way."""
        return self.headers.get("x-request-id") or self.id


@dataclass(slots=True)
class Reply:
    """What a handler gives back; nobody changes it."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
        """A reply of plain data."""
        return cls(status, compact(value), headers=dict(headers or {}))


def headers_of(scope: Scope) -> dict[str, str]:
    """Headers with names in lower case."""
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


async def read_body(
    headers: Mapping[str, str], incoming: Incoming, limits: Limits, hold: Callable[[int], None]
) -> bytes:
    """The body, unpacked if it came packed. `hold` is told of every byte that is kept, before it is.

    Raises:
        HttpError: 400 lying or malformed length or packing, 408 too slow, 413 too large, 415 packed in another way.
        ClientGoneError: the connection was closed.
    """
    declared = headers.get("content-length")
    if declared is not None and not (declared.isascii() and declared.isdigit() and len(declared) < 20):
        raise HttpError(400, "Content-Length is not a number.")
    if declared is not None and int(declared) > limits.body_bytes:
        raise _too_large(limits)
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "deflate"):
        raise HttpError(415, "The body may be packed with gzip or deflate, or not at all.")
    first = incoming.at_once()
    try:
        if first is not None and incoming.ended:
            hold(len(first))
            body = first
            if len(body) > limits.body_bytes:
                raise _too_large(limits)
        else:
            async with asyncio.timeout(limits.body_seconds):
                body = await _collect(first or b"", incoming, limits, hold)
    except TimeoutError:
        raise HttpError(408, "The body did not come in time.") from None
    if encoding == "identity":
        return body
    content = _unpack(body, limits)
    hold(len(content))
    return content


async def _collect(first: bytes, incoming: Incoming, limits: Limits, hold: Callable[[int], None]) -> bytes:
    hold(len(first))
    collected = bytearray(first)
    while len(collected) <= limits.body_bytes:
        if incoming.ended:
            return bytes(collected)
        part = await incoming.part()
        hold(len(part))
        collected += part
    raise _too_large(limits)


def _unpack(body: bytes, limits: Limits) -> bytes:
    unpacker = zlib.decompressobj(wbits=47)  # 32 + 15: gzip or zlib, whichever the first bytes say
    try:
        content = unpacker.decompress(body, limits.body_bytes + 1)
    except zlib.error:
        raise HttpError(400, "The packed body cannot be unpacked.") from None
    if len(content) > limits.body_bytes:
        raise _too_large(limits)
    if not unpacker.eof or unpacker.unused_data:
        raise HttpError(400, "The packed body is cut short or has something after its end.")
    return content


def _too_large(limits: Limits) -> HttpError:
    return HttpError(413, f"The body is larger than {limits.body_bytes} bytes.")


def need_media_type(headers: Mapping[str, str], allowed: tuple[str, ...], *, may_be_absent: bool = False) -> None:
    """Refuse a body of another kind.

    Raises:
        HttpError: 415.
    """
    stated = headers.get("content-type")
    if stated == allowed[0] or (stated is None and may_be_absent):
        return
    kind, _, parameters = (stated or "").partition(";")
    charset = parameters.strip().lower().replace('"', "")
    if kind.strip().lower() not in allowed or (charset.startswith("charset=") and charset != "charset=utf-8"):
        wanted = " or ".join(allowed)
        hint = f"curl: -H 'Content-Type: {allowed[0]}'"
        raise HttpError(415, f"The header Content-Type must be {wanted}, in UTF-8 ({hint}).")
