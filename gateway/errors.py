"""Everything that can go wrong, in the words of the domain. No HTTP here: faces translate."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for it
    """Mark a text for translation where it is declared; it is looked up where it is shown."""
    return text


class PorticoError(Exception):
    """Root of all errors that Portico raises on purpose."""


class DeclarationError(PorticoError):
    """A portal is declared wrongly; the message says what to mend. Nothing starts."""


class SettingsError(PorticoError):
    """The environment is incomplete or unsafe; the message lists everything wrong at once."""


class NotFound(PorticoError):
    """There is no such thing, or it is somebody else's: a stranger cannot tell which."""


class Forbidden(PorticoError):
    """The visitor may see this but not do that.

    `reason` is a sentence for people, `code` a stable word for programs.
    """

    def __init__(self, reason: str, code: str = "forbidden") -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


class Stale(PorticoError):
    """Somebody saved a newer version meanwhile."""


class Invalid(PorticoError):
    """Values that cannot be taken: field name to sentences."""

    def __init__(self, errors: Mapping[str, Sequence[str]]) -> None:
        super().__init__("; ".join(f"{field}: {' '.join(texts)}" for field, texts in errors.items()))
        self.errors = {field: list(texts) for field, texts in errors.items()}


class LoginRefused(PorticoError):
    """A log-in that is not accepted. `cause` goes into the record, never to the stranger."""

    def __init__(self, cause: str, identity_id: str | None = None, customer_id: str | None = None) -> None:
        super().__init__(cause)
        self.cause = cause
        self.identity_id = identity_id
        self.customer_id = customer_id


class TooManyAttempts(PorticoError):
    """A credential is not even looked at before `until`: too many were wrong."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"too many attempts, until {until.isoformat()}")
        self.until = until

    def seconds_left(self, now: datetime) -> int:
        """Return the whole seconds to wait, rounded up, one at least."""
        return max(1, -(-(self.until - now) // timedelta(seconds=1)))


class TooBusy(PorticoError):
    """More work is under way than this process takes on; try again in `retry_after` seconds."""

    def __init__(self, retry_after: int = 2) -> None:
        super().__init__("too busy")
        self.retry_after = retry_after


class Unrecordable(PorticoError):
    """The record cannot be written, so what was asked for is not done (AUD-06)."""


class BadAnchor(PorticoError):
    """A file holds no anchor of the record that could be trusted; the message says why."""


class KeyMissing(PorticoError):
    """Something is kept encrypted under a key that is not among `GATEWAY_SECRET_KEYS` (any more)."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"the secret key {key_id} is missing")
        self.key_id = key_id


class Tampered(PorticoError):
    """Something kept encrypted is not what was put there."""


class FactorRefused(PorticoError):
    """A second factor that is not accepted. `cause` is a stable word, `retry_after` in seconds."""

    def __init__(self, cause: str, retry_after: int | None = None) -> None:
        super().__init__(cause)
        self.cause = cause
        self.retry_after = retry_after


class LaunchRefused(PorticoError):
    """A launch that cannot be started or landed. `reason` is a code of `gateway.access.acting.REASONS`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
