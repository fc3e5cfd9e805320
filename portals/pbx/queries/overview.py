"""The Cloud PBX at a glance."""

from sqlalchemy import Connection, bindparam, case, func, select

from gateway.portal import AnyRow, Visitor
from portals.pbx.models import Extension, Kind

_COUNTS = select(
    func.count(case((Extension.kind == Kind.TELEPHONE, 1))).label("extensions"),
    func.count(case((Extension.kind == Kind.RING_GROUP, 1))).label("ring_groups"),
    func.count(Extension.forward_to).label("forwarded"),
).where(Extension.customer_id == bindparam("customer_id"))


def counts(reader: Connection, visitor: Visitor) -> AnyRow:
    """Return how many extensions and ring groups there are, and how many of the former forward every call."""
    return reader.execute(_COUNTS, {"customer_id": visitor.customer_id}).one()
