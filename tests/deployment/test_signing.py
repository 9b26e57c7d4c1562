import numpy as np
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, x25519
from hostile import forged, mutant
from real_models import PLAIN, contents

import sevenfold
from sevenfold.core.errors import BundleError, RequestError
from sevenfold.deployment.archive import read_archive, write_archive
from sevenfold.deployment.bundle import save
from sevenfold.deployment.signing import sign_bundle


def key_pair(folder, name, kind=ed25519.Ed25519PrivateKey):
    key = kind.generate()
    private, public = folder / f"{name}.pem", folder / f"{name}.pub"
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    public.write_bytes(
        key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return private, public


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with keys of us and of them, a plain bundle and one that we signed."""
    folder = tmp_path_factory.mktemp("signed")
    key_pair(folder, "ours")
    key_pair(folder, "theirs")
    save(folder / "plain.sevenfold", contents([PLAIN], rows=120))
    sign_bundle(folder / "plain.sevenfold", folder / "ours.pem", folder / "signed.sevenfold")
    return folder


def test_a_signed_bundle_loads_with_its_key_and_without_any(place):
    for trust in (place / "ours.pub", [str(place / "theirs.pub"), str(place / "ours.pub")], None):
        assert sevenfold.load(place / "signed.sevenfold", trust=trust).classes.tolist() == ["no", "yes"]


@pytest.mark.parametrize(("bundle", "key"), [("plain", "ours"), ("signed", "theirs")])
def test_unsigned_or_wrongly_signed_is_refused(place, bundle, key):
    with pytest.raises(BundleError, match="not signed by a key that is trusted"):
        sevenfold.load(place / f"{bundle}.sevenfold", trust=place / f"{key}.pub")


def test_the_environment_asks_for_signatures_everywhere(place, monkeypatch):
    monkeypatch.setenv("SEVENFOLD_TRUST_KEY", str(place / "ours.pub"))
    assert sevenfold.load(place / "signed.sevenfold").task.target == "answer"
    with pytest.raises(BundleError, match="not signed"):
        sevenfold.load(place / "plain.sevenfold")


def test_every_forgery_is_refused_where_a_signature_is_asked_for(place, tmp_path):
    """With right digests, the signature kept: the content it was made for is another."""
    path = tmp_path / "m.sevenfold"
    for number in range(40):
        stream = np.random.default_rng([11, number])
        path.write_bytes(forged(place / "signed.sevenfold", "state/member-0/pipeline-0/arrays.safetensors", stream))
        assert read_archive(path)[0]["signature"] == read_archive(place / "signed.sevenfold")[0]["signature"]
        with pytest.raises(BundleError, match="not signed"):
            sevenfold.load(path, trust=place / "ours.pub")


def test_signatures_of_any_other_form_are_refused(place, tmp_path):
    manifest, members, _ = read_archive(place / "signed.sevenfold")
    signature = manifest["signature"]
    plain = {name: value for name, value in manifest.items() if name not in ("members", "signature")}
    path = tmp_path / "m.sevenfold"
    others = [None, 1, "", [], {}, {"ed25519": ""}, {"ed25519": 3}, {"ed25519": signature["ed25519"][:-8]}]
    stream = np.random.default_rng(0)
    others += [{"ed25519": mutant(signature["ed25519"].encode(), stream).decode("latin-1")} for _ in range(20)]
    for other in others:
        path.write_bytes(write_archive({**plain, "signature": other}, members))
        with pytest.raises(BundleError, match="not signed"):
            sevenfold.load(path, trust=place / "ours.pub")


def test_a_member_that_changes_after_signing_is_told_by_the_signature(place, tmp_path):
    manifest, members, _ = read_archive(place / "signed.sevenfold")
    described = {name: value for name, value in manifest.items() if name != "members"}
    path = tmp_path / "m.sevenfold"
    path.write_bytes(write_archive(described, {**members, "card.md": b"# Another card"}))
    assert sevenfold.load(path).card == "# Another card"
    with pytest.raises(BundleError, match="not signed"):
        sevenfold.load(path, trust=place / "ours.pub")


def test_signing_in_place_and_anew(place, tmp_path):
    path = tmp_path / "m.sevenfold"
    path.write_bytes((place / "plain.sevenfold").read_bytes())
    sign_bundle(path, place / "ours.pem")
    assert path.read_bytes() == (place / "signed.sevenfold").read_bytes()  # Ed25519 is deterministic
    sign_bundle(path, place / "theirs.pem")
    assert sevenfold.load(path, trust=place / "theirs.pub").task.target == "answer"


def test_keys_of_other_kinds_and_files_that_are_none(place, tmp_path):
    key_pair(tmp_path, "other", x25519.X25519PrivateKey)
    (tmp_path / "text.pub").write_text("no key")
    for key in (tmp_path / "other.pub", tmp_path / "text.pub", tmp_path / "absent.pub", place / "ours.pem"):
        with pytest.raises(RequestError, match="cannot be used"):
            sevenfold.load(place / "signed.sevenfold", trust=key)
    with pytest.raises(RequestError, match="cannot be used"):
        sign_bundle(place / "plain.sevenfold", place / "ours.pub", tmp_path / "m.sevenfold")
    assert not (tmp_path / "m.sevenfold").exists()
