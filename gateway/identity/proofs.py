"""Proving who one is: how, and again before something sensitive (SES-11)."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

GOOD_FOR = timedelta(minutes=10)
"""How long a proof, or a log-in, opens what is sensitive."""


PASSWORD, CODE, HARDWARE_KEY, SYNCED_KEY = "pwd", "otp", "hwk", "swk"
"""How somebody proved who they are, in the words of RFC 8176. A recovery code is a one-time code too; a passkey that
may leave its device is a key held by software.
"""
DEVICE = "device"
"""A remembered browser stood in for the second factor: no proof, so no portal elsewhere is told of it as one."""


def joined(methods: Iterable[str]) -> str:
    """Return methods as a session keeps them: each once, in the order in which they were shown."""
    return " ".join(dict.fromkeys(methods))


def is_twofold(methods: Collection[str]) -> bool:
    """Tell whether somebody showed two factors; a passkey is two: its device, and the PIN, finger or face for it."""
    return {PASSWORD, CODE} <= set(methods) or not {HARDWARE_KEY, SYNCED_KEY}.isdisjoint(methods)


def is_recent(proved_at: datetime | None, now: datetime) -> bool:
    """Tell whether somebody proved lately enough who they are."""
    return proved_at is not None and now - proved_at <= GOOD_FOR
