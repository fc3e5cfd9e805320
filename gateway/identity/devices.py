"""Remembered devices: browsers that are asked for the password alone, for thirty days (`product.md` §5)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import ua_parser
from sqlalchemy import Connection, delete, select, update
from sqlalchemy.orm import Session as Work

from gateway.audit.operations import about, record
from gateway.db import AnyRow, rows_changed
from gateway.identity.factor_models import Device
from gateway.identity.models import Identity
from gateway.identity.sessions import about_id, key_of, new_cookie

GOOD_FOR = timedelta(days=30)


def is_known(reader: Connection, identity_id: str, cookie: str | None, now: datetime) -> bool:
    """Tell whether the browser with this cookie is one that somebody had remembered."""
    if cookie is None:
        return False
    found = select(Device.id).where(
        Device.key == key_of(cookie), Device.identity_id == identity_id, Device.expires_at > now
    )
    return reader.execute(found).first() is not None


def used(work: Work, identity_id: str, cookie: str, now: datetime) -> None:
    """Note that a remembered browser let somebody in."""
    own = (Device.key == key_of(cookie), Device.identity_id == identity_id)
    work.execute(update(Device).where(*own).values(last_used_at=now))


def remember(
    work: Work, identity_id: str, cookie: str | None, agent: str | None, address: str | None, now: datetime
) -> str:
    """Remember a browser for somebody and return its new cookie, which others remembered there share from now on.

    The cookie is always a fresh one, so that nobody can bring along one that they know.
    """
    fresh = new_cookie()
    if cookie is not None:
        old = key_of(cookie)
        work.execute(delete(Device).where(Device.key == old, Device.identity_id == identity_id))
        work.execute(update(Device).where(Device.key == old).values(key=key_of(fresh)))
    device = Device(
        key=key_of(fresh),
        identity_id=identity_id,
        name=name_of(agent),
        address=address,
        created_at=now,
        last_used_at=now,
        expires_at=now + GOOD_FOR,
    )
    work.add(device)
    work.flush()
    whose = work.get_one(Identity, identity_id)
    of = replace(about(work, whose.id, whose.customer_id), realm=whose.realm, actor_id=whose.id)
    record(work, "device.remembered", of=of, identity=identity_id, device=device.id, name=device.name)
    return fresh


def of(reader: Connection, identity_id: str, now: datetime) -> Sequence[AnyRow]:
    """Return somebody's remembered devices, the latest used first."""
    return reader.execute(
        select(Device.__table__)
        .where(Device.identity_id == identity_id, Device.expires_at > now)
        .order_by(Device.last_used_at.desc())
        .limit(50)
    ).all()


def forget(work: Work, identity_id: str, id: str | None = None) -> bool:
    """Ask one of somebody's devices for the second factor again, or all of them; tell whether there was one."""
    gone = delete(Device).where(Device.identity_id == identity_id)
    forgotten = rows_changed(work.execute(gone if id is None else gone.where(Device.id == id)))
    if forgotten:
        of = about_id(work, identity_id)
        record(work, "device.forgotten", of=of, identity=identity_id, device=id, devices=forgotten)
    return bool(forgotten)


def forget_old(work: Work, now: datetime) -> None:
    """Take away devices whose time is over."""
    work.execute(delete(Device).where(Device.expires_at < now))


def name_of(agent: str | None) -> str:
    """Return what people call a browser: "Firefox, Windows"; empty when it cannot be told."""
    found = ua_parser.parse(agent or "")
    parts = [part.family for part in (found.user_agent, found.os) if part is not None]
    return ", ".join(parts)[:120]
