import gzip
import json
import logging
import threading
import time
import zlib

import httpx
import numpy as np
import pytest
from serving import client_of, raw_exchange, running
from tiny_parts import PARTS, contents, recommendation, table, with_conformal

from sevenfold.core.errors import RequestError
from sevenfold.core.task import Goal
from sevenfold.deployment import pages
from sevenfold.deployment.bundle import load, save
from sevenfold.deployment.request import Limits
from sevenfold.deployment.service import Service

RECORD = {"age": 31.5, "income": 20000.0, "city": "Rome", "member": True, "since": "2024-03-01 10:00:00"}
TOKEN = "a-token-of-good-length"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("served") / "m.sevenfold"
    save(path, contents())
    return load(path, parts=PARTS)


@pytest.fixture(scope="module")
def client(model):
    with client_of(Service(model, limits=Limits(body_bytes=200_000, rows=500))) as client:
        yield client


def test_a_record_is_predicted(client, model):
    reply = client.post("/predict", json=RECORD)
    assert reply.status_code == 200
    answer = reply.json()
    proba = model.predict_proba(RECORD)[0]
    assert answer["prediction"] == model.predict(RECORD)[0]
    assert answer["probabilities"] == {"no": proba[0], "yes": proba[1]}
    assert answer["violations"] == []
    assert answer["request_id"] == reply.headers["x-request-id"]


def test_a_list_is_answered_by_a_list(client, model):
    data = table(20, seed=8)
    records = json.loads(data.drop("bought").write_json())
    answers = client.post("/predict", json=records).json()
    assert [a["prediction"] for a in answers] == model.predict(data).tolist()
    assert [a["row"] for a in answers] == list(range(20))
    np.testing.assert_allclose(
        [a["probabilities"]["yes"] for a in answers], model.predict_proba(data)[:, 1], rtol=1e-12
    )


def test_violations_are_listed_for_each_row(client):
    rows = [RECORD, {**RECORD, "city": "Atlantis"}, {**RECORD, "age": "old", "hat": 1}]
    answers = client.post("/predict", json=rows).json()
    codes = [[(v["column"], v["code"]) for v in a["violations"]] for a in answers]
    assert codes[0] == [("hat", "extra-column")]
    assert ("city", "unseen-category") in codes[1]
    assert ("age", "unreadable") in codes[2]


def test_the_target_among_the_columns_is_passed_over(client):
    assert client.post("/predict", json={**RECORD, "bought": "yes"}).json()["violations"] == []


def test_an_explanation_on_request(client):
    answer = client.post("/predict?explain=true", json=RECORD).json()
    explanation = answer["explanation"]
    total = explanation["baseline"] + sum(explanation["contributions"].values())
    assert total == pytest.approx(answer["probabilities"]["yes"])
    assert "explanation" not in client.post("/predict?explain=false", json=RECORD).json()


def test_a_regression_and_a_recommendation_are_served(tmp_path):
    for made, record in ((contents(Goal.REGRESSION), RECORD), (recommendation(), {"who": "u1"})):
        save(tmp_path / "m.sevenfold", made)
        loaded = load(tmp_path / "m.sevenfold", parts=PARTS)
        with client_of(Service(loaded)) as client:
            answer = client.post("/predict", json=record).json()
            assert "probabilities" not in answer
            assert answer["prediction"] == loaded.predict(record)[0].tolist()


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"{", {}, 400),
        (b"", {}, 400),
        (b"[]", {}, 400),
        (b"3", {}, 400),
        (b"[3]", {}, 400),
        (b"[" * 5000, {}, 400),
        (b'{"age": NaN}', {}, 400),
        (b'{"age": 1, "age": 2}', {}, 400),
        (b'{"age": "\\ud800"}', {}, 400),
        (b'{"age": ' + b"9" * 5000 + b"}", {}, 400),
        (b'\xff\xfe{"age": 1}', {}, 400),
        (b'{"age": 1}', {}, 400),  # more than half of the columns are missing
        (b"[" + b",".join([b"{}"] * 501) + b"]", {}, 413),
        (b" " * 200_001, {}, 413),
        (b"{}", {"content-type": "text/plain"}, 415),
        (b"{}", {"content-type": "application/json; charset=latin-1"}, 415),
        (b"{}", {"content-encoding": "br"}, 415),
        (b"no gzip", {"content-encoding": "gzip"}, 400),
        (gzip.compress(b"{}", mtime=0)[:-3], {"content-encoding": "gzip"}, 400),
        (gzip.compress(b"{}", mtime=0) + b"more", {"content-encoding": "gzip"}, 400),
        (gzip.compress(b" " * 10**8, mtime=0), {"content-encoding": "gzip"}, 413),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_bad_requests_get_their_status_and_one_form_of_error(client, content, headers, status):
    reply = client.post("/predict", content=content, headers={"content-type": "application/json", **headers})
    assert reply.status_code == status
    assert list(reply.json()) == ["error"]
    assert client.post("/predict", json=RECORD).status_code == 200


