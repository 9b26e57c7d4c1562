"""The server's pages in a real browser."""

import json
import time

import httpx
import pytest
from browser import PATIENCE_SECONDS, tab
from serving import running
from tiny_parts import PARTS, contents

from sevenfold.deployment.bundle import load, save
from sevenfold.deployment.service import Service

TOKEN = "a-token-of-good-length"


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    path = tmp_path_factory.mktemp("served") / "m.sevenfold"
    save(path, contents(rows=60, members=1))
    with running(Service(load(path, parts=PARTS), token=TOKEN)) as url:
        yield url


@pytest.mark.slow
def test_behind_the_gate_the_routes_are_shown_and_their_description_is_downloaded(url, tmp_path):
    with tab(tmp_path) as page:
        page.open(url + "/docs")
        assert page.run("document.querySelector('h1').textContent") == "This server wants a token"
        page.run("document.getElementById('token').value = 'another'; document.querySelector('#gate button').click()")
        page.wait("document.getElementById('said').textContent === 'This is not the token.'")
        page.run(f"document.getElementById('token').value = '{TOKEN}'; document.querySelector('#gate button').click()")
        page.wait("document.querySelector('#openapi')")
        rows = page.run("[...document.querySelectorAll('tr')].map(row => row.innerText)")
        assert any(row.startswith("age\tnumber\t") and row[-1].isdigit() for row in rows)
        page.run("document.getElementById('openapi').click()")
        found = tmp_path / "downloads" / "openapi.json"
        end = time.monotonic() + PATIENCE_SECONDS
        while not found.exists():
            assert time.monotonic() < end, page.run("document.getElementById('said').textContent")
            time.sleep(0.05)
        described = httpx.get(url + "/openapi.json", headers={"authorization": f"Bearer {TOKEN}"}).json()
        assert json.loads(found.read_text(encoding="utf-8")) == described
        page.picture(tmp_path / "docs.png", 1100, 1300)
        page.run("document.getElementById('token').value = ''; document.getElementById('openapi').click()")
        page.wait("document.getElementById('said').textContent === 'Type the token first.'")


@pytest.mark.slow
def test_a_row_is_predicted_by_hand(url, tmp_path):
    with tab(tmp_path) as page:
        page.open(url + "/")
        page.run(f"document.getElementById('token').value = '{TOKEN}'; document.querySelector('#gate button').click()")
        page.wait("document.querySelector('#ask')")
        page.run("document.getElementById('ask').click()")
        page.wait("document.querySelector('#answer .big')")
        assert page.run("document.querySelector('#answer .big').textContent") in ("yes", "no")
        assert page.run("document.querySelectorAll('#answer .bar').length") == 2
        page.picture(tmp_path / "try.png", 1100, 900)
