"""Requests generated from the server's own description: none may end in a fault of the server."""

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from serving import running
from tiny_parts import PARTS, contents

from sevenfold.deployment.bundle import load, save
from sevenfold.deployment.request import Limits
from sevenfold.deployment.service import Service


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    path = tmp_path_factory.mktemp("served") / "m.sevenfold"
    save(path, contents(rows=60, members=1))
    with running(Service(load(path, parts=PARTS), limits=Limits(linger_seconds=0.5))) as url:
        yield url


def test_every_column_has_examples_that_the_model_reads_without_a_complaint(url):
    columns = httpx.get(url + "/openapi.json").json()["components"]["schemas"]["Record"]["properties"]
    assert set(columns) == {"age", "income", "city", "member", "since"}
    for name in ("age", "income"):
        middle, low, high = columns[name]["examples"]
        assert low < middle < high and all(len(f"{value:g}") <= 6 for value in (low, middle, high))
    record = {name: column["examples"][0] for name, column in columns.items()}
    answer = httpx.post(url + "/predict", json=record).json()
    assert answer["violations"] == []
    page = httpx.get(url + "/docs").text
    assert f"<td>number</td><td>{columns['age']['examples'][0]}, " in page


def attacked(url, examples):
    """Ask every route with so many generated requests; gives the routes."""
    import schemathesis
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

    checks = [not_a_server_error, content_type_conformance, response_schema_conformance]
    routes = set()
    for result in schemathesis.openapi.from_url(url + "/openapi.json").get_all_operations():
        operation = result.ok()

        @given(case=operation.as_strategy())
        @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        def ask(case):
            case.call_and_validate(base_url=url, checks=checks, timeout=30)

        ask()
        routes.add((operation.method, operation.path))
    return routes


def test_no_generated_request_is_a_fault_of_the_server(url):
    assert ("post", "/predict") in attacked(url, 4)


@pytest.mark.slow
def test_no_generated_request_is_a_fault_of_the_server_however_many(url):
    assert ("post", "/v2/models/model/infer") in attacked(url, 400)
