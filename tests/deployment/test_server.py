"""The blocking server in a process of its own, with signals."""

import asyncio
import json
import os
import queue
import selectors
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import httpx
import pytest
from serving import Line, post
from tiny_parts import PARTS, contents

from sevenfold.core.errors import BundleError, RequestError
from sevenfold.deployment.access import check_address, is_loopback, read_token
from sevenfold.deployment.bundle import save
from sevenfold.deployment.server import _let_in, serve

RECORD = {"age": 31.5, "income": 20000.0, "city": "Rome", "member": True, "since": "2024-03-01 10:00:00"}
SCRIPT = """
import sys, time
from pathlib import Path
import tiny_parts
from sevenfold.deployment.request import Limits
from sevenfold.deployment.server import serve
slow = float(sys.argv[2])
predict = tiny_parts.Softmax.predict
started = []
def slowly(self, inputs):
    time.sleep(slow if started else 0)
    return predict(self, inputs)
tiny_parts.Softmax.predict = slowly
def told(url):
    started.append(url)
    print(url, flush=True)
limits = Limits(inline_seconds=0)
serve(Path(sys.argv[1]), port=0, limits=limits, parts=tiny_parts.PARTS, on_start=told)
print("ended", flush=True)
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("served") / "m.sevenfold"
    save(path, contents(rows=100, members=1))
    return path


def start(path, slow_seconds, script=SCRIPT):
    here = str(Path(__file__).parent)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([here, *[p for p in sys.path if p]])}
    command = [sys.executable, "-c", script, str(path), str(slow_seconds)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_requests_under_way_finish(path, number):
    process = start(path, 0.7)
    url = process.stdout.readline().strip()
    replies = []
    threads = [
        threading.Thread(target=lambda: replies.append(httpx.post(url + "/predict", json=RECORD, timeout=20)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    while "under_way 2.0" not in httpx.get(url + "/metrics").text:
        pass
    process.send_signal(number)
    for thread in threads:
        thread.join()
    assert [r.status_code for r in replies] == [200, 200]
    assert process.wait(10) == 0
    assert process.stdout.read() == "ended\n"
    process.stdout.close()
    with pytest.raises(httpx.HTTPError):
        httpx.get(url + "/v2/health/live")


BOTH = """
import sys
from pathlib import Path
import tiny_parts
from sevenfold.deployment.server import serve
tell = lambda url: print(url, flush=True)
serve(Path(sys.argv[1]), port=0, grpc_port=0, parts=tiny_parts.PARTS, on_start=tell, on_grpc=tell)
print("ended", flush=True)
"""


def test_both_protocols_are_answered_by_one_process_and_a_signal_ends_both(path):
    import tritonclient.grpc as triton

    process = start(path, 0, BOTH)
    address, url = process.stdout.readline().strip(), process.stdout.readline().strip()
    client = triton.InferenceServerClient(address)
    try:
        assert client.is_server_ready()
        for _ in range(3):
            names = [i["name"] for i in httpx.get(url + "/v2/models/model").json()["inputs"]]
            assert [i.name for i in client.get_model_metadata("model").inputs] == names
    finally:
        client.close()
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    assert process.stdout.read() == "ended\n"
    process.stdout.close()


HELD = (
    BOTH.replace("import sys", "import sys, time")
    .replace("grpc_port=0", "grpc_port=0, limits=Limits(inline_seconds=0)")
    .replace(
        "import serve\n",
        """import Limits, serve
from sevenfold.deployment.model import LoadedModel
answer, hold = LoadedModel.answer, Path(sys.argv[1] + ".hold")
def held(self, rows, **options):
    while hold.exists():
        time.sleep(0.01)
    return answer(self, rows, **options)
