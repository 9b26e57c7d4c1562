"""The short way of small requests: the same bytes as the ordinary way, and the same bounds."""

import asyncio
import json
import re
import socket
import time
from types import SimpleNamespace

import pytest
from serving import running
from tiny_parts import PARTS, contents

from sevenfold.core.task import Goal
from sevenfold.deployment.bundle import load, save
from sevenfold.deployment.hosting import Host, Hosted
from sevenfold.deployment.hot import KnownHeads
from sevenfold.deployment.request import Limits
from sevenfold.deployment.routes import Hot, HotHead
from sevenfold.deployment.runtime import Answer
from sevenfold.deployment.server import config_of
from sevenfold.deployment.service import Service

TOKEN = "a-token-of-good-length"
RECORD = {"age": 31.5, "income": 20000.0, "city": "Rome", "member": True, "since": "2024-03-01 10:00:00"}
GOOD = json.dumps(RECORD).encode()
JSON = {"content-type": "application/json"}
LIMITS = Limits(body_bytes=40_000, linger_seconds=0.3, inline_seconds=60)


def tensors(**changed):
    kinds = {"age": "FP64", "income": "FP64", "city": "BYTES", "member": "BOOL", "since": "BYTES"}
    inputs = [{"name": n, "datatype": kinds[n], "shape": [1], "data": [RECORD[n]]} for n in kinds]
    return json.dumps({"inputs": inputs, **changed}).encode()


def request(path="/predict", body=GOOD, headers=JSON, method="POST", version="1.1", length=None):
    told = {"Host": "x", "Authorization": f"Bearer {TOKEN}", **headers}
    told["Content-Length"] = len(body) if length is None else length
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items() if value is not None)
    return f"{method} {path} HTTP/{version}\r\n{lines}\r\n".encode() + body


def changed(**values):
    return json.dumps({**RECORD, **values}).encode()


