"""Ten times as many requests as the server can answer."""

import json
import socket
import threading
import time

import httpx
import psutil
import pytest
from serving import running
from tiny_parts import PARTS, contents

from sevenfold.deployment.bundle import load, save
from sevenfold.deployment.request import Limits
from sevenfold.deployment.service import Service

RECORD = {"age": 31.5, "income": 20000.0, "city": "Rome", "member": True, "since": "2024-03-01 10:00:00"}
BODY = json.dumps(RECORD).encode()
HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
REQUEST = HEAD + b"Content-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
DEADLINE = 1.0


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("served") / "m.sevenfold"
    save(path, contents(rows=60, members=1))
    return load(path, parts=PARTS)


def slowed(model, monkeypatch, seconds):
    """The model, taking so long for each call however many rows it has."""
    answer = type(model).answer

    def slow(self, rows, **options):
        time.sleep(seconds)
        return answer(self, rows, **options)

    monkeypatch.setattr(type(model), "answer", slow)


def one_client(url, end, seen):
    """Ask over one connection until the end; note each status and how long it took."""
    host, port = url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), timeout=60)
    with connection:
        while time.monotonic() < end:
            started = time.monotonic()
            connection.sendall(REQUEST)
            received = b""
            while b"\r\n\r\n" not in received:
                received += connection.recv(65536)
            head, _, rest = received.partition(b"\r\n\r\n")
            length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
            while len(rest) < length:
                rest += connection.recv(65536)
            seen.append((int(head[9:12]), time.monotonic() - started))


def overloaded(url, seconds, clients):
    """What so many clients saw, and the memory of this process in the middle and at the end."""
    seen, problems = [], []
    end = time.monotonic() + seconds

    def work():
        try:
            one_client(url, end, seen)
        except Exception as error:
            problems.append(repr(error))

    threads = [threading.Thread(target=work) for _ in range(clients)]
    for thread in threads:
        thread.start()
    time.sleep(seconds / 2)
    middle = psutil.Process().memory_info().rss
    for thread in threads:
        thread.join()
    assert problems == []
    assert httpx.post(url + "/predict", json=RECORD, timeout=30).status_code == 200  # and goes on
    return seen, middle, psutil.Process().memory_info().rss


def test_more_requests_than_can_be_answered_in_time_are_refused_cleanly(model, monkeypatch):
    slowed(model, monkeypatch, 0.05)
    limits = Limits(inline_seconds=0, batch_rows=1, waiting=2, deadline_seconds=0.3)
    with running(Service(model, limits=limits)) as url:
        seen, _, _ = overloaded(url, 1.5, 24)
    statuses = {status for status, _ in seen}
    assert statuses == {200, 503}


@pytest.mark.slow
def test_ten_times_the_capacity_for_a_minute(model, monkeypatch):
    slowed(model, monkeypatch, 0.02)  # fifty a second, and one at a time
    limits = Limits(inline_seconds=0, batch_rows=1, waiting=1000, deadline_seconds=DEADLINE)
    with running(Service(model, limits=limits)) as url:
        seen, middle, end = overloaded(url, 60, 200)
    accepted = sorted(seconds for status, seconds in seen if status == 200)
    refused = [status for status, _ in seen if status != 200]
    assert len(seen) > 10 * len(accepted)
    assert set(refused) == {503}
    assert len(accepted) > 200
    assert accepted[int(0.99 * len(accepted))] < DEADLINE + 0.5  # of which a part is the clients' own, in one process
    assert end < 1.1 * middle


@pytest.mark.slow
def test_a_quick_model_under_many_clients_answers_every_one(model):
    with running(Service(model)) as url:
        seen, middle, end = overloaded(url, 20, 200)
    assert {status for status, _ in seen} == {200}
    assert end < 1.1 * middle
