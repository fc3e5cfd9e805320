"""Whom a row of the record is about, where that is not simply whoever makes the request."""

from dataclasses import replace

from sqlalchemy.orm import Session as Work

from gateway.audit.operations import Stamp
from gateway.identity.models import Identity


def concerning(work: Work, identity: Identity) -> Stamp:
    """Return the stamp of a row about somebody, whoever acts: in a request of a stranger, as at a log-in, they do."""
    stamp: Stamp = work.info["stamp"]
    return replace(
        stamp,
        realm=stamp.realm or identity.realm,
        actor_id=stamp.actor_id or (identity.id if stamp.request_id else None),
        subject_id=identity.id,
        customer_id=identity.customer_id,
    )
