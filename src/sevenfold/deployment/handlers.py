"""What each route of the server answers."""

from __future__ import annotations

import re
from typing import Any

from sevenfold.deployment import openapi, pages, people, protocol
from sevenfold.deployment.answering import SMALL_BYTES, SMALL_ROWS, Answering
from sevenfold.deployment.hosting import Hosted
from sevenfold.deployment.model import LoadedModel
from sevenfold.deployment.replies import HTML, POLICY
from sevenfold.deployment.request import Reply, Request, need_media_type
from sevenfold.deployment.routes import Hot, Route

_JSON = ("application/json",)
_TENSORS = ("application/json", "application/octet-stream", "application/vnd.sevenfold.tensors+json")


class Handlers:
    """Answers requests whose bodies have come, for those who may ask.

    Args:
        answering: the models.
        token: whether one is wanted, which the description says.
    """

    def __init__(self, answering: Answering, *, token: bool) -> None:
        self._answering = answering
        self._limits = answering.limits
        self._token = token

    def routes(self) -> tuple[Route, ...]:
        """Every route."""
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

    def hot(self) -> dict[bytes, Hot]:
        """The routes that may be answered at once, by the target of a request as it stands in its first line."""
        found = {"/predict": Hot("/predict", {}, self._predict_at_once, takes_records=True)}
        for name in dict.fromkeys(hosted.name for hosted in self._answering.host.all):
            named = {"model": name}
            found[f"/predict/{name}"] = Hot(f"/predict/{name}", named, self._predict_at_once, takes_records=True)
            found[f"/v2/models/{name}/infer"] = Hot(f"/v2/models/{name}/infer", named, self._infer_at_once)
        return {path.encode(): hot for path, hot in found.items()}

    def description(self) -> dict[str, Any]:
        """The OpenAPI document."""
        first, *rest = self._answering.host.all
        others: dict[str, LoadedModel] = {}
        for hosted in rest:  # of each name the version in use, which comes before its canary
            if hosted.name != first.name:
                others.setdefault(hosted.name, hosted.model)
        return openapi.describe(first.model, first.name, first.version, self._token, others)

    async def _predict(self, request: Request) -> Reply:
        need_media_type(request.headers, _JSON)
        asked = people.asked(request)
        with self._named(request) as hosted:
            if asked.coverage is not None:
                hosted.model.check_coverage(asked.coverage)

            def decode() -> tuple[list[dict[str, Any]], bool]:
                return people.decode(request.body, hosted.pictures, self._limits)

            small = len(request.body) <= SMALL_BYTES and not asked.explain
            records, single = decode() if small else await self._answering.workers.run(decode)
            answer = await self._answering.answer(hosted, records, len(records), request.id)

            def encode() -> Reply:
                if single and not asked.explain and asked.coverage is None:
                    return Reply(200, hosted.one_row.encode(answer, request.id))
                explanations = hosted.model.explain_reading(answer.reading) if asked.explain else None
                covered = None if asked.coverage is None else people.covering(answer, hosted.model, asked.coverage)
                encoded = people.encode(answer, hosted.model, request.id, explanations, covered)
                return Reply.json(encoded[0] if single else encoded)

            return encode() if small else await self._answering.workers.run(encode)

    def _predict_at_once(self, request: Request) -> Reply | None:
        need_media_type(request.headers, _JSON)
        with self._named(request) as hosted:
            body = request.body
            is_many = not body.startswith(b"{") and body.count(b"{") > SMALL_ROWS
            if is_many or not self._answering.lane(hosted).quick:
                return None
            records, single = people.decode(body, hosted.pictures, self._limits)
            answer = self._answering.at_once(hosted, records, len(records), request.id)
            if single:
                return Reply(200, hosted.one_row.encode(answer, request.id))
            return Reply.json(people.encode(answer, hosted.model, request.id, None))

    async def _infer(self, request: Request) -> Reply:
        with self._named(request) as hosted:
            need_media_type(request.headers, _TENSORS, may_be_absent=True)
            length = request.headers.get(protocol.HEADER_LENGTH)

            def decode() -> protocol.InferRequest:
                return protocol.decode(request.body, length, hosted.model, self._limits)

            small = len(request.body) <= SMALL_BYTES
            decoded = decode() if small else await self._answering.workers.run(decode)
            answer = await self._answering.answer(hosted, decoded.rows, decoded.count, decoded.id or request.id)

            def encode() -> Reply:
                return protocol.encode(decoded, answer, hosted.name, hosted.version)

            return encode() if small else await self._answering.workers.run(encode)

    def _infer_at_once(self, request: Request) -> Reply | None:
        with self._named(request) as hosted:
            need_media_type(request.headers, _TENSORS, may_be_absent=True)
            if not self._answering.lane(hosted).quick:
                return None
            length = request.headers.get(protocol.HEADER_LENGTH)
            found = hosted.tensor_row.read(request.body) if length is None else None
            if found is not None:
                record, own = found
                decoded = protocol.InferRequest(own, [record], 1, {}, False)
            else:
                decoded = protocol.decode(request.body, length, hosted.model, self._limits)
                if decoded.count > SMALL_ROWS:
                    return None
            answer = self._answering.at_once(hosted, decoded.rows, decoded.count, decoded.id or request.id)
            if found is not None and (written := hosted.tensor_row.write(answer, decoded.id)) is not None:
                return Reply(200, written)
            return protocol.encode(decoded, answer, hosted.name, hosted.version)

    async def _live(self, request: Request) -> Reply:
        return Reply.json({"live": True})

    async def _is_ready(self, request: Request) -> Reply:
        ready = self._answering.ready
        return Reply.json({"ready": ready}, 200 if ready else 503)

    async def _server(self, request: Request) -> Reply:
        return Reply.json(protocol.server_metadata())

    async def _model(self, request: Request) -> Reply:
        hosted = self._named(request)
        return Reply.json(protocol.model_metadata(hosted.model, hosted.name, hosted.version))

    async def _model_ready(self, request: Request) -> Reply:
        ready = self._answering.ready
        return Reply.json({"name": self._named(request).name, "ready": ready}, 200 if ready else 503)

    async def _counters(self, request: Request) -> Reply:
        metrics = self._answering.metrics
        text = metrics.text(self._answering.workers.under_way, self._answering.dropped)
        return Reply(200, text, metrics.content_type)

    async def _openapi(self, request: Request) -> Reply:
        return Reply.json(self.description())

    async def _docs(self, request: Request) -> Reply:
        return Reply(200, pages.docs_page(self.description()), HTML, POLICY)

    async def _page(self, request: Request) -> Reply:
        hosted = self._answering.host.all[0]
        return Reply(200, pages.try_page(hosted.model, hosted.name), HTML, POLICY)

    def _named(self, request: Request) -> Hosted:
        hosted = self._answering.host.use(request.names.get("model"), request.names.get("version"), request.key)
        request.hosted = hosted
        return hosted
