"""Ways to tell somebody: a log file, a webhook, an e-mail."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import re
import shlex
import smtplib
import ssl
from collections.abc import Callable, Mapping, Sequence
from email.message import EmailMessage
from email.utils import localtime, make_msgid
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import unquote, urlsplit

from sevenfold.core.errors import RequestError
from sevenfold.core.report import Finding
from sevenfold.deployment.files import append_lines
from sevenfold.monitoring.notify import Channel
from sevenfold.monitoring.webhook import Webhook

_Tell: TypeAlias = Callable[[Sequence[Finding], Mapping[str, Any]], None]

_TIMEOUT_SECONDS = 20.0
_ADDRESS = re.compile(r"[^@\s,<>\"\\\x00-\x1f]{1,64}@[A-Za-z0-9.-]{1,255}")


def channel_of(target: str, *, private: bool = False) -> Channel:
    """The channel that a target means: an http(s) URL, mailto:ADDRESS, or the path of a log file.

    Args:
        target: as on the command line.
        private: whether a webhook may be on a private network.
    Raises:
        RequestError: it is none of these, or e-mail has no server to go through.
    """
    scheme = urlsplit(target).scheme.lower()
    key = hashlib.sha256(target.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    if scheme in ("http", "https"):
        hook = Webhook.of(target, private=private)
        return Channel(key, f"{scheme}://{hook.host}", lambda found, about: hook.post(message_of(found, about)))
    if scheme == "mailto":
        return Channel(key, target, _mail(target[len("mailto:") :]))
    if scheme and "://" in target:
        raise RequestError(
            "This cannot be told alerts.", "an https URL, mailto:ADDRESS, or a file", scheme, "Choose one of these."
        )
    return Channel(key, target, _file(Path(target)))


def message_of(found: Sequence[Finding], about: Mapping[str, Any]) -> dict[str, Any]:
    """What is told: `text` reads well by itself, as chat systems show it."""
    lines = [f"Sevenfold: {len(found)} new alert{'s' if len(found) > 1 else ''} on the model for '{about['target']}'"]
    lines += [f"[{finding.severity}] {finding.code}: {finding.text}" for finding in found]
    alerts = [{k: v for k, v in f.to_json().items() if k not in ("evidence", "rows")} for f in found]
    return {"text": "\n".join(lines), "model": dict(about), "alerts": alerts, "time": _now()}


def _file(path: Path) -> _Tell:
    def append(found: Sequence[Finding], about: Mapping[str, Any]) -> None:
        message = message_of(found, about)
        lines = [{"time": message["time"], "model": message["model"], **alert} for alert in message["alerts"]]
        content = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()
        append_lines(path, content, synced=True)

    return append


def _mail(address: str) -> _Tell:
    if not _ADDRESS.fullmatch(address):
        raise RequestError("This is no e-mail address.", "mailto:somebody@example.org", repr(address), "Correct it.")
    server = os.environ.get("SEVENFOLD_SMTP", "")
    parts = urlsplit(server)
    if parts.scheme not in ("smtp", "smtps", "smtp+starttls") or not parts.hostname:
        raise RequestError(
            "There is no server to send e-mail through.",
            "SEVENFOLD_SMTP=smtps://USER:PASSWORD@HOST:PORT (or smtp+starttls://, or smtp:// within a machine)",
            "an environment without it" if not server else "another form",
            "Set it.",
        )

    def send(found: Sequence[Finding], about: Mapping[str, Any]) -> None:
        message = message_of(found, about)
        mail = EmailMessage()
        # Headers take no line breaks, whatever a column or target is called.
        mail["Subject"] = re.sub(r"[\x00-\x1f\x7f]+", " ", message["text"].split("\n")[0])[:150]
        mail["From"] = os.environ.get("SEVENFOLD_MAIL_FROM", address)
        mail["To"] = address
        mail["Date"] = localtime()  # many servers take mail without these two for junk
        mail["Message-ID"] = make_msgid(domain="sevenfold.invalid")
        mail.set_content(_letter(message))
        context = ssl.create_default_context()
        port = parts.port or (465 if parts.scheme == "smtps" else 587 if parts.scheme == "smtp+starttls" else 25)
        host = str(parts.hostname)
        client: smtplib.SMTP
        try:
            if parts.scheme == "smtps":
                client = smtplib.SMTP_SSL(host, port, timeout=_TIMEOUT_SECONDS, context=context)
            else:
                client = smtplib.SMTP(host, port, timeout=_TIMEOUT_SECONDS)
            with client:
                if parts.scheme == "smtp+starttls":
                    client.starttls(context=context)
                if parts.username:
                    client.login(unquote(parts.username), unquote(parts.password or ""))
                client.send_message(mail)
        except (OSError, smtplib.SMTPException) as error:
            code = getattr(error, "smtp_code", None)
            # What the server says is left out: it may repeat what it was told.
            why = type(error).__name__ + (f", status {code}" if code else "")
            raise RequestError(
                f"The mail server {host} did not take the mail: {why}.",
                "a server that takes it",
                why,
                "Check SEVENFOLD_SMTP and the address.",
            ) from None

    return send


def _letter(message: Mapping[str, Any]) -> str:
    """The text of a mail: what, why, and what to do, each said once."""
    lines = [message["text"]]
    for label, key in (("Why", "why"), ("What to do", "advice")):
        said = dict.fromkeys(str(alert[key]) for alert in message["alerts"] if alert.get(key))
        lines += ["", label + ":", *(f"- {text}" for text in said)] if said else []
    if message["model"].get("store"):
        lines += ["", f"Look closer: sevenfold monitor {shlex.quote(str(message['model']['store']))}"]
    return "\n".join(lines) + "\n"


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
