"""Ten times as many requests as the server can answer."""

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import psutil
import pytest
from serving import Line, running
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
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("served") / "m.sevenfold"
    save(path, contents(rows=60, members=1))
    return path


@pytest.fixture(scope="module")
def model(path):
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


SERVER = """
import sys, time
from pathlib import Path
import tiny_parts
from sevenfold.deployment.model import LoadedModel
from sevenfold.deployment.request import Limits
from sevenfold.deployment.server import serve
answer = LoadedModel.answer
def slow(self, rows, **options):
    time.sleep(0.02)
    return answer(self, rows, **options)
LoadedModel.answer = slow
limits = Limits(inline_seconds=0, batch_rows=1, waiting=1000, deadline_seconds=float(sys.argv[2]))
serve(Path(sys.argv[1]), port=0, limits=limits, parts=tiny_parts.PARTS, on_start=lambda url: print(url, flush=True))
"""


def crowd(url, seconds, clients, on_second):
    """Ask over many connections from one thread, each again as soon as it is answered; status, head and seconds of
    every answer.
    """
    seen, since, now = [], {}, time.monotonic()
    end, next_second = now + seconds, now + 1
    lines = [Line(url) for _ in range(clients)]
    with selectors.DefaultSelector() as waiting:
        for line in lines:
            waiting.register(line.connection, selectors.EVENT_READ, line)
            since[line] = time.monotonic()
            line.send(REQUEST)
        while waiting.get_map():
            come = waiting.select(60)
            now = time.monotonic()  # how long this client takes for the others' answers is not the server's time
            for key, _ in come:
                line = key.data
                status, head, _ = line.reply()
                seen.append((status, b"retry-after: 1" in head, now - since[line]))
                if now < end:
                    since[line] = time.monotonic()
                    line.send(REQUEST)
                else:
                    waiting.unregister(line.connection)
                    line.close()
            if time.monotonic() >= next_second:
                on_second()
                next_second += 1
    return seen


@pytest.mark.slow
def test_ten_times_the_capacity_for_a_minute(path):
    """Fifty a second can be answered, one at a time, by a server in a process of its own."""
    here = str(Path(__file__).parent)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([here, *[p for p in sys.path if p]])}
    command = [sys.executable, "-c", SERVER, str(path), str(DEADLINE)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    url = process.stdout.readline().strip()
    watched, memory = psutil.Process(process.pid), []
    try:
        assert httpx.post(url + "/predict", json=RECORD, timeout=30).status_code == 200
        before = watched.num_fds(), watched.num_threads()
        seen = crowd(url, 60, 200, lambda: memory.append(watched.memory_info().rss / 2**20))
        reply = httpx.post(url + "/predict", json=RECORD, timeout=30)
        assert reply.status_code == 200  # and goes on
        until = time.monotonic() + 30
        while watched.num_fds() > before[0] + 1 and time.monotonic() < until:
            time.sleep(0.1)  # the ends of connections are still under way
        after = watched.num_fds(), watched.num_threads()
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        process.stdout.close()
    accepted = sorted(seconds for status, _, seconds in seen if status == 200)
    refused = sorted(seconds for status, _, seconds in seen if status == 503)
    p99 = [times[int(0.99 * len(times))] for times in (accepted, refused)]
    early, late = max(memory[:15]), max(memory[-15:])
    print(f"{len(accepted)} accepted, {len(refused)} refused; 99 % within {p99[0]:.3f} s and {p99[1]:.3f} s")
    print(f"MiB: {early:.1f} in the first 15 s, {late:.1f} in the last; files, threads: {before}, then {after}")
    assert len(accepted) + len(refused) == len(seen)
    assert all(retry for status, retry, _ in seen if status == 503)
    assert len(seen) > 10 * len(accepted)
    assert len(accepted) > 200
    assert p99[0] < DEADLINE
    assert late < early + 4
    assert after[0] <= before[0] + 1 and after[1] <= before[1]


@pytest.mark.slow
def test_a_quick_model_under_many_clients_answers_every_one(model):
    with running(Service(model)) as url:
        seen, middle, end = overloaded(url, 20, 200)
    assert {status for status, _ in seen} == {200}
    assert end < 1.1 * middle
