"""What a served request leaves behind obeys the options of `sevenfold serve`, from the command line to the files."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import polars as pl
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "deployment"))

from tiny_parts import contents, table

from sevenfold.api.serve import serve
from sevenfold.core.errors import BundleError, RequestError
from sevenfold.deployment.bundle import load, save
from sevenfold.deployment.signing import sign_bundle
from sevenfold.monitoring.entries import draw
from sevenfold.monitoring.log import LogSettings
from sevenfold.monitoring.serving import check_redacted
from sevenfold.monitoring.shadow import ShadowLog

SCRIPT = """
import sys
import tiny_parts
from sevenfold.deployment import isolation
from sevenfold.deployment.archive import read_archive
from sevenfold.deployment.parts import Parts
Parts.installed = lambda: tiny_parts.PARTS
isolation.canary = lambda path, *more, **options: read_archive(path)[2]
from sevenfold.cli.main import run
sys.argv[0] = "sevenfold"
run()
"""


def keys(folder):
    """Files of a new private and its public key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    key = Ed25519PrivateKey.generate()
    private, public = folder / "key.pem", folder / "key.pub"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return private, public


def test_the_log_of_served_requests_obeys_every_option(tmp_path):
    bundle, store = tmp_path / "model.sevenfold", tmp_path / "store"
    save(bundle, contents(rows=120, members=1))
    private, public = keys(tmp_path)
    sign_bundle(bundle, private)
    (store / "rows" / "2020-01-01").mkdir(parents=True)
    (store / "rows" / "2020-01-01" / "old.jsonl").write_bytes(b"{}\n")
    here = str(Path(__file__).parent.parent / "deployment")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([here, *[p for p in sys.path if p]])}
    command = [
        sys.executable, "-c", SCRIPT, "serve", str(bundle), "--port", "0", "--store", str(store), "--sample", "0.5",
        "--redact", "city, income", "--keep-days", "7", "--replica", "web-1", "--trust-key", str(public),
    ]  # fmt: skip
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    said = process.stderr.readline()
    assert "Serving 'model' at " in said, said + process.stderr.read()
    records = json.loads(table(40, seed=1).drop("bought").write_json())
    with httpx.Client(base_url=said.split(" at ")[1].split(": try")[0], timeout=60) as client:
        replies = [client.post("/predict", json=record) for record in records]
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    process.stderr.close()
    packed = list((store / "rows").glob("*/*.parquet"))
    kept = pl.read_parquet(packed)
    assert {reply.status_code for reply in replies} == {200}
    ids = [reply.headers["x-request-id"] for reply in replies]
    drawn = {request for request in ids if draw(request) < 0.5}
    assert 0 < len(drawn) < 40 and set(kept["id"]) == drawn  # all or none: once in 2**39 times
    assert "age" in kept["inputs"].struct.fields
    assert not {"city", "income"} & set(kept["inputs"].struct.fields)
    assert not (store / "rows" / "2020-01-01").exists()
    counts = [json.loads(path.read_bytes()) for path in (store / "counts").glob("*/*/*.json")]
    assert {c["replica"] for c in counts} == {"web-1"}
    # Every row is counted, the redacted columns' values are nowhere.
    cities = {record["city"] for record in records if record["city"]}
    written = [path for path in store.rglob("*") if path.is_file() and "models" not in path.relative_to(store).parts]
    assert cities and not any(city.encode() in path.read_bytes() for path in written for city in cities)


def test_without_the_keys_signature_nothing_is_served(tmp_path, monkeypatch):
    bundle = tmp_path / "model.sevenfold"
    save(bundle, contents(rows=60, members=1))
    private, public = keys(tmp_path)
    with pytest.raises(BundleError, match="not signed"):
        serve(bundle, port=0, trust=[public])
    (tmp_path / "other").mkdir()
    sign_bundle(bundle, keys(tmp_path / "other")[0])
    with pytest.raises(BundleError, match="not signed"):
        serve(bundle, port=0, trust=[public])
    with pytest.raises(RequestError, match="cannot be used"):
        serve(bundle, port=0, trust=[tmp_path / "none.pub"])
    assert private.exists()


@pytest.mark.parametrize(("options", "words"), [
    ({"sample": 0.5}, "there is no store"),
    ({"redact": ["age"], "keep_days": 3}, "--redact and --keep-days"),
    ({"store": "s", "sample": 0.0}, "--sample is out of range"),
    ({"store": "s", "sample": 1.5}, "--sample is out of range"),
    ({"store": "s", "sample": float("nan")}, "--sample is out of range"),
    ({"store": "s", "keep_days": -1}, "--keep-days is out of range"),
    ({"store": "s", "replica": "a/b"}, "--replica cannot be a name"),
    ({"store": "s", "replica": ""}, "--replica cannot be a name"),
])  # fmt: skip
def test_settings_that_cannot_be_are_told_before_anything_is_done(tmp_path, monkeypatch, options, words):
    monkeypatch.chdir(tmp_path)
    bundle = tmp_path / "model.sevenfold"
    bundle.write_bytes(b"not looked at")
    with pytest.raises(RequestError, match=words):
        serve(bundle, port=0, **options)
    assert not (tmp_path / "s").exists()


def test_a_misspelt_column_protects_nothing_and_is_refused():
    check_redacted(["age"], {"age", "city"})
    with pytest.raises(RequestError, match="'cty' is unknown") as told:
        check_redacted(["age", "cty"], {"age", "city"})
    assert "Did you mean 'city'?" in str(told.value)


def test_a_redacted_id_and_old_days_are_not_kept_of_a_shadow_either(tmp_path):
    from dataclasses import replace

    from tiny_parts import PARTS

    from sevenfold.deployment.hosting import Hosted
    from sevenfold.deployment.traffic.shadow import Pair

    save(tmp_path / "m", contents(rows=60, members=1))
    model = load(tmp_path / "m", parts=PARTS)
    with_id = replace(model.runtime.predictor.task, id="city")
    object.__setattr__(model.runtime.predictor, "task", with_id)
    hosted = Hosted(model, "m", "1", None)
    answer = model.runtime.answer(table(3, seed=1).drop("bought"))
    old = tmp_path / "store" / "shadow" / "2020-01-01"
    old.mkdir(parents=True)
    log = ShadowLog(tmp_path / "store", LogSettings(redact=frozenset({"city"}), keep_days=7))
    log(Pair("r", hosted, answer, hosted, answer))
    log.close()
    (lines,) = (tmp_path / "store" / "shadow").glob("*/*.jsonl") if not old.exists() else ()
    text = lines.read_text()
    assert [json.loads(line)["key"] for line in text.splitlines()] == [None] * 3
    assert len(text.splitlines()) == 3
