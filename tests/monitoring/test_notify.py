"""Alerts are told once, told again only after they were away, and never lost."""

import itertools
import json
import smtplib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.core.errors import RequestError
from sevenfold.core.report import Finding, Severity
from sevenfold.monitoring.channels import channel_of, message_of
from sevenfold.monitoring.notify import Memory, notify

ABOUT = {"target": "bought", "digest": "ab", "store": "s"}


def alert(column="age", severity=Severity.WARNING):
    return Finding("drift", severity, f"'{column}' differs", columns=(column,))


class Teller:
    def __init__(self, fails=0, key="teller"):
        self.heard = []
        self.fails = fails
        self.key = self.name = key

    def tell(self, found, about):
        if self.fails:
            self.fails -= 1
            raise OSError("no line")
        self.heard.append([finding.columns[0] for finding in found])


def test_an_alert_that_stays_is_told_once(tmp_path):
    teller = Teller()
    for _ in range(5):
        notify(tmp_path, [alert()], [teller], ABOUT)
    assert teller.heard == [["age"]]


def test_an_alert_that_flickers_is_told_once_and_one_that_comes_back_later_again(tmp_path):
    teller = Teller()
    for there in [1, 0, 1, 0, 0, 1, 0, 0, 0, 1]:
        notify(tmp_path, [alert()] * there, [teller], ABOUT)
    assert teller.heard == [["age"], ["age"]]


def test_a_new_alert_is_told_beside_an_old_one(tmp_path):
    teller = Teller()
    notify(tmp_path, [alert()], [teller], ABOUT)
    notify(tmp_path, [alert(), alert("city")], [teller], ABOUT)
    assert teller.heard == [["age"], ["city"]]


def test_notes_are_not_told(tmp_path):
    teller = Teller()
    notify(tmp_path, [alert(severity=Severity.NOTE)], [teller], ABOUT)
    assert teller.heard == []


def test_what_could_not_be_told_is_tried_again(tmp_path):
    teller = Teller(fails=2)
    first = notify(tmp_path, [alert()], [teller], ABOUT, now=0.0)
    assert first.told == () and first.failed == ("no line",)
    for look in range(1, 6):
        notify(tmp_path, [alert()], [teller], ABOUT, now=100.0 * look)
    assert teller.heard == [["age"]]


def test_one_channel_that_fails_does_not_silence_the_other_and_is_tried_again_alone(tmp_path):
    """The one that took the alert hears it once, however long the other one is away; memory is read anew each time."""
    broken, whole = Teller(fails=3, key="broken"), Teller(key="whole")
    looks = [notify(tmp_path, [alert()], [broken, whole], ABOUT, now=30.0 * look) for look in range(20)]
    assert whole.heard == [["age"]] and broken.heard == [["age"]]
    assert [look for look, found in enumerate(looks) if found.failed] == [0, 2, 6]  # after 60 s, then 120 s, ...
    assert [look for look, found in enumerate(looks) if found.told] == [0, 14]
    assert all(bool(found.undelivered) == (look < 14) for look, found in enumerate(looks))
    owed = looks[3].undelivered[0]
    assert (owed.to, owed.alerts, owed.tries, owed.next) == ("broken", ("drift",), 2, 180.0)
    assert owed.to_json()["next"] == "1970-01-01T00:03:00+00:00"


def test_what_is_new_is_tried_at_once_and_brings_what_is_owed_along(tmp_path):
    broken, whole = Teller(fails=1, key="broken"), Teller(key="whole")
    notify(tmp_path, [alert()], [broken, whole], ABOUT, now=0.0)
    notify(tmp_path, [alert(), alert("city")], [broken, whole], ABOUT, now=1.0)
    assert whole.heard == [["age"], ["city"]] and broken.heard == [["age", "city"]]


def test_pauses_grow_to_an_hour_and_no_further(tmp_path):
    broken = Teller(fails=10**6)
    tried = [minute for minute in range(600) if notify(tmp_path, [alert()], [broken], ABOUT, now=60.0 * minute).failed]
    assert [after - before for before, after in itertools.pairwise(tried)][:8] == [1, 2, 4, 8, 16, 32, 60, 60]


