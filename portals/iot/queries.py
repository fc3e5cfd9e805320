"""Rows of IoT, each loaded for the visitor: what is somebody else's is not found."""

from sqlalchemy import Connection, and_, bindparam, func, or_, select

from gateway.portal import PAGE_SIZE, AnyRow, NotFound, PageOfRows, Visitor, decode_cursor, page_of, search_part
from portals.iot.models import Device

_DEVICES = (
    select(Device.id, Device.name, Device.iccid, Device.plan, Device.status)
    .where(Device.customer_id == bindparam("customer_id"))
    .order_by(Device.name, Device.id)
    .limit(PAGE_SIZE + 1)
)


def devices(reader: Connection, visitor: Visitor, q: str, after: str | None) -> PageOfRows[AnyRow]:
    """Return a page of devices by name; `q` is looked for in names, plans and ICCIDs."""
    statement = _DEVICES
    if q:
        found = [
            func.lower(column).like(search_part(q), escape="\\") for column in (Device.name, Device.plan, Device.iccid)
        ]
        statement = statement.where(or_(*found))
    if after:
        name, id = decode_cursor(after, str, str)
        statement = statement.where(or_(Device.name > name, and_(Device.name == name, Device.id > id)))
    rows = reader.execute(statement, {"customer_id": visitor.customer_id}).all()
    return page_of(rows, lambda row: (row.name, row.id))


def device(reader: Connection, visitor: Visitor, id: str) -> AnyRow:
    """Return one device of the visitor's customer; raises `NotFound`."""
    statement = select(Device.__table__).where(Device.id == id, Device.customer_id == visitor.customer_id)
    row = reader.execute(statement).one_or_none()
    if row is None:
        raise NotFound
    return row
