"""What README and docs promise is there: links, commands, options."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "examples").rglob("*.md"))]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"```.*?```", re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    broken = []
    for link in LINK.findall(_CODE.sub("", page.read_text("utf-8"))):
        place, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", place):
            continue
        target = (page.parent / place).resolve() if place else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in _anchors(target)):
            broken.append(link)
    assert broken == []


def _anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_every_page_can_be_reached_from_the_index():
    index = ROOT / "docs" / "index.md"
    linked = {(index.parent / link.partition("#")[0]).resolve() for link in LINK.findall(index.read_text("utf-8"))}
    assert [str(p.relative_to(ROOT)) for p in (ROOT / "docs").rglob("*.md") if p != index and p not in linked] == []


def test_the_readme_shows_the_two_commands_and_small_pictures():
    text = README.read_text("utf-8")
    assert "make demo" in text and "make test" in text and "Apache-2.0" in text
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)
    assert pictures and all((ROOT / picture).stat().st_size < 300_000 for picture in pictures)


def commands(most_blocks: int | None = None) -> list[list[str]]:
    """Each `sevenfold ...` line of the README's (first) shell blocks."""
    blocks = re.findall(r"```sh\n(.*?)```", README.read_text("utf-8"), re.DOTALL)[:most_blocks]
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("sevenfold ")]


def test_every_command_of_the_readme_is_one():
    from typer.main import get_command

    from sevenfold.cli.main import app

    known = get_command(app)
    assert len(commands()) >= 5
    for words in commands():
        command, rest = known.commands[words[0]], words
        while hasattr(command, "commands"):  # a group of commands
            command, rest = command.commands[rest[1]], rest[1:]
        context = command.make_context(rest[0], list(rest[1:]), resilient_parsing=False)
        assert context.params


def test_the_quickstart_runs(tmp_path):
    """The README's commands and its Python, on a small table and with one trial."""
    rows = [f"{i % 7},{i % 3},{'yes' if i % 7 > 3 else 'no'}" for i in range(240)]
    (tmp_path / "customers.csv").write_text("\n".join(["visits,plan,churned", *rows]), "utf-8")
    (tmp_path / "new.csv").write_text("\n".join(["visits,plan", "5,1", "1,2"]), "utf-8")
    (tmp_path / "later.csv").write_text("\n".join(["visits,plan,churned", *rows[:60]]), "utf-8")
    for words in commands(2):  # the two of `make` and the quickstart
        if words[0] in ("serve", "monitor"):
            continue
        quick = ["--trials", "1", "--models", "logistic_l2"] if words[0] == "train" else []
        words = [word for i, word in enumerate(words) if word != "--budget" and words[i - 1] != "--budget"]
        ran = _run([sys.executable, "-m", "sevenfold", *words, *quick], tmp_path)
        assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "predictions.csv").read_text("utf-8").startswith("prediction")
    code = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)[0]
    code, changed = re.subn(r'budget="[^"]*"', 'trials=1, models=("logistic_l2",)', code)
    ran = _run([sys.executable, "-c", code], tmp_path)
    assert changed == 1 and ran.returncode == 0, ran.stderr


def _run(command: list[str], folder: Path) -> "subprocess.CompletedProcess[str]":
    import os

    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), *sys.path])}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
