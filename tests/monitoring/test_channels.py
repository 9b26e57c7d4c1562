"""Alerts over the wire: a mail server and a web server on this machine, that refuse, fail and take again."""

import base64
import email
import json
import socketserver
import threading
from contextlib import contextmanager

import pytest
from listening import listening

from sevenfold.core.report import Finding, Severity
from sevenfold.monitoring.channels import channel_of
from sevenfold.monitoring.notify import Memory, notify

ABOUT = {"target": "bought", "digest": "ab", "store": "s"}
ALERT = Finding("drift", Severity.WARNING, "'age' differs", columns=("age",))


class Mailbox(socketserver.ThreadingTCPServer):
    """A mail server that keeps what it is told.

    Args:
        refusals: so many recipients are refused before one is taken.
        features: that it says it has.
    """

    daemon_threads = True

    def __init__(self, refusals=0, features=()):
        super().__init__(("127.0.0.1", 0), _Session)
        self.refusals = refusals
        self.features = features
        self.said = []
        self.mails = []


class _Session(socketserver.StreamRequestHandler):
    def handle(self):
        self.reply("220 mailbox")
        mail = {}
        while line := self.rfile.readline():
            said = line.decode().rstrip("\r\n")
            self.server.said.append(said)
            verb = said.split(" ")[0].upper()
            if verb == "EHLO":
                self.reply("250-mailbox")
                for feature in self.server.features:
                    self.reply(f"250-{feature}")
                self.reply("250 8BITMIME")
            elif verb == "MAIL":
                mail = {"from": said, "to": []}
                self.reply("250 ok")
            elif verb == "RCPT" and self.server.refusals > 0:
                self.server.refusals -= 1
                self.reply("550 not here")
            elif verb == "RCPT":
                mail["to"].append(said)
                self.reply("250 ok")
            elif verb == "DATA":
                self.reply("354 go on")
                lines = iter(self.rfile.readline, b".\r\n")
                mail["content"] = b"".join(lines)
                self.server.mails.append(mail)
                self.reply("250 taken")
            elif verb == "AUTH":
                self.reply("235 welcome")
            elif verb == "QUIT":
                self.reply("221 bye")
                return
            else:
                self.reply("250 ok" if verb == "RSET" else "502 no")

    def reply(self, text):
        self.wfile.write(text.encode() + b"\r\n")


@contextmanager
def mailbox(monkeypatch, scheme="smtp", login="", **given):
    server = Mailbox(**given)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setenv("SEVENFOLD_SMTP", f"{scheme}://{login}127.0.0.1:{server.server_address[1]}")
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_mail_arrives_once_at_the_one_address_whatever_the_target_is_called(monkeypatch, tmp_path):
    monkeypatch.setenv("SEVENFOLD_MAIL_FROM", "sevenfold@example.org")
    about = {**ABOUT, "target": "größe\r\nBcc: thief@example.org\r\n\r\n.\r\nRCPT TO:<thief@example.org>"}
    with mailbox(monkeypatch) as server:
        for _ in range(3):
            assert notify(tmp_path, [ALERT], [channel_of("mailto:ops@example.org")], about).failed == ()
    [mail] = server.mails
    assert mail["from"].startswith("mail FROM:<sevenfold@example.org>")
    assert mail["to"] == ["rcpt TO:<ops@example.org>"]
    assert not any("thief" in said for said in server.said)
    message = email.message_from_bytes(mail["content"])
    assert message["To"] == "ops@example.org" and message["Bcc"] is None
    assert "'age' differs" in message.get_payload(decode=True).decode()


def test_a_mail_that_is_refused_is_sent_again_at_the_next_look(monkeypatch, tmp_path):
    with mailbox(monkeypatch, refusals=2) as server:
        looks = [
            notify(tmp_path, [ALERT], [channel_of("mailto:ops@example.org")], ABOUT, now=1e4 * look)
            for look in range(4)
        ]
    assert [len(look.told) for look in looks] == [0, 0, 1, 0]
    assert [len(look.failed) for look in looks] == [1, 1, 0, 0]
    assert len(server.mails) == 1


