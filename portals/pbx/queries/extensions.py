"""Extensions with their forwarding, and ring groups with their members."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, and_, bindparam, func, or_, select
from sqlalchemy.orm import aliased

from gateway.portal import (
    PAGE_SIZE,
    AnyRow,
    AnySelect,
    PageOfRows,
    Visitor,
    decode_cursor,
    page_of,
    search_part,
)
from portals.pbx.models import Extension, Kind, RingGroup, RingMember
from portals.pbx.queries import one

Rows = PageOfRows[AnyRow]

_OWN = Extension.customer_id == bindparam("customer_id")
_TELEPHONES = and_(_OWN, Extension.kind == Kind.TELEPHONE)
_EXTENSIONS = (
    select(Extension.id, Extension.number, Extension.name, Extension.email, Extension.forward_to)
    .where(_TELEPHONES)
    .order_by(Extension.number, Extension.id)
    .limit(PAGE_SIZE + 1)
)
_FORWARDING = _EXTENSIONS.with_only_columns(
    Extension.id,
    Extension.number,
    Extension.name,
    Extension.forward_to,
    Extension.forward_busy,
    Extension.forward_no_answer,
    Extension.no_answer_seconds,
)
_FORWARDS = (Extension.forward_to, Extension.forward_busy, Extension.forward_no_answer)
_members = select(func.count()).where(RingMember.group_id == Extension.id).correlate(Extension).scalar_subquery()
_RING_GROUPS = (
    select(
        Extension.id,
        Extension.number,
        Extension.name,
        RingGroup.strategy,
        RingGroup.seconds,
        _members.label("members"),
        Extension.version,
    )
    .join(RingGroup, RingGroup.id == Extension.id)
    .where(_OWN, Extension.kind == Kind.RING_GROUP)
    .order_by(Extension.number, Extension.id)
)
_MEMBERS = (
    select(Extension.id, Extension.number, Extension.name)
    .join(RingMember, RingMember.extension_id == Extension.id)
    .where(RingMember.group_id == bindparam("group_id"), _OWN)
    .order_by(RingMember.position)
)
_group = aliased(Extension)
_GROUPS_OF = (
    select(_group.id, _group.number, _group.name)
    .join(RingMember, RingMember.group_id == _group.id)
    .join(Extension, Extension.id == RingMember.extension_id)
    .where(RingMember.extension_id == bindparam("extension_id"), _OWN)
    .order_by(_group.number)
)
_NUMBERS = select(Extension.number, Extension.name).where(_TELEPHONES).order_by(Extension.number)


def extensions(reader: Connection, visitor: Visitor, q: str, after: str | None) -> Rows:
    """Return a page of extensions by number; `q` is looked for in numbers, names and e-mail addresses."""
    return _page(reader, visitor, _EXTENSIONS, (Extension.email,), q, after)


def extension(reader: Connection, visitor: Visitor, id: str) -> AnyRow:
    """Return one extension of the visitor's customer; raises `NotFound`."""
    statement = select(Extension.__table__).where(Extension.id == id, _TELEPHONES)
    return one(reader, statement, customer_id=visitor.customer_id)


def forwarding(reader: Connection, visitor: Visitor, q: str, after: str | None) -> Rows:
    """Return a page of extensions with where each forwards; `q` is looked for in numbers, names and targets."""
    return _page(reader, visitor, _FORWARDING, _FORWARDS, q, after)


def ring_groups(reader: Connection, visitor: Visitor, q: str, after: str | None) -> Rows:
    """Return a page of ring groups by number; `q` is looked for in numbers and names."""
    return _page(reader, visitor, _RING_GROUPS.limit(PAGE_SIZE + 1), (), q, after)


def ring_group(reader: Connection, visitor: Visitor, id: str) -> AnyRow:
    """Return one ring group of the visitor's customer; raises `NotFound`."""
    return one(reader, _RING_GROUPS.where(Extension.id == id), customer_id=visitor.customer_id)


def members(reader: Connection, visitor: Visitor, group_id: str) -> Sequence[AnyRow]:
    """Return the members of a ring group, in their order."""
    return reader.execute(_MEMBERS, {"customer_id": visitor.customer_id, "group_id": group_id}).all()


def groups_of(reader: Connection, visitor: Visitor, extension_id: str) -> Sequence[AnyRow]:
    """Return the ring groups that an extension is a member of."""
    return reader.execute(_GROUPS_OF, {"customer_id": visitor.customer_id, "extension_id": extension_id}).all()


def numbers(reader: Connection, visitor: Visitor, most: int) -> Sequence[AnyRow]:
    """Return numbers and names of the first `most` extensions."""
    return reader.execute(_NUMBERS.limit(most), {"customer_id": visitor.customer_id}).all()


def _page(
    reader: Connection, visitor: Visitor, statement: AnySelect, also: Sequence[Any], q: str, after: str | None
) -> Rows:
    if q:
        columns = (Extension.number, Extension.name, *also)
        statement = statement.where(or_(*(func.lower(name).like(search_part(q), escape="\\") for name in columns)))
    if after:
        number, id = decode_cursor(after, str, str)
        statement = statement.where(Extension.number >= number, or_(Extension.number > number, Extension.id > id))
    rows = reader.execute(statement, {"customer_id": visitor.customer_id}).all()
    return page_of(rows, lambda row: (row.number, row.id))