def test_a_refusal_says_what_to_do(client):
    def told(**request):
        return client.post("/predict", **request).json()["error"]

    assert "curl: -H 'Content-Type: application/json'" in told(content=b"{}", headers={"content-type": "text/plain"})
    typed = {"content-type": "application/json"}
    assert "line 1, column 9" in told(content=b'{"age": }', headers=typed)
    assert "in row 1, counted from 0" in told(json=[RECORD, {"age": 3}])
    assert " in row" not in told(json=[{"age": 3}, {"age": 4}])
    assert "there is: model." in client.post("/predict/modell", json=RECORD).json()["error"]
    assert "there is: 1." in client.get("/v2/models/model/versions/2").json()["error"]


def test_a_request_keeps_the_name_that_its_client_gave(client):
    for given in ("order-17", "7f3e:9a", "a" * 64):
        for query in ("", "?explain=false"):  # the short way and the ordinary one
            reply = client.post("/predict" + query, json=RECORD, headers={"x-request-id": given})
            assert reply.json()["request_id"] == reply.headers["x-request-id"] == given
    for given in ("", "a" * 65, 'a"b', "a b", "\u00e9".encode(), "-a"):
        reply = client.post("/predict", json=RECORD, headers={"x-request-id": given})
        assert reply.json()["request_id"] == reply.headers["x-request-id"] != given
        assert len(reply.headers["x-request-id"]) == 16


@pytest.mark.parametrize(
    "value", [10**300, 1e308, -(10**30), [], [1, "a"], {"a": 1}, "\u0000", "x" * 10_000, 1e999, True, "'; DROP"]
)
@pytest.mark.parametrize("column", ["age", "city", "member", "since", "key"])
def test_strange_values_are_predicted_or_refused_but_never_a_fault(client, column, value):
    content = json.dumps({**RECORD, column: value}).replace("Infinity", "1e999").encode()
    reply = client.post("/predict", content=content, headers={"content-type": "application/json"})
    assert reply.status_code == 200, reply.text
    assert reply.json()["prediction"] in ("yes", "no")


def test_a_set_on_request(tmp_path):
    save(tmp_path / "m.sevenfold", with_conformal(contents()))
    model = load(tmp_path / "m.sevenfold", parts=PARTS)
    records = json.loads(table(20, seed=8).drop("bought").write_json())
    with client_of(Service(model)) as client:
        one = client.post("/predict?coverage=0.9&explain=true", json=RECORD).json()
        answers = client.post("/predict?coverage=.99", json=records).json()
        described = client.get("/openapi.json").json()
        assert b'id="sure"' in client.get("/").content
    assert one["set"] == model.predict_set([RECORD])[0] and one["coverage"] == 0.9 and "explanation" in one
    assert [answer["set"] for answer in answers] == model.predict_set(records, 0.99)
    assert {"set", "coverage"} <= set(described["components"]["schemas"]["Answer"]["properties"])
    assert any(asked["name"] == "coverage" for asked in described["paths"]["/predict"]["post"]["parameters"])


def test_an_interval_on_request(tmp_path):
    save(tmp_path / "m.sevenfold", with_conformal(contents(Goal.REGRESSION), rows=50))
    model = load(tmp_path / "m.sevenfold", parts=PARTS)
    with client_of(Service(model)) as client:
        answer = client.post("/predict?coverage=0.9", json=RECORD).json()
        wide = client.post("/predict?coverage=0.99", json=RECORD).json()
    low, high = model.predict_interval(RECORD)[0]
    assert answer["interval"] == {"low": low, "high": high} and low < answer["prediction"] < high
    assert wide["interval"]["high"] is None


