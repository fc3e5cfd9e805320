"""What the present request works with: its connections, its visitor, its stamp for the record."""

import base64
import dataclasses
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from flask import Flask, current_app, g, request
from flask.globals import request_ctx
from sqlalchemy import Connection
from sqlalchemy.orm import Session as Work

from gateway.access.rights import Rights
from gateway.access.visitor import Visitor
from gateway.audit.operations import Keys, Stamp
from gateway.db import Database
from gateway.i18n.formats import Formats, formats_for
from gateway.i18n.preferences import GATEWAY_DEFAULTS, Preferences
from gateway.keys import Vault
from gateway.settings import Settings
from gateway.web.address import client_address
from gateway.web.strangers import Strangers


@dataclass(frozen=True, slots=True)
class House:
    """What one process keeps: settings, database, compiled rights, the keys of the record.

    `names` are those of the house, brand and portals: no password is made of them (PWD-03). `strangers` are counted
    here until their minute is over.
    """

    settings: Settings
    database: Database
    rights: Rights
    audit_keys: Keys
    names: tuple[str, ...]
    vault: Vault
    strangers: Strangers

    def stamped(self, work: Work, stamp: Stamp) -> Work:
        """Prepare a unit of work for recording what it does."""
        work.info.update(stamp=stamp, audit_keys=self.audit_keys)
        return work


def house() -> House:
    """Return what this process keeps."""
    return cast(House, current_app.extensions["portico"])


def reader() -> Connection:
    """Return a connection for reading; each statement sees what is committed by then."""
    return house().database.reader()


def writer() -> Work:
    """Return the request's unit of work. The face commits it; what is not committed is undone."""
    if "writer" not in g:
        g.writer = house().stamped(Work(house().database.write_engine, expire_on_commit=False), stamp())
    return cast(Work, g.writer)


def close(_error: BaseException | None = None) -> None:
    """Undo what the request did not commit, and give its connection back."""
    work: Work | None = g.pop("writer", None)
    if work is not None:
        work.close()


def maybe_visitor() -> Visitor | None:
    """Return who makes the request, or None for a stranger."""
    return cast("Visitor | None", g.get("visitor"))


def visitor() -> Visitor:
    """Return who makes the request; only for pages that the guard keeps from strangers."""
    found = maybe_visitor()
    if found is None:
        raise RuntimeError("this page is open to strangers: it has no visitor")
    return found


def address() -> str | None:
    """Return the client's address, or None when unsure."""
    asked = request_ctx.request
    forwarded = tuple(asked.headers.getlist("X-Forwarded-For"))
    return client_address(asked.remote_addr, forwarded, house().settings.trusted_proxies)


def agent() -> str | None:
    """Return what the browser says of itself, shortened."""
    return request.user_agent.string[:200] or None


def request_id() -> str:
    """Return the id under which this request stands in log, record and error pages."""
    return _random()[0]


def nonce() -> str:
    """Return this answer's nonce for scripts."""
    return _random()[1]


def _random() -> tuple[str, str]:
    found = g.get("random")
    if found is None:
        bits = secrets.token_bytes(24)
        found = g.random = (bits[:8].hex(), base64.urlsafe_b64encode(bits[8:]).rstrip(b"=").decode())
    return cast(tuple[str, str], found)


def stamp() -> Stamp:
    """Return who does what from where, for the record."""
    basic = Stamp(address=address(), agent=agent(), request_id=request_id())
    who = maybe_visitor()
    if who is None:
        return basic
    mark = g.get("mark")
    return dataclasses.replace(
        basic,
        realm=who.realm,
        actor_id=who.actor.id if who.actor else who.id,
        subject_id=who.id,
        customer_id=who.customer_id,
        portal=mark.portal if mark else None,
        mode=who.visit.mode if who.visit else None,
        launch_id=who.visit.launch_id if who.visit else None,
        session=who.session_id,
    )


def preferences() -> Preferences:
    """Return how things read for whoever is there, as the guard found it."""
    return cast(Preferences, g.get("preferences", GATEWAY_DEFAULTS))


def formats() -> Formats:
    """Return the formats of whoever is there."""
    return formats_for(preferences())


def now() -> datetime:
    """Return the moment of this request: one and the same from its beginning to its end."""
    return cast(datetime, g.now)


def register(app: Flask) -> None:
    """Give the connection back when a request ends."""
    app.teardown_request(close)
