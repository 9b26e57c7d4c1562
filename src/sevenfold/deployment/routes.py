"""Which route a request takes: by its method and path, with 404 and 405 where there is none."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sevenfold.deployment.access import check_token
from sevenfold.deployment.request import HttpError, Reply, Request

Handler: TypeAlias = Callable[[Request], Awaitable[Reply]]


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
        takes_records: its bodies are records, as `Briefly` answers them.
    """

    path: str
    names: Mapping[str, str]
    handler: Callable[[Request], Reply | None]
    takes_records: bool = False


@dataclass(frozen=True, slots=True)
class HotHead:
    """The head of a POST request that may be answered at once.

    Args:
        hot: its route.
        headers: those that are heeded, names in lower case.
        length: of its body, in bytes.
        lasting: whether the client keeps the connection.
    """

    hot: Hot
    headers: Mapping[str, str]
    length: int
    lasting: bool


class Routes:
    """The routes of a server.

    Args:
        all: of them.
        token: that every route that is not public wants; None for none.
    """

    def __init__(self, all: Sequence[Route], token: str | None) -> None:
        self.all = tuple(all)
        self._token = token
        self._plain = {(route.method, route.path): route for route in all if route.pattern is None}

    def of(self, request: Request) -> Route:
        """The route of a request that may take it; the names in its path are written into the request.

        Raises:
            HttpError: 401, or for those who may ask 404 and 405.
        """
        route = self._plain.get((request.method, request.path))
        if route is None:
            return self._named(request)
        if not route.public:
            check_token(request.headers, self._token)
        return route

    def _named(self, request: Request) -> Route:
        """The route of a path with names in it, or of none."""
        matches = [(route, names) for route in self.all if (names := route.match(request.path)) is not None]
        if not any(route.public for route, _ in matches):
            check_token(request.headers, self._token)  # before 404 and 405: without it nobody learns of the routes
        if not matches:
            raise HttpError(404, "There is no such route; see /docs.")
        for route, names in matches:
            if route.method == request.method:
                request.names = names
                return route
        allowed = sorted({route.method for route, _ in matches})
        raise HttpError(405, "This route takes " + " or ".join(allowed) + ".", {"allow": ", ".join(allowed)})
