"""Put a letter into the outbox."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session as Work

from gateway.mail.letters import Letter
from gateway.mail.models import Mail


def put(work: Work, identity_id: str, address: str, letter: Letter, now: datetime, **values: Any) -> None:
    """Write a letter to somebody at `address`, in the transaction of what it tells of."""
    work.add(Mail(identity_id=identity_id, address=address, letter=letter, given=values, created_at=now))
