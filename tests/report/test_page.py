"""The page is whole, small, well formed, and safe from what users write."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import fields, replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.core.report import Finding, Severity
from sevenfold.core.run import RunFolder
from sevenfold.report.build import report_data
from sevenfold.report.data import ColumnRow, ReportData
from sevenfold.report.markup import Markup, join, tag, text
from sevenfold.report.page import page, write_page

VOID = {"meta", "br"}


class Reader(HTMLParser):
    """Collects tags and attributes, and checks that every element is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.words: list[str] = []

    def handle_starttag(self, name, attributes):
        self.tags.append(name)
        self.attributes += [(key, value or "") for key, value in attributes]
        if name not in VOID:
            self.open.append(name)

    def handle_startendtag(self, name, attributes):
        self.tags.append(name)
        self.attributes += [(key, value or "") for key, value in attributes]

    def handle_endtag(self, name):
        assert self.open.pop() == name

    def handle_data(self, data):
        self.words.append(data)


def read(content: str) -> Reader:
    reader = Reader()
    reader.feed(content)
    reader.close()
    assert reader.open == []
    return reader


def check_safe(content: str) -> Reader:
    found = read(content)
    assert "script" not in found.tags and "img" not in found.tags and "iframe" not in found.tags
    assert not [key for key, _ in found.attributes if key.startswith("on")]
    for key, value in found.attributes:
        if key in ("href", "src"):
            assert value.startswith("#")
    assert "http://" not in content and "https://" not in content and "url(" not in content
    assert not re.search("[\x00-\x08\u202e]", content)
    return found


def test_the_page_holds_every_part(run: RunFolder) -> None:
    content = page(report_data(run))
    found = check_safe(content)
    ids = {value for key, value in found.attributes if key == "id"}
    assert ids >= {"summary", "score", "matters", "limits", "findings", "fairness", "data", "story", "reproduce"}
    links = {value[1:] for key, value in found.attributes if key == "href"}
    assert links <= ids
    words = " ".join(found.words)
    for expected in (
        "Predicting churned",
        "Clearly better than guessing and than a plain linear model.",
        "0.84",
        "0.810 and 0.870",
        "looked at 2 times",
        "Two columns are equal.",
        "out of memory ordinary",
        "sevenfold train 'my data.csv' --target churned --budget 60s --sensitive gender --role user=u --seed 0",
        "Clearly worse where tenure is 0 to under 3",
    ):
        assert expected in words, expected


def test_every_picture_has_words(run: RunFolder) -> None:
    content = page(report_data(run))
    pictures = re.findall(r"<svg.*?</svg>", content, flags=re.DOTALL)
    assert len(pictures) > 10
    for picture in pictures:
        root = ElementTree.fromstring(picture)  # well formed as XML, too
        assert root.get("role") == "img" and root.get("aria-label")
        assert "NaN" not in picture and "inf" not in re.sub("[a-z]{4,}", "", picture)


def test_hostile_names_stay_text(hostile_run: RunFolder) -> None:
    data = report_data(hostile_run)
    hostile = data.profile[0].name
    assert "<script>" in hostile
    content = page(replace(data, name=hostile, target=hostile, classes=(hostile, "b")))
    found = check_safe(content)
    assert any("<script>alert(1)</script>" in words for words in found.words)
    for picture in re.findall(r"<svg.*?</svg>", content, flags=re.DOTALL):
        ElementTree.fromstring(picture)


def test_parts_without_content_are_left_out(run: RunFolder) -> None:
    assert "Predicting" not in page(ReportData("empty"))
    whole = report_data(run)
    empty = ReportData("one")
    for field in fields(ReportData):
        if field.name == "name":
            continue
        without = replace(whole, **{field.name: getattr(empty, field.name)})
        check_safe(page(without))
        alone = replace(empty, **{field.name: getattr(whole, field.name)})
        check_safe(page(alone))


def test_a_huge_run_stays_small() -> None:
    many = tuple(ColumnRow(f"column {i} " + "x" * 200, "number", 0.1, 5, "1 to 2", (1.0,) * 16) for i in range(5000))
    findings = tuple(Finding("code", Severity.NOTE, "text " * 400, ("c",) * 500) for _ in range(3000))
    board = tuple({"trial": f"t{i}", "model": "m", "params": {"p": "v" * 900}, "value": 0.5} for i in range(5000))
    importances = tuple({"column": f"c{i}", "value": 0.1, "low": 0.0, "high": 0.2, "repeats": 1} for i in range(5000))
    slices = tuple(
        {"column": "c", "label": str(i), "rows": 9, "share": 0.1, "value": 1.0, "low": 0.0, "high": 2.0, "rest": 1.0}
        for i in range(5000)
    )
    data = ReportData(
        "huge",
        profile=many,
        findings=findings,
        leaderboard=board,
        importances=importances,
        slices=slices,
        decisions=tuple(("data", "what " * 300, "why " * 300) for _ in range(5000)),
        failures=tuple({"trial": "t", "reason": "r" * 5000} for _ in range(5000)),
    )
    assert len(page(data).encode()) < 2_000_000


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=50), st.text(max_size=50))
def test_markup_gives_back_the_text(inner: str, attribute: str) -> None:
    class Catch(HTMLParser):
        words = ""
        seen = ""

        def handle_data(self, data):
            self.words += data

        def handle_starttag(self, name, attributes):
            self.seen = dict(attributes).get("title") or ""

    catch = Catch()
    catch.feed(tag("p", inner, title=attribute))
    catch.close()
    gone = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]")
    assert catch.words.replace("\r", "\n") == gone.sub("\ufffd", inner).replace("\r", "\n")
    assert catch.seen.replace("\r", "\n") == gone.sub("\ufffd", attribute).replace("\r", "\n")


def test_markup_by_hand() -> None:
    assert tag("a", "1 < 2", None, ["x", 3], href="#y", class_="k") == '<a href="#y" class="k">1 &lt; 2x3</a>'
    assert tag("circle", cx=1.5, stroke_width=2) == '<circle cx="1.5" stroke-width="2"/>'
    assert join("<", Markup("<b/>")) == "&lt;<b/>"
    assert text("x" * 700).endswith("…") and len(text("x" * 700)) == 600


def test_the_page_is_written_whole(run: RunFolder) -> None:
    write_page(report_data(run), run.report)
    assert run.report.read_text(encoding="utf-8").endswith("</html>\n")
    assert not list(run.path.glob("*.tmp"))


@pytest.mark.slow
def test_a_real_browser_draws_it(run: RunFolder, tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
    write_page(report_data(run), run.report)
    if browser is None:
        pytest.fail("no Chromium is installed: leave the slow tests out, or install one")
    arguments = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    dumped = subprocess.run(
        [browser, *arguments, "--dump-dom", run.report.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "Clearly better than guessing" in dumped.stdout and dumped.stdout.count("<svg") > 10
    picture = tmp_path / "page.png"
    subprocess.run(
        [browser, *arguments, f"--screenshot={picture}", "--window-size=1200,3000", run.report.as_uri()],
        capture_output=True,
        timeout=120,
        check=True,
    )
    assert picture.stat().st_size > 50_000


def test_what_time_did_not_suffice_for_is_said_where_it_would_stand(run):
    skipped = tuple({"part": part, "reason": "the time was used up"} for part in ("importances", "slices"))
    data = replace(report_data(run), importances=(), dependences=(), slices=(), skipped=skipped)
    words = " ".join(read(page(data)).words)
    assert "What matters" in words and "Parts of the rows were not compared: the time was used up" in words
    assert words.count("Not measured: the time was used up. A larger --budget leaves time for it.") == 1