V2 = "/v2/models/model/infer"
REQUESTS = {
    "record": request(),
    "list": request(body=b"[" + GOOD + b"]"),
    "four": request(body=b"[" + b",".join([GOOD] * 4) + b"]"),
    "five": request(body=b"[" + b",".join([GOOD] * 5) + b"]"),
    "by name": request("/predict/model"),
    "another name": request("/predict/other"),
    "no such name": request("/predict/none"),
    "explained": request("/predict?explain=true"),
    "query": request("/predict?x=1"),
    "empty query": request("/predict?"),
    "percent": request("/predic%74"),
    "absolute": request("http://x/predict"),
    "violations": request(body=changed(city="Atlantis", age="old", hat=1)),
    "missing": request(body=changed(age=None, city=None)),
    "half missing": request(body=b'{"age": 1}'),
    "no token": request(headers={**JSON, "Authorization": None}),
    "wrong token": request(headers={**JSON, "Authorization": f"Bearer {TOKEN}x"}),
    "no such name, no token": request("/predict/none", headers={**JSON, "Authorization": None}),
    "page wanted": request(headers={**JSON, "Authorization": None, "Accept": "text/html"}),
    "text": request(headers={"content-type": "text/plain"}),
    "no type": request(headers={}),
    "latin": request(headers={"content-type": "application/json; charset=latin-1"}),
    "not JSON": request(body=b"{"),
    "empty": request(body=b""),
    "no length": request(body=b"", length="") .replace(b"Content-Length: \r\n", b""),
    "number": request(body=b"3"),
    "twice": request(body=b'{"age": 1, "age": 2}'),
    "twice, blank": request(body=b'{"age" :1,"age":2}'),
    "nan": request(body=b'{"age": NaN}'),
    "half a character": request(body=b'{"age": "\\ud800"}'),
    "giant number": request(body=b'{"age": ' + b"9" * 5000 + b"}"),
    "nested": request(body=b"[" * 5000),
    "not UTF-8": request(body=b'\xff\xfe{"age": 1}'),
    "too large": request(body=b" " * 40_001),
    "large": request(body=b" " * 20_000 + GOOD),
    "packed, not": request(headers={**JSON, "Content-Encoding": "gzip"}),
    "identity": request(headers={**JSON, "Content-Encoding": "identity"}),
    "expects": request(headers={**JSON, "Expect": "100-continue"}),
    "closing": request(headers={**JSON, "Connection": "close"}),
    "closing, wrong": request(body=b"{", headers={**JSON, "Connection": "close"}),
    "old": request(version="1.0"),
    "old, keeping": request(version="1.0", headers={**JSON, "Connection": "keep-alive"}),
    "upgrade": request(headers={**JSON, "Connection": "Upgrade, close", "Upgrade": "h2c"}),
    "get": request(method="GET", body=b""),
    "put": request(method="PUT"),
    "odd names": request(headers={"CONTENT-TYPE": "application/json", "X-Odd": "\u00e9"}),
    "two types": request(headers={"content-type": "application/json", "Content-type": "text/plain"}),
    "lengths that differ": request().replace(b"Host: x", b"Content-Length: 3\r\nHost: x"),
    "length and chunks": request(headers={**JSON, "Transfer-Encoding": "chunked"}),
    "signed length": request(length="+5"),
    "chunks": request(body=b"", headers={**JSON, "Transfer-Encoding": "chunked"}, length="").replace(
        b"Content-Length: \r\n", b""
    ) + b"%x\r\n%b\r\n0\r\n\r\n" % (len(GOOD), GOOD),
    "tensors": request(V2, tensors(id="mine")),
    "tensors by version": request("/v2/models/model/versions/1/infer", tensors()),
    "tensors, outputs": request(V2, tensors(outputs=[{"name": "probabilities", "parameters": {"binary_data": True}}])),
    "tensors, binary": request(V2, tensors(parameters={"binary_data_output": True})),
    "tensors, lying head": request(V2, tensors(), {**JSON, "Inference-Header-Content-Length": "99999"}),
    "tensors, head": request(V2, tensors(), {**JSON, "Inference-Header-Content-Length": str(len(tensors()))}),
    "tensors, no type": request(V2, tensors(), {}),
    "tensors, none": request(V2, b'{"inputs": []}'),
    "tensors, unknown": request(V2, tensors(outputs=[{"name": "what"}])),
    "tensors, no such model": request("/v2/models/none/infer", tensors()),
    "not HTTP": b"what is this\r\n\r\n",
}  # fmt: skip


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("served") / "m.sevenfold"
    save(path, contents(rows=60, members=1))
    return load(path, parts=PARTS)


@pytest.fixture(scope="module")
def number_model(tmp_path_factory):
    path = tmp_path_factory.mktemp("served") / "n.sevenfold"
    save(path, contents(Goal.REGRESSION, rows=60, members=1))
    return load(path, parts=PARTS)


@pytest.fixture(scope="module")
def service(model, number_model):
    service = Service(Host(Hosted(model, "model", "1"), Hosted(number_model, "other", "7")), token=TOKEN, limits=LIMITS)
    service.seen = 0
    short = service.answer_hot

    def counted(*arguments):
        said = short(*arguments)
        service.seen += said is not None
        return said

    service.answer_hot = counted
    return service


@pytest.fixture(scope="module")
def both(service, model, number_model):
    plain = Service(Host(Hosted(model, "model", "1"), Hosted(number_model, "other", "7")), token=TOKEN, limits=LIMITS)
    with running(service) as short, running(plain, ordinary=True) as ordinary:
        yield short, ordinary


def connect(url):
    host, port = url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=30)


LAST = request("/v2/health/live", b"", {"Connection": "close"}, "GET")


def exchange(url, content, then=b""):
    """All that comes back for some bytes, until the server closes; without what differs from request to request."""
    with connect(url) as connection:
        connection.sendall(content)
        if then:
            time.sleep(0.01)
            connection.sendall(then)
        received = b""
        while True:
            try:
                part = connection.recv(65536)
            except ConnectionResetError:  # over bytes that were not wanted any more
                break
            if not part:
                break
            received += part
    return re.sub(rb'(x-request-id: |"request_id":"|Request )[0-9a-f]{16}', rb"\1ID", received)