def test_what_is_owed_is_forgotten_with_its_alert(tmp_path):
    broken, whole = Teller(fails=10**6, key="broken"), Teller(key="whole")
    notify(tmp_path, [alert()], [broken, whole], ABOUT, now=0.0)
    looks = [notify(tmp_path, [], [broken, whole], ABOUT, now=1.0 + look) for look in range(3)]
    assert [bool(found.undelivered) for found in looks] == [True, True, False]
    assert Memory.load(tmp_path) == Memory()


def test_a_clock_that_was_set_back_does_not_silence_a_channel(tmp_path):
    broken = Teller(fails=1)
    notify(tmp_path, [alert()], [broken], ABOUT, now=1e9)
    assert notify(tmp_path, [alert()], [broken], ABOUT, now=5.0).told


def test_a_channel_that_hangs_up_the_process_leaves_the_others_told(tmp_path):
    """Whoever took an alert is remembered before the next channel is asked."""

    class Deadly(Teller):
        def tell(self, found, about):
            raise KeyboardInterrupt

    whole = Teller(key="whole")
    with pytest.raises(KeyboardInterrupt):
        notify(tmp_path, [alert()], [whole, Deadly(key="deadly")], ABOUT)
    notify(tmp_path, [alert()], [whole], ABOUT)
    assert whole.heard == [["age"]]


def test_a_memory_of_an_older_version_is_read(tmp_path):
    teller = Teller()
    old = {"seen": 2, "away": 0, "told": True, "since": 1.0}
    (tmp_path / "alerts.json").write_text(json.dumps({"alerts": {"drift/age/": old}}))
    notify(tmp_path, [alert()], [teller], ABOUT)
    assert teller.heard == []


def test_a_damaged_memory_tells_again(tmp_path):
    teller = Teller()
    notify(tmp_path, [alert()], [teller], ABOUT)
    (tmp_path / "alerts.json").write_bytes(b'{"alerts": {"drift')
    notify(tmp_path, [alert()], [teller], ABOUT)
    assert teller.heard == [["age"], ["age"]]


@given(st.lists(st.booleans(), max_size=30))
def test_tellings_are_at_least_a_rearming_apart(looks):
    memory, told = Memory(), []
    for place, there in enumerate(looks):
        found = [alert()] if there else []
        memory = memory.after_look(found, float(place))
        if memory.due(found):
            told.append(place)
            memory = memory.when_told(found)
    for before, after in itertools.pairwise(told):
        assert not any(looks[after - 3 : after]) and after - before > 3
    assert bool(told) == any(looks)


def test_a_file_gets_one_line_an_alert(tmp_path):
    channel_of(str(tmp_path / "alerts.log")).tell([alert(), alert("city\n")], ABOUT)
    lines = (tmp_path / "alerts.log").read_text().splitlines()
    assert [json.loads(line)["columns"] for line in lines] == [["age"], ["city\n"]]


def test_an_e_mail_is_sent_and_its_headers_cannot_be_broken(monkeypatch):
    sent = []

    class Server:
        def __init__(self, host, port, timeout):
            assert (host, port) == ("mail.example", 2525)

        def __enter__(self):
            return self

        def __exit__(self, *error):
            return None

        def send_message(self, mail):
            sent.append(mail)

    monkeypatch.setattr(smtplib, "SMTP", Server)
    monkeypatch.setenv("SEVENFOLD_SMTP", "smtp://mail.example:2525")
    channel_of("mailto:ops@example.org").tell([alert()], {**ABOUT, "target": "a\r\nBcc: thief@example.org"})
    assert sent[0]["To"] == "ops@example.org" and sent[0]["Bcc"] is None
    assert "'age' differs" in sent[0].get_content()


@pytest.mark.parametrize("target", ["mailto:nobody", "mailto:a@b.example\nBcc: c@d.example", "ftp://example.org/x"])
def test_targets_that_cannot_be_told_are_refused(target, monkeypatch):
    monkeypatch.setenv("SEVENFOLD_SMTP", "smtp://mail.example")
    with pytest.raises(RequestError):
        channel_of(target)


def test_e_mail_without_a_server_says_what_to_set(monkeypatch):
    monkeypatch.delenv("SEVENFOLD_SMTP", raising=False)
    with pytest.raises(RequestError, match="SEVENFOLD_SMTP"):
        channel_of("mailto:ops@example.org")


def test_a_message_reads_by_itself():
    message = message_of([alert()], ABOUT)
    assert message["text"].splitlines()[0] == "Sevenfold: 1 new alert on the model for 'bought'"
    assert message["alerts"][0]["columns"] == ["age"]
