"""Answers that come before the whole body has: they must arrive all the same, and cost the server little."""

import socket
import threading
import time

import httpx
import pytest
from serving import running
from tiny_parts import PARTS, contents

from sevenfold.deployment.bundle import load, save
from sevenfold.deployment.request import Limits
from sevenfold.deployment.service import Service

TOKEN = "a-token-of-good-length"
ALLOWED = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
EARLY = {
    401: ("POST", "/predict", {"content-type": "application/json"}),
    404: ("POST", "/nothing", ALLOWED),
    405: ("GET", "/predict", ALLOWED),
    413: ("POST", "/predict", ALLOWED),
    415: ("POST", "/predict", {**ALLOWED, "content-encoding": "br"}),
    400: ("POST", "/predict?other=1", {**ALLOWED, "content-type": "application/json"}),
    200: ("GET", "/v2/health/live", {}),
}
LIMITS = Limits(body_bytes=100_000, linger_seconds=5)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("served") / "m.sevenfold"
    save(path, contents(rows=60, members=1))
    return load(path, parts=PARTS)


@pytest.fixture(scope="module")
def url(model):
    with running(Service(model, token=TOKEN, limits=LIMITS)) as url:
        yield url


def ask(client, url, status, content):
    method, path, headers = EARLY[status]
    return client.request(method, url + path, headers=headers, content=content)


@pytest.mark.parametrize("size", [90_000, 3_000_000])
@pytest.mark.parametrize("status", list(EARLY))
def test_an_early_answer_arrives_however_large_the_body_is(url, status, size):
    expected = status
    if status in (400, 413, 415):  # with a body that is small enough, the first thing that is wrong is another
        expected = 413 if size > LIMITS.body_bytes else 400 if status == 413 else status
    for _ in range(2):  # each on a connection of its own
        with httpx.Client(timeout=20) as client:
            assert ask(client, url, status, b" " * size).status_code == expected


def test_many_clients_at_once_never_see_a_reset(url):
    problems = []

    def work(number):
        try:
            with httpx.Client(timeout=30) as client:
                for repeat in range(5):
                    status = (401, 404, 405, 413)[(number + repeat) % 4]
                    reply = ask(client, url, status, b" " * 400_000)
                    assert reply.status_code == status
        except Exception as error:
            problems.append(repr(error))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


def test_chunked_bodies_of_no_stated_length_are_read_out_too(url):
    for status in (401, 404, 413):
        with httpx.Client(timeout=20) as client:
            assert ask(client, url, status, (b" " * 50_000 for _ in range(20))).status_code == status


def test_a_small_rest_leaves_the_connection_open(url):
    with httpx.Client(timeout=20) as client:
        for status in (401, 404, 405, 415):
            reply = ask(client, url, status, b" " * 1000)
            assert reply.status_code == status
            assert "connection" not in reply.headers
        assert ask(client, url, 413, b" " * 300_000).headers["connection"] == "close"


def read_all(connection):
    received = b""
    while part := connection.recv(65536):
        received += part
    return received


def connect(url):
    host, port = url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=30)


def test_a_client_that_never_sends_the_rest_is_answered_at_once_and_let_go(model):
    with running(Service(model, limits=Limits(linger_seconds=0.3))) as url, connect(url) as connection:
        connection.sendall(b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n\r\nabc")
        first = connection.recv(65536)
        assert first.startswith(b"HTTP/1.1 404 ")
        assert b"connection: close" in first
        assert first + read_all(connection) == first  # ends: the server did not wait for 90,000 bytes


def test_a_client_that_sends_on_and_on_is_cut_off(model):
    limits = Limits(body_bytes=1000, linger_bytes=200_000, linger_seconds=60)
    with running(Service(model, limits=limits)) as url, connect(url) as connection:
        connection.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n")
        sent = 0
        with pytest.raises(OSError):
            while sent < 500_000_000:
                sent += connection.send(b" " * 65536)
        assert sent < 500_000_000


def test_a_client_that_asks_before_it_sends_is_not_told_to_send(url):
    with connect(url) as connection:
        head = b"POST /predict HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 90000\r\n\r\n"
        connection.sendall(head)
        answer = connection.recv(65536)
        assert answer.startswith(b"HTTP/1.1 401 ")


def test_waiting_for_a_rest_takes_no_place_from_others(model):
    with running(Service(model, limits=Limits(waiting=1, linger_seconds=5, body_bytes=1000))) as url:
        open_ones = []
        for _ in range(4):
            open_ones.append(connect(url))
            open_ones[-1].sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n\r\nabc")
            assert open_ones[-1].recv(65536).startswith(b"HTTP/1.1 413 ")
        record = {"age": 31.5, "income": 20000.0, "city": "Rome", "member": True, "since": "2024-03-01 10:00:00"}
        started = time.monotonic()
        assert httpx.post(url + "/predict", json=record, timeout=20).status_code == 200
        assert time.monotonic() - started < 20
        for connection in open_ones:
            connection.close()