@pytest.mark.parametrize("name", list(REQUESTS))
def test_both_ways_give_the_same_bytes(both, name):
    content = REQUESTS[name]
    short, ordinary = (exchange(url, content + LAST) for url in both)
    assert short == ordinary
    assert short.startswith(b"HTTP/1.1 ")


def conversation(url, contents):
    """What comes back for each of some requests, sent one after the other over one connection, each once the one
    before it is answered.
    """
    said = []
    with connect(url) as connection:
        for content in contents:
            received = b""
            try:
                connection.sendall(content)
                while b"\r\n\r\n" not in received or not whole(received):
                    part = connection.recv(65536)
                    if not part:
                        break
                    received += part
            except ConnectionError:  # it was closed after an answer before
                received = b""
            said.append(re.sub(rb'(x-request-id: |"request_id":"|Request )[0-9a-f]{16}', rb"\1ID", received))
    return said


def whole(received):
    head, _, body = received.partition(b"\r\n\r\n")
    return len(body) >= int(re.search(rb"content-length: ([0-9]+)", head)[1])


@pytest.mark.parametrize("name", sorted(REQUESTS.keys() - {"expects", "not HTTP"}))
def test_a_request_that_comes_again_is_answered_again_alike(both, name):
    contents = [REQUESTS[name]] * 3 + [REQUESTS["record"], REQUESTS[name]]
    assert conversation(both[0], contents) == conversation(both[1], contents)


def test_heads_that_were_parsed_before_are_not_parsed_again(both, monkeypatch):
    hits = []
    known = KnownHeads.of

    def counted(self, data):
        found = known(self, data)
        hits.append(found is not None)
        return found

    monkeypatch.setattr(KnownHeads, "of", counted)
    health = LAST.replace(b"Connection: close\r\n", b"")
    head = REQUESTS["record"].removesuffix(GOOD)
    asked = [
        (REQUESTS["record"], None),
        (REQUESTS["record"], True),
        (REQUESTS["violations"], None),
        (REQUESTS["violations"], True),
        (health, False),
        (REQUESTS["record"], True),
        (head + GOOD.replace(b"Rome", b"Oslo"), True),
        (REQUESTS["wrong token"], None),
        (REQUESTS["wrong token"], True),
        (REQUESTS["record"], True),
    ]
    said = conversation(both[0], [content for content, _ in asked])
    assert [hit for hit, (_, known) in zip(hits, asked, strict=True) if known is not None] == [
        known for _, known in asked if known is not None
    ]
    assert said[1] == said[0] and said[3] == said[2] and said[5] == said[0] and b" 401 " in said[8][:16]
    assert said[6] != said[0] and b" 200 " in said[6][:16]


def test_known_heads_are_bounded_and_taken_only_with_their_whole_body():
    known = KnownHeads()
    head = HotHead(Hot("/predict", {}, lambda request: None), {}, 2, True)
    for number in range(1000):
        known.keep(b"POST %d\r\n\r\nhi" % number, head)
    assert len(known._heads) <= 256
    data = b"POST 999\r\n\r\n"
    assert known.of(data + b"oh") == (head, len(data))
    for other in (data, data + b"o", data + b"oh!", b"\r\n" + data + b"oh", b"", b"POST 1", data[:-1]):
        assert known.of(other) is None
    known.keep(data + b"hi there", HotHead(head.hot, {}, 3, True))  # more than one request: nothing is learned
    assert known.of(data + b"oh") == (head, len(data))
    known.keep(b"x" * 5000 + b"\r\n\r\nhi", head)
    assert known.of(b"x" * 5000 + b"\r\n\r\nhi") is None


