"""What calls share: which version is meant, doing a thing once, putting refusals on the record."""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import orjson
from flask import Response, request
from sqlalchemy.orm import Session as Work
from werkzeug.exceptions import PreconditionRequired

from gateway.api import operations
from gateway.db import AnyRow
from gateway.errors import Forbidden, Invalid, NotFound, Stale
from gateway.paging import Page
from gateway.portal.guard import refuse
from gateway.web import current

_VERSION = re.compile(r'"([0-9]{1,9})"')
Body = dict[str, Any]
Answer = tuple[Body, int, dict[str, str]]
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Made:
    """Something new: what it is, the headers that say where and which version, and how long the answer is good."""

    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    until: datetime | None = None


def tagged(body: Body, version: object) -> Answer:
    """Answer something that has a version."""
    return body, 200, {"ETag": f'"{version}"'}


def listed(page: Page[Row], shown: Callable[[Row], Body]) -> Body:
    """Answer a page of a list."""
    return {"items": [shown(row) for row in page.rows], "next": page.after}


def asked_version(present: int) -> int:
    """Return the version that If-Match names, the present one for `*`; raises 428 without it, and `Stale`."""
    named = request.headers.get("If-Match")
    if named is None:
        raise PreconditionRequired
    if named.strip() == "*":
        return present
    found = _VERSION.fullmatch(named.strip())
    if found is None or int(found[1]) != present:
        raise Stale
    return present


def once(make: Callable[[Work], Made]) -> Response:
    """Do what makes something, commit it and answer 201; with an Idempotency-Key, once."""
    work, word, who = current.writer(), request.headers.get("Idempotency-Key"), current.visitor()
    if word is not None:
        before = operations.claim(work, who.id, word, _fingerprint(), current.now())
        if before is not None:
            work.rollback()
            return _answer(before)
    with_refusals_recorded = changing(make)
    made = with_refusals_recorded(work)
    answer: Body = {"headers": dict(made.headers), "body": orjson.dumps(made.body).decode()}
    if made.until is not None:
        answer["until"] = made.until.isoformat()
    if word is not None:
        operations.keep(work, who.id, word, answer)
    work.commit()
    return _answer(answer)


def changing(do: Callable[[Work], Any]) -> Callable[[Work], Any]:
    """Return `do` such that what it is refused is put on the record, and nothing else of it is kept."""

    def guarded(work: Work) -> Any:
        try:
            return do(work)
        except Forbidden as refusal:
            refuse(refusal)

    return guarded


def no_body() -> Response:
    """Answer that it is done."""
    return Response(status=204)


def known(row: AnyRow | None) -> AnyRow:
    """Return a row that was looked for; raises `NotFound` if there is none."""
    if row is None:
        raise NotFound
    return row


def cursor_of(asked: Mapping[str, Any]) -> str | None:
    """Return where a list goes on."""
    return asked.get("cursor") or None


def with_cursor(read: Callable[[], Page[Row]]) -> Page[Row]:
    """Read a page; what is wrong with its cursor is said of the parameter as it is called here."""
    try:
        return read()
    except Invalid as invalid:
        raise Invalid({"cursor": invalid.errors.get("after", [])}) from invalid


def _fingerprint() -> bytes:
    key = current.house().settings.derived_keys("idempotency")[-1]
    said = f"{request.method} {request.path}\n".encode() + request.get_data(cache=True)
    return hmac.digest(key, said, hashlib.sha256)


def _answer(kept: Mapping[str, Any]) -> Response:
    response = Response(kept["body"], 201, mimetype="application/json")
    response.headers.update(kept["headers"])
    return response
