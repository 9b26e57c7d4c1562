"""Webhooks reach what is meant and nothing else."""

import json

import pytest
from listening import listening

from sevenfold.core.errors import RequestError
from sevenfold.monitoring.webhook import Webhook, refused_address


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "169.254.170.2", "100.64.0.1",
        "100.100.100.200", "0.0.0.0", "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "::1", "::",
        "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a9fe:a9fe::", "not an address",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public_are_refused(address):
    assert refused_address(address, private=False)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111"])
def test_public_addresses_are_reached(address):
    assert not refused_address(address, private=False)


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "::ffff:169.254.169.254", "fd00:ec2::254", "100.100.100.200", "64:ff9b::a9fe:a9fe"]
)
def test_metadata_services_are_refused_even_where_private_networks_are_allowed(address):
    assert refused_address(address, private=True)
    hook = Webhook.of("http://inside.example/hook", private=True, resolver=lambda host, port: [address])
    with pytest.raises(RequestError, match="may not be reached"):
        hook.post({"text": "x"})


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/", "ftp://example.org/", "file:///etc/passwd", "gopher://x", "https://", "https:///path",
        "https://user:secret@example.org/", "https://example.org/a b", "https://example.org/\r\nHost: x",
        "https://exa\u202emple.org/", "https://example.org:port/", "https://example.org\\@127.0.0.1/",
        "https://" + "a" * 3000, "javascript:alert(1)", "https://[::1",
    ],
)  # fmt: skip
def test_urls_that_cannot_be_webhooks_are_refused_and_no_secret_is_shown(url):
    with pytest.raises(RequestError) as error:
        Webhook.of(url)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0x7f000001", "2130706433", "[::1]", "[::ffff:127.0.0.1]"])
def test_every_spelling_of_this_machine_is_refused(host):
    with pytest.raises(RequestError):
        Webhook.of(f"https://{host}/hook").post({"text": "x"})


def test_one_private_address_among_public_ones_is_enough_to_refuse():
    hook = Webhook.of("https://mixed.example/", resolver=lambda host, port: ["8.8.8.8", "10.0.0.1"])
    with pytest.raises(RequestError, match="may not be reached"):
        hook.post({"text": "x"})


def test_a_name_is_resolved_once_and_that_address_is_used():
    with listening() as (port, received):
        asked = []

        def rebinding(host, port):
            asked.append(host)
            return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

        hook = Webhook.of(f"http://rebinding.example:{port}/hook?key=1", private=True, resolver=rebinding)
        hook.post({"text": "drift of 'ü'"})
        assert asked == ["rebinding.example"]
    headers, body = received[0]
    assert headers["Host"] == f"rebinding.example:{port}"
    assert json.loads(body) == {"text": "drift of 'ü'"}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status):
    with (
        listening() as (target, reached),
        listening(status, [("Location", f"http://127.0.0.1:{target}/")]) as (port, _),
    ):
        hook = Webhook.of(f"http://127.0.0.1:{port}/secret-path", private=True)
        with pytest.raises(RequestError, match="redirect") as error:
            hook.post({"text": "x"})
        assert reached == []
        assert "secret-path" not in str(error.value)


def test_a_refusal_of_the_other_side_is_told():
    with listening(500) as (port, _), pytest.raises(RequestError, match="status 500"):
        Webhook.of(f"http://127.0.0.1:{port}/", private=True).post({"text": "x"})


def test_tls_is_checked():
    with listening() as (port, received), pytest.raises(RequestError, match="was not told"):
        Webhook.of(f"https://127.0.0.1:{port}/", private=True).post({"text": "x"})
    assert received == []


def test_a_long_message_is_cut():
    with listening() as (port, received):
        Webhook.of(f"http://127.0.0.1:{port}/", private=True).post({"text": "a" * 10**6, "alerts": ["b" * 10**6]})
    assert len(json.loads(received[0][1])["text"]) == 10_000