def test_a_login_is_used_and_never_told(monkeypatch, tmp_path):
    with mailbox(monkeypatch, login="robot:se%20cret@", refusals=1, features=("AUTH PLAIN",)) as server:
        failed = notify(tmp_path, [ALERT], [channel_of("mailto:ops@example.org")], ABOUT).failed
    [login] = [said for said in server.said if said.startswith("AUTH PLAIN ")]
    assert base64.b64decode(login.split(" ")[2]).decode() == "\0robot\0se cret"
    assert len(failed) == 1 and "cret" not in failed[0]


def test_without_encryption_where_it_was_asked_for_nothing_is_said(monkeypatch, tmp_path):
    with mailbox(monkeypatch, scheme="smtp+starttls", login="robot:secret@", features=("AUTH PLAIN",)) as server:
        failed = notify(tmp_path, [ALERT], [channel_of("mailto:ops@example.org")], ABOUT).failed
    assert len(failed) == 1 and server.mails == []
    assert not any(said.split(" ")[0].upper() in ("AUTH", "MAIL", "DATA") for said in server.said)


def test_a_mail_server_that_is_away_is_a_failure_and_no_more(monkeypatch, tmp_path):
    with mailbox(monkeypatch):
        pass
    found = notify(tmp_path, [ALERT], [channel_of("mailto:ops@example.org")], ABOUT)
    assert found.told == ()
    assert found.failed == ("The mail server 127.0.0.1 did not take the mail: ConnectionRefusedError.",)


def test_a_mail_says_why_and_what_to_do_once_and_where_to_look(monkeypatch, tmp_path):
    again = [Finding("drift", Severity.WARNING, f"'{c}' differs", why="It may not hold.", advice="Train.", columns=(c,))
             for c in ("age", "city")]  # fmt: skip
    with mailbox(monkeypatch) as server:
        notify(tmp_path, again, [channel_of("mailto:ops@example.org")], {**ABOUT, "store": "my store"})
    message = email.message_from_bytes(server.mails[0]["content"])
    text = message.get_payload(decode=True).decode()
    assert text.count("It may not hold.") == 1 and text.count("- Train.") == 1
    assert "sevenfold monitor 'my store'" in text
    assert message["Date"] and message["Message-ID"]


def test_a_webhook_that_fails_is_posted_again_and_what_was_told_outlives_the_process(tmp_path):
    with listening(500) as (port, refused):
        channel = channel_of(f"http://127.0.0.1:{port}/hook/secret", private=True)
        looks = [notify(tmp_path, [ALERT], [channel], ABOUT, now=1e4 * look) for look in range(2)]
    assert len(refused) == 2 and all(look.told == () for look in looks)
    assert "status 500" in looks[0].failed[0] and "secret" not in looks[0].failed[0]
    assert looks[1].undelivered[0].to == "http://127.0.0.1" and "secret" not in (tmp_path / "alerts.json").read_text()
    with listening() as (port, received):
        channel = channel_of(f"http://127.0.0.1:{port}/hook/secret", private=True)
        for look in (2, 3):
            notify(tmp_path, [ALERT], [channel], ABOUT, now=1e4 * look)
    [(_, body)] = received
    message = json.loads(body)
    assert message["alerts"][0]["columns"] == ["age"] and message["model"]["target"] == "bought"
    assert [told.told for told in Memory.load(tmp_path).alerts.values()] == [True]


def test_a_webhook_on_this_machine_is_refused_unless_private_networks_are_allowed(tmp_path):
    with listening() as (port, received):
        found = notify(tmp_path, [ALERT], [channel_of(f"https://127.0.0.1:{port}/hook")], ABOUT)
    assert received == [] and found.told == () and "may not be reached" in found.failed[0]


@pytest.mark.parametrize("target", ["mailto:ops@example.org", "https://203.0.113.7/hook"])
def test_a_channel_that_fails_leaves_the_log_file_as_the_one_that_was_told(target, monkeypatch, tmp_path):
    monkeypatch.setenv("SEVENFOLD_SMTP", "smtp://127.0.0.1:1")
    log = tmp_path / "alerts.log"
    found = notify(tmp_path, [ALERT], [channel_of(target), channel_of(str(log))], ABOUT)
    assert len(found.failed) == 1 and found.told == (ALERT,)
    assert len(log.read_text().splitlines()) == 1
