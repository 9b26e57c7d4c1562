"""The briefest way: taken by plain records, with the counts and the records of every other way."""

import json

import pytest
from tiny_parts import PARTS, contents

from sevenfold.deployment.bundle import load, save
from sevenfold.deployment.documents import compact, digits_of
from sevenfold.deployment.hosting import Host, Hosted
from sevenfold.deployment.request import Limits
from sevenfold.deployment.routes import HotHead
from sevenfold.deployment.service import Service

RECORD = {"age": 31.5, "income": 20000.0, "city": "Rome", "member": True, "since": "2024-03-01 10:00:00"}
LIMITS = Limits(inline_seconds=60)
HEADERS = {"content-type": "application/json", "x-request-id": "mine"}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("served") / "m.sevenfold"
    save(path, contents(rows=60, members=1))
    return load(path, parts=PARTS)


class Kept:
    """A recorder that keeps what it is told."""

    dropped = 0

    def __init__(self):
        self.kept = []

    def record(self, request, answer):
        self.kept.append((request, answer.labels.tolist(), answer.values.tolist(), list(answer.reading.records)))

    def close(self):
        pass


def served(model, token=None, limits=LIMITS):
    recorder = Kept()
    service = Service(Host(Hosted(model, "model", "1", recorder)), token=token, limits=limits)
    service.answering.lane(service.answering.host.all[0]).warm()
    service.taken = []
    brief = service._briefly.answer

    def seen(*arguments):
        found = brief(*arguments)
        service.taken.append(found is not None)
        return found

    service._briefly.answer = seen
    return service, recorder


def ask(service, body, headers=HEADERS, path=b"/predict", lasting=True):
    return service.answer_hot(HotHead(service.hot[path], headers, len(body), lasting), body, 0.0)


def counted(service):
    return [line for line in service.answering.metrics.text(0, 0).decode().splitlines() if "seconds" not in line]


BODIES = [
    json.dumps(RECORD).encode(),
    json.dumps({**RECORD, "city": "Atlantis", "age": "old"}).encode(),
    json.dumps({**RECORD, "city": "\u00c5s", "hat": "\u00e9"}, ensure_ascii=False).encode(),
    json.dumps([RECORD]).encode(),
    b'{"age": 1}',
    b'{"age": 1, "age": 2}',
    b"{",
]


def test_it_answers_counts_and_records_as_the_short_way(model):
    (brief, kept), (short, also) = served(model), served(model)
    short._briefly.answer = lambda *arguments: None
    for path in (b"/predict", b"/predict/model"):
        for body in BODIES:
            assert ask(brief, body, path=path) == ask(short, body, path=path)
    assert brief.taken == [True, True, True, False, False, False, False] * 2
    assert counted(brief) == counted(short) and kept.kept == also.kept and len(kept.kept) == 8
    assert all(hosted.uses == 0 for hosted in brief.answering.host.all)


def test_what_is_not_plain_goes_the_short_way(model):
    service, _ = served(model, token="a-token-of-good-length")
    plain = {**HEADERS, "authorization": "Bearer a-token-of-good-length"}
    assert ask(service, BODIES[0], plain)[0].startswith(b"HTTP/1.1 200 ") and service.taken == [True]
    for headers, status in ((HEADERS, b"401"), ({**plain, "content-type": "text/plain"}, b"415")):
        assert ask(service, BODIES[0], headers)[0].startswith(b"HTTP/1.1 " + status)
    answer, lasting = ask(service, BODIES[0], plain, lasting=False)
    assert b"connection: close\r\n" in answer and not lasting
    hosted = service.answering.host.all[0]
    service.answering.host.try_out("model", Hosted(model, "model", "2"), 1.0)
    for one in service.answering.host.all:
        service.answering.lane(one).seconds = 0.0
    assert b"x-model-version: 2\r\n" in ask(service, BODIES[0], plain)[0]
    service.answering.host.try_out("model", None)
    service.answering.draining = True
    assert b"connection: close\r\n" in ask(service, BODIES[0], plain)[0]
    service.answering.draining = False
    service.answering.lane(hosted).seconds = 120.0
    assert ask(service, BODIES[0], plain) is None
    assert not any(service.taken[1:])


def test_a_full_server_refuses(model):
    service, kept = served(model, limits=Limits(inline_seconds=60, waiting=0))
    assert ask(service, BODIES[0])[0].startswith(b"HTTP/1.1 503 ") and not kept.kept and not service.taken


def test_numbers_are_written_in_one_form():
    small = [10.0**-place * factor for place in range(30) for factor in (1.0, 1.7, 9.999999999999999)]
    for chance in [*small, 0.0, 0.1 + 0.2, 1 / 3, 5e-324, 1.0]:
        for chances in ([chance, 0.5], [0.5, 1.0 - min(chance, 1.0)], [chance]):
            assert "[" + ",".join(digits_of(chances)) + "]" == compact(chances).decode()