LoadedModel.answer = held
""",
    )
)


def test_a_signal_lets_calls_of_grpc_under_way_finish(path):
    import numpy as np
    import tritonclient.grpc as triton

    hold = path.with_name(path.name + ".hold")
    process = start(path, 0, HELD)
    address, url = process.stdout.readline().strip(), process.stdout.readline().strip()
    client, answered = triton.InferenceServerClient(address), queue.SimpleQueue()
    given = []
    for name, datatype, value in (
        ("age", "FP64", 31.5),
        ("income", "FP64", 20000.0),
        ("city", "BYTES", b"Rome"),
        ("member", "BOOL", True),
        ("since", "BYTES", b"2024-03-01T10:00:00"),
    ):
        tensor = triton.InferInput(name, [1], datatype)
        tensor.set_data_from_numpy(np.array([value], dtype=object if datatype == "BYTES" else None))
        given.append(tensor)
    try:
        hold.touch()
        for _ in range(50):
            client.async_infer("model", given, callback=lambda result, error: answered.put(error))
        while "under_way 50.0" not in httpx.get(url + "/metrics").text:
            pass
        process.send_signal(signal.SIGTERM)
        while httpx.get(url + "/v2/health/ready").status_code == 200:
            pass
        hold.unlink()
        assert [answered.get(timeout=60) for _ in range(50)] == [None] * 50
        assert process.wait(60) == 0
    finally:
        hold.unlink(missing_ok=True)
        client.close()
        process.stdout.close()


LOADED = 4  # clients at a time


def test_a_signal_under_load_loses_no_request(path):
    # However slowly the clients ask, each is waited for.
    script = BOTH.replace("grpc_port=0", "limits=Limits(settle_seconds=60)").replace(
        "import serve", "import Limits, serve"
    )
    process = start(path, 0, script)
    url = process.stdout.readline().strip()
    lost, answered, told = [], [], threading.Event()

    def work():
        with httpx.Client(base_url=url, timeout=30) as client:
            while True:
                try:
                    reply = client.post("/predict", json=RECORD)
                except Exception as error:
                    lost.append(repr(error))
                    return
                assert reply.status_code == 200
                answered.append(reply.headers.get("connection"))
                if answered[-1] == "close":
                    return
                if len(answered) > 40:
                    told.set()

    threads = [threading.Thread(target=work) for _ in range(LOADED)]
    for thread in threads:
        thread.start()
    assert told.wait(60)
    process.send_signal(signal.SIGTERM)
    for thread in threads:
        thread.join()
    assert process.wait(30) == 0
    assert lost == []
    assert answered.count("close") == LOADED  # each client was told with its last answer
    process.stdout.close()


CROWD = 300  # connections with a request under way each, all the time
CROWDED = BOTH.replace(
    "grpc_port=0", "limits=Limits(settle_seconds=120, drain_seconds=120, deadline_seconds=120, waiting=1000)"
).replace("import serve", "import Limits, serve")


def crowd(url, on_count):
    """Ask on many connections at once until each is told that its answer was the last; gives the statuses of all
    answers, and what happened to requests that got none.
    """
    request = post("/predict", json.dumps(RECORD).encode())
    statuses, lost = Counter(), []
    lines = [Line(url) for _ in range(CROWD)]
    with selectors.DefaultSelector() as waiting:
        for line in lines:
            waiting.register(line.connection, selectors.EVENT_READ, line)
            line.send(request)
        while waiting.get_map():
            for key, _ in waiting.select(120):
                line = key.data
                try:
                    status, head, _ = line.reply()
                    statuses[status] += 1
                    on_count(sum(statuses.values()))
                    if b"connection: close" not in head:
                        line.send(request)
                        continue
                except OSError as error:
                    lost.append(repr(error))
                waiting.unregister(line.connection)
                line.close()
    return statuses, lost


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("turn", range(20))
def test_a_signal_with_hundreds_under_way_loses_none(path, turn):
    process = start(path, 0, CROWDED)
    url = process.stdout.readline().strip()
    moment = 2 * CROWD + 37 * turn

    def on_count(answered):
        if answered == moment:
            process.send_signal(signal.SIGTERM)

    statuses, lost = crowd(url, on_count)
    assert process.wait(60) == 0
    process.stdout.close()
    print(f"{statuses.total()} answers, {statuses}")
    assert lost == []
    assert set(statuses) == {200}
    # Whatever was under way when the signal came was answered: each connection got its last answer after it.
    assert statuses.total() >= moment + CROWD - 1


def test_whoever_has_connected_when_the_server_ends_is_let_in():
    let_in = []

    class Counting(asyncio.Protocol):
        def connection_made(self, transport):
            let_in.append(transport)

    async def ended():
        with socket.create_server(("127.0.0.1", 0), backlog=200) as listening:
            clients = [socket.create_connection(listening.getsockname()) for _ in range(100)]
            server = await asyncio.get_running_loop().create_server(Counting, sock=listening)
            await _let_in([listening], 60)
            assert len(let_in) == len(clients)
            server.close()
            for connection in (*clients, *let_in):
                connection.close()
            await asyncio.sleep(0)
        await _let_in([], 60)

    asyncio.run(ended())


def test_another_address_needs_a_token(path):
    with pytest.raises(RequestError, match="token"):
        serve(path, host="0.0.0.0", port=0, parts=PARTS)
    check_address("0.0.0.0", "a-token-of-good-length")


@pytest.mark.parametrize(
    ("host", "own"),
    [("127.0.0.1", True), ("127.8.9.1", True), ("::1", True), ("[::1]", True), ("localhost", True), ("0.0.0.0", False),
     ("::", False), ("", False), ("192.168.0.3", False), ("localhost.evil.org", False), ("127.0.0.1.nip.io", False)],
)  # fmt: skip
def test_which_addresses_are_this_machines_own(host, own):
    assert is_loopback(host) is own


def test_a_token_file_holds_one_good_line(tmp_path):
    file = tmp_path / "token"
    file.write_text("a-token-of-good-length\n")
    assert read_token(file) == "a-token-of-good-length"
    for content in (
        b"",
        b"short",
        b"two words are no token",
        b"\xff" * 30,
        b"x" * 5000,
        b"line-one-is-long\nline-two-is-long",
    ):
        file.write_bytes(content)
        with pytest.raises(RequestError, match="token"):
            read_token(file)
    with pytest.raises(RequestError, match="cannot be read"):
        read_token(tmp_path / "none")


def test_a_port_that_is_taken_is_told_before_the_model_is_loaded(tmp_path):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(RequestError, match="cannot listen"):
        serve(tmp_path / "no model", port=taken.getsockname()[1], parts=PARTS)


def test_a_bad_bundle_is_told(tmp_path):
    (tmp_path / "m").write_bytes(b"PK")
    with pytest.raises(BundleError, match="not a model file"):
        serve(tmp_path / "m", port=0, parts=PARTS)