def test_a_model_without_scores_says_so(client):
    reply = client.post("/predict?coverage=0.9", json=RECORD)
    assert reply.status_code == 400 and "coverage" in reply.json()["error"]
    described = client.get("/openapi.json").json()
    assert "set" not in described["components"]["schemas"]["Answer"]["properties"]
    assert b'id="sure"' not in client.get("/").content


def test_packed_bodies_are_read(client):
    body = json.dumps(RECORD).encode()
    for encoding, packed in (("gzip", gzip.compress(body)), ("deflate", zlib.compress(body))):
        headers = {"content-type": "application/json", "content-encoding": encoding}
        assert client.post("/predict", content=packed, headers=headers).status_code == 200


def test_queries_that_say_something_else_are_refused(client):
    for query in (
        "explain=maybe",
        "other=1",
        "explain",
        "a=1&" * 20,
        "%ff=1",
        "coverage=1",
        "coverage=0.0",
        "coverage=nan",
        "coverage=9e-1",
        "coverage=-.5",
        "coverage=",
        "coverage=0.9&coverage=2",
        "coverage=0.٩",
    ):
        assert client.post("/predict?" + query, json=RECORD).status_code == 400


def test_methods_and_paths(client):
    assert client.get("/predict").status_code == 405
    assert client.get("/predict").headers["allow"] == "POST"
    assert client.get("/nothing").status_code == 404
    assert client.head("/v2/health/live").status_code == 200
    for path in ("/../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/v2/models/..%2f..", "/predict/", "/%00"):
        assert client.get(path).status_code == 404


def test_pages_stand_alone(client):
    for path in ("/", "/docs"):
        reply = client.get(path)
        assert reply.headers["content-type"].startswith("text/html")
        assert "http://" not in reply.text and "https://" not in reply.text
        assert "default-src 'none'" in reply.headers["content-security-policy"]
    assert '<input data-column="' in client.get("/").text and "<th>Kind</th>" in client.get("/docs").text
    assert "Rome" in client.get("/").text or "Bern" in client.get("/").text or "Oslo" in client.get("/").text


def test_the_description_is_fetched_with_the_token_that_was_typed(model):
    with client_of(Service(model, token=TOKEN)) as client:
        page = client.get("/docs", headers={"authorization": f"Bearer {TOKEN}"}).text
    assert 'id="openapi"' in page and 'id="token"' in page
    assert "fetch('/openapi.json', {headers: token ? {authorization: 'Bearer ' + token} : {}})" in page


def test_openapi_names_every_route(client, model):
    document = client.get("/openapi.json").json()
    service = Service(model)
    for path, methods in document["paths"].items():
        for method in methods:
            assert any(r.match(path) is not None and r.method == method.upper() for r in service.routes.all)
    assert set(document["components"]["schemas"]["Record"]["properties"]) == {
        "age",
        "income",
        "city",
        "member",
        "since",
    }


def test_metrics_count_by_outcome(model):
    with client_of(Service(model, name="churn")) as client:
        client.post("/predict", json=[RECORD, {**RECORD, "city": "Atlantis"}])
        client.post("/predict", content=b"{")
        client.get("/nowhere")
        text = client.get("/metrics").text
    assert 'sevenfold_requests_total{model="churn",outcome="ok",version="1"} 1.0' in text
    assert 'sevenfold_requests_total{model="churn",outcome="bad_media_type",version="1"} 1.0' in text
    assert 'sevenfold_requests_total{model="churn",outcome="not_found",version="1"} 1.0' in text
    assert 'sevenfold_rows_total{model="churn",version="1"} 2.0' in text
    assert 'sevenfold_violations_total{model="churn",version="1"} 1.0' in text
    assert "sevenfold_request_seconds_bucket" in text


