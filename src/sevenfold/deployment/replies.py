"""What of an answer is the same whatever is asked: headers, the words for errors, and the names of requests."""

from __future__ import annotations

import json
import logging
import re
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING

from sevenfold.core.errors import DataError, RequestError, SevenfoldError
from sevenfold.deployment import pages
from sevenfold.deployment.request import HttpError, Reply, Request

if TYPE_CHECKING:
    from sevenfold.deployment.hosting import Hosted

HTML = "text/html; charset=utf-8"
POLICY = {"content-security-policy": pages.POLICY}
_LOG = logging.getLogger("sevenfold.serve")
_SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
)
_DONE = b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ncontent-length: %d\r\nx-request-id: %b\r\n%b"
_JSON_DONE = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: "
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+=-]{0,63}")
_PAGES = ("/", "/docs")


def headers_of_reply(reply: Reply, request: Request, *, closing: bool) -> list[tuple[bytes, bytes]]:
    """All headers of an answer.

    Args:
        closing: the connection ends with it.
    """
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


class Heads:
    """Status line and headers as bytes; what is the same in most answers is written once."""

    def __init__(self) -> None:
        self._common: dict[tuple[str, str], bytes] = {}
        self._texts: dict[str, str] = {}

    def of(self, reply: Reply, request: Request, *, closing: bool) -> bytes:
        """The head of an answer as uvicorn would write it, without the blank line at its end."""
        if reply.status == 200 and not reply.headers and not closing and request.hosted is not None:
            kind = (reply.content_type, request.hosted.version)
            common = self._common.get(kind)
            if common is None:
                common = self._common[kind] = _lines(headers_of_reply(reply, request, closing=False)[3:])
            return _DONE % (reply.content_type.encode(), len(reply.body), request.id.encode(), common)
        status = f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}\r\n".encode()
        return status + _lines(headers_of_reply(reply, request, closing=closing))

    def whole(self, text: str, request_id: str, hosted: Hosted) -> bytes:
        """Head and body of the answer 200 of JSON, on a connection that stays open.

        Args:
            text: the body.
            hosted: who answered.
        """
        common = self._texts.get(hosted.version)
        if common is None:
            asked = Request("POST", "/", {}, "", request_id, hosted=hosted)
            lines = _lines(headers_of_reply(Reply(200, b""), asked, closing=False)[3:])
            common = self._texts[hosted.version] = lines.decode()
        size = len(text) if text.isascii() else len(text.encode())
        return f"{_JSON_DONE}{size}\r\nx-request-id: {request_id}\r\n{common}\r\n{text}".encode()


def reply_to(error: Exception, request: Request) -> Reply:
    """What the client is told of an error: nothing of ours, and nothing of other people's rows."""
    if isinstance(error, HttpError):
        if error.status == 401 and request.path in _PAGES and "text/html" in request.headers.get("accept", ""):
            return Reply(401, pages.gate_page(), HTML, {**error.headers, **POLICY})
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


class Ids:
    """Names for requests: the client's own, or one that nobody can guess, from randomness taken in stock."""

    def __init__(self) -> None:
        self._stock: list[str] = []

    def of(self, headers: Mapping[str, str]) -> str:
        """What the client calls its request, in `x-request-id`, where that is plain; else a new name."""
        own = headers.get("x-request-id")
        return self.next() if own is None or not _PLAIN.fullmatch(own) else own

    def next(self) -> str:
        """Sixteen hexadecimal digits."""
        if not self._stock:
            digits = secrets.token_hex(8 * 128)
            self._stock = [digits[start : start + 16] for start in range(0, len(digits), 16)]
        return self._stock.pop()


def _lines(headers: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join(b"%b: %b\r\n" % header for header in headers)


def _places(error: BaseException) -> list[str]:
    """Where an error arose: function names and lines, no values and no paths."""
    places: list[str] = []
    trace = error.__traceback__
    while trace is not None:
        places.append(f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}")
        trace = trace.tb_next
    return places[-5:]