class Wire(asyncio.Transport):
    """A connection's other end that keeps what it is sent."""

    def __init__(self):
        super().__init__()
        self.sent, self.closed = b"", False

    def write(self, data):
        self.sent += data

    def close(self):
        self.closed = True

    def is_closing(self):
        return self.closed


def test_who_has_asked_since_the_timer_was_set_is_not_let_go(model):
    async def talk():
        config = config_of(Service(model, limits=LIMITS), LIMITS)
        config.load()
        state = SimpleNamespace(connections=set(), tasks=set(), total_requests=0, default_headers=[])
        connection, wire = config.http_protocol_class(config, state, {}), Wire()
        connection.connection_made(wire)
        connection.service.answering.lane(connection.service.answering.host.all[0]).seconds = 0.0
        for _ in range(3):
            connection.data_received(request())
        assert wire.sent.count(b"HTTP/1.1 200 OK") == 3 and state.total_requests == 3
        connection.timeout_keep_alive_task.cancel()
        connection.timeout_keep_alive_handler()  # now, though nothing was to be heard for 30 s
        assert not wire.closed
        assert 0 < connection.timeout_keep_alive_task.when() - connection.loop.time() <= 30
        connection.timeout_keep_alive_task.cancel()
        connection._quiet_since -= 31
        connection.timeout_keep_alive_handler()
        assert wire.closed

    asyncio.run(talk())


def test_usual_requests_go_the_short_way_whether_their_body_comes_with_the_head_or_after_it(both, service):
    for name in ("record", "by name", "another name", "list", "violations", "tensors", "no token", "not JSON"):
        before = service.seen
        whole = exchange(both[0], REQUESTS[name] + LAST)
        assert service.seen == before + 1, name
        head, blank, body = REQUESTS[name].partition(b"\r\n\r\n")
        assert exchange(both[0], head + blank, body + LAST) == whole
        assert exchange(both[0], REQUESTS[name][:7], REQUESTS[name][7:] + LAST) == whole


def test_unusual_requests_go_the_ordinary_way(both, service):
    names = (
        "explained",
        "five",
        "large",
        "identity",
        "expects",
        "old",
        "upgrade",
        "chunks",
        "tensors by version",
        "get",
    )
    before = service.seen
    for name in names:
        assert exchange(both[0], REQUESTS[name] + LAST)
    assert service.seen == before


def test_many_requests_at_once_are_answered_in_their_order(both):
    mixed = [REQUESTS[name] for name in ("record", "explained", "another name", "violations", "large", "not JSON")]
    content = b"".join(mixed * 12) + LAST
    short, ordinary = (exchange(url, content) for url in both)
    assert short == ordinary
    assert short.count(b"HTTP/1.1 200 OK") == 12 * 5 + 1


def test_a_body_that_does_not_come_is_waited_for_as_long_as_on_the_ordinary_way(model):
    limits = Limits(body_seconds=0.3, linger_seconds=0.2)
    service = Service(model, limits=limits)
    with running(service) as url:
        for part in (b"", GOOD[:5]):
            assert b" 408 " in exchange(url, request(length=len(GOOD)).removesuffix(GOOD) + part)
        with connect(url) as gone:
            gone.sendall(request(length=len(GOOD)).removesuffix(GOOD) + b"{")
        assert b" 200 " in exchange(url, request() + LAST)


def test_a_body_in_drops_is_collected(both):
    head, blank, body = request().partition(b"\r\n\r\n")
    with connect(both[0]) as connection:
        connection.sendall(head + blank)
        for place in range(0, len(body), 10):
            connection.sendall(body[place : place + 10])
            time.sleep(0.01)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK")


def test_heads_have_bounds(model):
    with running(Service(model, limits=Limits(body_seconds=0.4))) as url:
        assert b" 408 " in exchange(url, b"POST /predict HTTP/1.1\r\nHost: x\r\nX-Slow")
        endless = b"POST /predict HTTP/1.1\r\nX-Long: "
        with connect(url) as connection:
            received = b""
            connection.sendall(endless)
            try:
                for _ in range(1000):
                    connection.sendall(b"a" * 65536)
                received = connection.recv(65536)
            except OSError:  # closed over what was still being sent
                pass
            else:
                assert b" 431 " in received
        assert b" 200 " in exchange(url, request() + LAST)


