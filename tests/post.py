"""A mail server for the tests, and what the outbox holds."""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from flask import Flask
from sqlalchemy import select

from gateway import clock, worker
from gateway.identity import resets
from gateway.mail.models import Mail
from gateway.web.letters import written
from tests.house import house_of, working


@dataclass
class Sink:
    """Takes every letter, unless it has a refusal to answer with."""

    refusal: str | None = None
    letters: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        """Take one letter."""
        if self.refusal:
            return self.refusal
        self.raw.append(envelope.content)
        self.letters.append(BytesParser(policy=default).parsebytes(envelope.content))  # type: ignore[arg-type]
        self.envelopes.append((envelope.mail_from, envelope.rcpt_tos))
        return "250 taken"


@contextmanager
def listening(sink: Sink, **options: Any) -> Iterator[int]:
    """Run a mail server on loopback that fills `sink`, and give its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    controller = Controller(sink, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


def answered(app: Flask) -> int:
    """Have the worker answer who forgot a password; return how many letters were written."""
    with working(app) as work:
        return resets.answer(work, clock.now())


def outbox(app: Flask) -> list[Any]:
    """Return the letters in the outbox, the oldest first."""
    with house_of(app).database.reading() as reader:
        return list(reader.execute(select(Mail.__table__).order_by(Mail.id)).all())


def text_of(app: Flask, mail: Any) -> str:
    """Return what a letter says, subject first."""
    with house_of(app).database.reading() as reader:
        words = written(reader, house_of(app), mail)
    assert words is not None
    return f"{words.subject}\n{words.text}"


def link_in(text: str) -> str:
    """Return the path that a letter leads to."""
    found = re.search(r"https?://[^/\s]+(/\S+)", text)
    assert found is not None, text
    return found[1]


def letters(app: Flask, identity: str) -> list[str]:
    """Return the kinds of letters to somebody, in order."""
    return [mail.letter for mail in outbox(app) if mail.identity_id == identity]


def send(app: Flask) -> None:
    """Have the worker send what is due."""
    worker.send_mail(house_of(app))
