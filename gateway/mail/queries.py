"""What the outbox shows."""

from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, or_, select

from gateway.db import AnyRow
from gateway.mail.models import Mail
from gateway.paging import PAGE_SIZE, Page, decode_cursor, page_of

_MAIL = select(Mail.__table__).order_by(Mail.created_at.desc(), Mail.id.desc()).limit(PAGE_SIZE + 1)
_AFTER = and_(
    Mail.created_at <= bindparam("moment"), or_(Mail.created_at < bindparam("moment"), Mail.id < bindparam("id"))
)


def letters(reader: Connection, after: str | None) -> Page[AnyRow]:
    """Return a page of the outbox, the latest first; raises `Invalid` for a cursor that is not ours."""
    statement, values = _MAIL, {}
    if after:
        moment, id = decode_cursor(after, datetime, str)
        statement, values = _MAIL.where(_AFTER), {"moment": moment, "id": id}
    rows = reader.execute(statement, values).all()
    return page_of(rows, lambda row: (row.created_at.isoformat(), row.id))


def letter(reader: Connection, id: str) -> AnyRow | None:
    """Return one letter, or None."""
    return reader.execute(select(Mail.__table__).where(Mail.id == id)).one_or_none()


def is_due(reader: Connection, now: datetime) -> bool:
    """Tell whether a letter is to be sent."""
    return reader.execute(select(Mail.id).where(Mail.due_at <= now).limit(1)).first() is not None