def test_a_model_that_is_not_quick_and_a_fault_are_answered_alike(model, monkeypatch):
    slow = Service(model, limits=Limits(inline_seconds=0))
    with running(slow) as short, running(Service(model), ordinary=True) as ordinary:
        assert exchange(short, request() + LAST) == exchange(ordinary, request() + LAST)

    def broken(self, rows, **options):
        raise ZeroDivisionError

    monkeypatch.setattr(type(model), "answer", broken)
    quick = Limits(inline_seconds=60)
    shorter, longer = Service(model, limits=quick), Service(model, limits=quick)
    with running(shorter) as short, running(longer, ordinary=True) as ordinary:
        for service in (shorter, longer):
            service.answering.lane(service.answering.host.all[0]).seconds = 0.0
        assert exchange(short, request() + LAST) == exchange(ordinary, request() + LAST)
        assert b" 500 " in exchange(short, request() + LAST)


def test_a_full_server_refuses_on_both_ways(model):
    limits = Limits(waiting=0, inline_seconds=60)
    with running(Service(model, limits=limits)) as short, running(Service(model, limits=limits), ordinary=True) as long:
        refused = exchange(short, request() + LAST)
        assert refused == exchange(long, request() + LAST)
        assert b" 503 " in refused and b"retry-after: 1" in refused


def test_a_draining_server_says_so_with_its_last_answer(model):
    services = [Service(model, limits=LIMITS) for _ in range(2)]
    with running(services[0]) as short, running(services[1], ordinary=True) as ordinary:
        for service in services:
            service.answering.draining = True
        last = exchange(short, request())
        assert last == exchange(ordinary, request())
        assert b"connection: close\r\n" in last


def test_what_is_counted_is_the_same(model):
    services = [Service(model, limits=LIMITS) for _ in range(2)]
    with running(services[0]) as short, running(services[1], ordinary=True) as ordinary:
        for url in (short, ordinary):
            exchange(url, b"".join(REQUESTS[n] for n in ("record", "violations", "not JSON", "text", "tensors")) + LAST)
    counted = []
    for service in services:
        text = service.answering.metrics.text(0, 0).decode()
        counted.append([line for line in text.splitlines() if "seconds" not in line])
    assert counted[0] == counted[1]
    assert 'sevenfold_requests_total{model="model",outcome="ok",version="1"} 4.0' in counted[0]


def test_one_row_is_written_as_every_answer_is(model, number_model):
    from sevenfold.deployment.documents import compact
    from sevenfold.deployment.people import OneRow, encode

    for one in (model, number_model):
        for record in (RECORD, {**RECORD, "city": "Atlantis"}, {**RECORD, "age": None}):
            answer = one.answer([record])
            assert OneRow(one).encode(answer, "id") == compact(encode(answer, one, "id", None)[0])
    answer = number_model.answer([RECORD])
    for value in (float("nan"), float("inf"), 1e300, -0.0):
        odd = Answer(answer.reading, answer.labels * 0 + value, answer.values * 0 + value, False)
        assert OneRow(number_model).encode(odd, "id") == compact(encode(odd, number_model, "id", None)[0])


def test_every_model_is_in_the_description(service):
    paths = service.handlers.description()["paths"]
    for name, record in (("model", "Record"), ("other", "Record.other")):
        said = paths[f"/predict/{name}"]["post"]["requestBody"]["content"]["application/json"]["schema"]["oneOf"][0]
        assert said == {"$ref": f"#/components/schemas/{record}"}
        assert f"/v2/models/{name}/infer" in paths
    assert set(service.handlers.description()["components"]["schemas"]["Answer.other"]["properties"]) >= {"prediction"}
