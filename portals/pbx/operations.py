"""What can be done in the Cloud PBX."""

from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gateway.portal import Invalid, Stale, Visitor, new_id, record, rows_changed
from gateway.portal import gettext as _
from portals.pbx.models import Extension

FIELDS = ("number", "name", "email", "forward_to")


def create_extension(work: Session, visitor: Visitor, values: dict[str, str | None]) -> str:
    """Make an extension and return its id; raises `Invalid` when the number is taken."""
    id = new_id()
    try:
        work.execute(insert(Extension).values(id=id, customer_id=visitor.customer_id, version=1, **values))
    except IntegrityError as error:
        raise Invalid({"number": [_("This number is taken.")]}) from error
    record(work, "pbx.extension.created", extension=id, after=values)
    return id


def save_extension(
    work: Session, visitor: Visitor, extension: Any, values: dict[str, str | None], version: int
) -> None:
    """Save an extension that was read as `extension`.

    Raises `Stale` when somebody saved since `version` was shown, `Invalid` when the number is taken.
    """
    before = {name: getattr(extension, name) for name in FIELDS if getattr(extension, name) != values[name]}
    try:
        saved = work.execute(
            update(Extension)
            .where(
                Extension.id == extension.id,
                Extension.customer_id == visitor.customer_id,
                Extension.version == version,
            )
            .values(version=version + 1, **values)
        )
    except IntegrityError as error:
        raise Invalid({"number": [_("This number is taken.")]}) from error
    if not rows_changed(saved):
        raise Stale
    after = {name: values[name] for name in before}
    record(work, "pbx.extension.changed", extension=extension.id, before=before, after=after)
