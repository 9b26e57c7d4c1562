"""Versions are swapped while clients ask: no request fails, and none is answered by a mixture."""

import itertools
import json
import sys
import threading

import pytest
import real_models
from serving import Line, client_of, post, running
from tiny_parts import PARTS, table

from sevenfold.deployment.bundle import load, save
from sevenfold.deployment.hosting import Host, Hosted
from sevenfold.deployment.request import Limits
from sevenfold.deployment.service import Service

CLIENTS = 4


def ask(url, requests, expected, faults, count, swapped):
    """Ask again and again on one connection; a fault is a reply that no single version gives. Returns the versions
    that answered, and how often.
    """
    line, seen = Line(url), {}
    for number in itertools.count():
        if number >= count and len(swapped) > 3 and len(seen) > 1:
            break
        which = number % len(requests)
        status, head, body = line.ask(requests[which])
        version = head.partition(b"x-model-version:")[2].partition(b"\r\n")[0].strip().decode()
        told = json.loads(body) if status == 200 else []
        if status != 200 or [row["probabilities"]["yes"] for row in told] != expected[version][which]:
            faults.append((status, version, body[:200]))
        seen[version] = seen.get(version, 0) + 1
    line.close()
    return seen


@pytest.fixture
def brisk():
    """Clients and server are threads of one process here: none waits long until it is its turn."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0005)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("brisk")
@pytest.mark.parametrize("count", [240, pytest.param(100_000, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])])
def test_no_request_fails_and_none_is_mixed(tmp_path, count):
    models = {}
    for version, rows in (("1", 120), ("2", 300)):
        save(tmp_path / version, real_models.contents([real_models.PLAIN], rows=rows))
        models[version] = load(tmp_path / version)
    records = [json.loads(real_models.table(size, seed=size).write_json()) for size in (1, 3, 9)]
    expected = {v: [[float(p) for p in m.predict_proba(rows)[:, 1]] for rows in records] for v, m in models.items()}
    assert expected["1"] != expected["2"]
    host = Host(Hosted(models["1"], "model", "1"))
    faults, seen, swapped = [], [], []
    requests = [post("/predict", json.dumps(rows).encode()) for rows in records]
    with running(Service(host, limits=Limits(waiting=64))) as url:
        clients = [
            threading.Thread(
                target=lambda: seen.append(ask(url, requests, expected, faults, count // CLIENTS, swapped))
            )
            for _ in range(CLIENTS)
        ]
        for client in clients:
            client.start()
        while any(client.is_alive() for client in clients):
            version = str(2 - len(swapped) % 2)
            swapped.append(version)
            host.swap(Hosted(models[version], "model", version))
            host.let_go()
            clients[len(swapped) % CLIENTS].join(0.01)
    assert faults == []
    assert len(seen) == CLIENTS and all(set(answers) == {"1", "2"} for answers in seen)
    assert sum(sum(answers.values()) for answers in seen) >= count
    print(f"{sum(sum(answers.values()) for answers in seen)} answers, {len(swapped)} swaps, {seen}")


def test_a_reply_names_the_version_and_every_model_has_its_own_routes(bundles):
    one, two = (load(path, parts=PARTS) for path in bundles)
    host = Host(Hosted(one, "a", "3"), Hosted(two, "b", "1"))
    record = json.loads(table(1, seed=1).drop("bought").write_json())[0]
    with client_of(Service(host, name="a")) as client:
        replies = [client.post(path, json=record) for path in ("/predict", "/predict/a", "/predict/b")]
        assert [r.headers["x-model-version"] for r in replies] == ["3", "3", "1"]
        chances = [r.json()["probabilities"]["yes"] for r in replies]
        assert chances == [one.predict_proba(record)[0, 1]] * 2 + [two.predict_proba(record)[0, 1]]
        assert client.post("/predict/c", json=record).status_code == 404
        assert client.get("/v2/models/b").json()["versions"] == ["1"]
        assert client.get("/v2/models/a/versions/1").status_code == 404
        assert "x-model-version" not in client.get("/v2/health/live").headers


def test_who_tries_again_under_the_same_id_reaches_the_same_version(bundles):
    one, two = (load(path, parts=PARTS) for path in bundles)
    host = Host(Hosted(one, "m", "1"))
    host.try_out("m", Hosted(two, "m", "2"), 0.5)
    record = json.loads(table(1, seed=1).drop("bought").write_json())[0]
    with client_of(Service(host, name="m")) as client:
        ways = [
            [client.post("/predict", json=record, headers={"x-request-id": f"order-{i}"}).headers["x-model-version"]
             for _ in range(3)]
            for i in range(20)
        ]  # fmt: skip
    assert all(len(set(way)) == 1 for way in ways)
    assert {way[0] for way in ways} == {"1", "2"}