def test_every_route_but_health_wants_the_token(model):
    service = Service(model, token=TOKEN)
    with client_of(service) as client:
        for route in service.routes.all:
            path = route.path.replace("{model}", "model")
            health = path.startswith("/v2/health/")
            for headers in (
                {},
                {"authorization": f"Bearer {TOKEN}x"},
                {"authorization": TOKEN},
                {"authorization": "Basic x"},
            ):
                reply = client.request(route.method, path, headers=headers)
                assert reply.status_code == (200 if health else 401), path
                if not health:
                    assert reply.headers["www-authenticate"] == "Bearer"
                    assert list(reply.json()) == ["error"]
            allowed = client.request(route.method, path, headers={"authorization": f"Bearer {TOKEN}"})
            assert allowed.status_code in (200, 400, 415), path
        assert client.get("/nothing").status_code == 401
        assert client.get("/predict").status_code == 401


def test_a_browser_without_the_token_is_asked_for_it_and_told_nothing_else(model):
    browser = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    with client_of(Service(model, token=TOKEN, name="churn")) as client:
        for path in ("/", "/docs"):
            reply = client.get(path, headers=browser)
            assert reply.status_code == 401
            assert reply.headers["content-type"].startswith("text/html")
            assert "default-src 'none'" in reply.headers["content-security-policy"]
            assert 'id="token"' in reply.text
            assert reply.content == pages.gate_page()  # which is given nothing that it could tell
            allowed = client.get(path, headers={**browser, "authorization": f"Bearer {TOKEN}"})
            assert allowed.status_code == 200 and "churn" in allowed.text
        assert client.get("/metrics", headers=browser).headers["content-type"] == "application/json"


def test_a_full_server_says_503_and_recovers(model, monkeypatch):
    held = threading.Event()
    answer = type(model).answer

    def slow(self, rows, **options):
        if rows == [RECORD]:  # and not the model's own example
            held.wait(60)
        return answer(self, rows, **options)

    monkeypatch.setattr(type(model), "answer", slow)
    with running(Service(model, limits=Limits(waiting=2, inline_seconds=0))) as url:
        replies = []
        threads = [
            threading.Thread(target=lambda: replies.append(httpx.post(url + "/predict", json=RECORD, timeout=60)))
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 60
        while "under_way 2.0" not in httpx.get(url + "/metrics", timeout=60).text:
            assert time.monotonic() < deadline
        refused = httpx.post(url + "/predict", json=RECORD, timeout=60)
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "1"
        assert httpx.get(url + "/v2/health/live", timeout=60).status_code == 200
        held.set()
        for thread in threads:
            thread.join()
        assert [r.status_code for r in replies] == [200, 200]
        assert httpx.post(url + "/predict", json=RECORD, timeout=60).status_code == 200


def test_a_fault_tells_neither_paths_nor_rows(model, monkeypatch, caplog):
    def broken(self, rows, **options):
        raise ZeroDivisionError("secret row 31.5 in /home/secret")

    monkeypatch.setattr(type(model), "answer", broken)
    with caplog.at_level(logging.INFO, "sevenfold.serve"), client_of(Service(model)) as client:
        reply = client.post("/predict", json=RECORD)
    assert reply.status_code == 500
    for text in (reply.text, caplog.text):
        assert "secret" not in text and "31.5" not in text and "/home" not in text
    assert "ZeroDivisionError" in caplog.text


def test_slow_and_lying_clients(model):
    limits = Limits(body_seconds=0.5, body_bytes=1000, linger_seconds=0.3)
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n"
    with running(Service(model, limits=limits)) as url:
        assert b" 408 " in raw_exchange(url, head + b"Content-Length: 100\r\n\r\n{")
        assert b" 413 " in raw_exchange(url, head + b"Content-Length: 99999999999\r\n\r\n{}")
        assert b" 400 " in raw_exchange(url, head + b"Content-Length: -5\r\n\r\n{}")
        chunks = b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\n \r\n" * 1200 + b"0\r\n\r\n"
        assert b" 413 " in raw_exchange(url, head + chunks)
        body = json.dumps(RECORD).encode()
        tiny = b"".join(b"1\r\n%c\r\n" % byte for byte in body)
        assert b" 200 " in raw_exchange(url, head + b"Transfer-Encoding: chunked\r\n\r\n" + tiny + b"0\r\n\r\n")
        assert httpx.post(url + "/predict", json=RECORD).status_code == 200


def test_a_name_that_cannot_stand_in_a_url_is_refused(model):
    with pytest.raises(RequestError, match="URL"):
        Service(model, name="a/b")
