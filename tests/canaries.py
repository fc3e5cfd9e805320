"""Secrets that went through an application in a test: none of them may stand on the record, in a letter or in the log.

Every application of the suite is watched (AUD-03): what was sent in the fields and headers of secrets, what came back as
cookie or token, and the secret part of links.
"""

import json
import logging
import re
import traceback
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from flask import Flask, Response, request, request_finished
from sqlalchemy import inspect, select

from gateway.audit.models import AuditEvent
from gateway.db import ID_LENGTH, Database
from gateway.mail.models import Mail

FIELDS = frozenset(
    (
        *("password", "confirm", "current", "code", "token", "access_token", "refresh_token", "id_token"),
        *("client_secret", "secret", "code_verifier", "passkey", "credential"),
    )
)
ANSWERED = FIELDS - {"code"}
"""An answer's `code` is the word for what went wrong."""
LINK = re.compile(r"/(?:login/reset|login/invitation|profile/email)/([^/?]{20,})")
SHORTEST = 8
"""Shorter ones, codes of six digits, are looked for as whole values only: by chance they stand in many a number."""


class Ear(logging.Handler):
    """Hears what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one event as text."""
        self.heard.append(str(record.msg) + record.getMessage())
        if record.exc_info and record.exc_info[0] is not None:
            self.heard.extend(traceback.format_exception(*record.exc_info))


class Canaries:
    """The secrets of one test, and where they must not be."""

    def __init__(self) -> None:
        self.secrets: set[str] = set()
        self._let_go = False
        self._ear = Ear()
        logging.getLogger().addHandler(self._ear)

    def watch(self, app: Flask) -> None:
        """Note the secrets that go through an application."""
        request_finished.connect(self._note, app, weak=False)

    def _note(self, _app: Flask, response: Response, **_more: Any) -> None:
        body = None if response.status_code == 413 else request.get_json(silent=True)
        sent = set(_in_form()) | set(_in_json(body, FIELDS))
        self.secrets |= sent | set(_in_headers(response))
        if response.status_code < 400:
            self.secrets |= set(LINK.findall(request.path))
        if response.is_json:
            answered = _in_json(response.get_json(silent=True), ANSWERED)
            self.secrets |= {value for value in answered if len(value) > ID_LENGTH}
        elif response.status_code >= 400 and response.mimetype == "text/html":
            page = response.get_data(as_text=True)
            shown = [secret for secret in sent if len(secret) >= SHORTEST and secret in page]
            assert self._let_go or not shown, "a secret is shown"

    def let_go(self) -> None:
        """Look for nothing: what is sent are words of every kind, and no secrets."""
        self._let_go = True

    def check(self, database: Database) -> None:
        """Raise `AssertionError` for a secret that got to where it must not be."""
        logging.getLogger().removeHandler(self._ear)
        if self._let_go:
            return
        found = {"the log": "\n".join(self._ear.heard), **dict(_stored(database))}
        for where, text in found.items():
            for secret in self.secrets:
                mark = secret if len(secret) >= SHORTEST else f'"{secret}"'
                assert mark not in text, f"the secret {secret!r} stands in {where}"


def _in_form() -> Iterator[str]:
    form: Mapping[str, str] = request.__dict__.get("form", {})
    return (value for name, value in form.items() if name in FIELDS and len(value) > 5)


def _in_json(body: object, names: Collection[str]) -> Iterator[str]:
    if isinstance(body, dict):
        for name, value in body.items():
            if name in names and isinstance(value, str) and len(value) > 5:
                yield value
            yield from _in_json(value, names)
    elif isinstance(body, list):
        for value in body:
            yield from _in_json(value, names)


def _in_headers(response: Response) -> Iterator[str]:
    for header in response.headers.getlist("Set-Cookie"):
        value = header.partition("=")[2].partition(";")[0]
        if len(value) > 20:
            yield value
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer" and len(value) > 20:
        yield value


def _stored(database: Database) -> Iterator[tuple[str, str]]:
    with database.reading() as reader:
        known = inspect(reader).get_table_names()
        for model, where in ((AuditEvent, "the record"), (Mail, "a letter")):
            if model.__tablename__ in known:
                rows = [row._asdict() for row in reader.execute(select(model.__table__))]
                yield where, json.dumps(rows, default=str, ensure_ascii=False)
