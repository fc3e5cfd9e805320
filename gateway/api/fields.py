"""The fields of the API: the same rules as the forms of the pages, as strict about types as JSON allows."""

import enum
from collections.abc import Callable
from datetime import datetime
from typing import Any

from email_validator import EmailNotValidError, validate_email
from marshmallow import ValidationError, fields, validate

from gateway import cells
from gateway.i18n.catalog import N_
from gateway.i18n.catalog import gettext as _
from gateway.i18n.patterns import BadPattern
from gateway.i18n.samples import check_pattern
from gateway.i18n.zones import zone_of
from gateway.identity import logins, networks
from gateway.web import current

MISSING: dict[str, str | list[Any] | dict[Any, Any]] = {
    "required": N_("This is missing."),
    "null": N_("This cannot be null."),
    "invalid": N_("This is of the wrong kind."),
    "validator_failed": N_("This cannot be taken."),
}


def about(description: str, example: Any = None) -> dict[str, Any]:
    """Return what the document says of a field."""
    return {"description": description} if example is None else {"description": description, "example": example}


class Text(fields.String):
    """A line of text: no spaces around it, no control characters, nothing that turns the direction of writing."""

    default_error_messages = MISSING

    def __init__(self, longest: int, *, shortest: int = 0, **given: Any) -> None:
        message = N_("This is too long.") if shortest == 0 else N_("This is empty or too long.")
        super().__init__(validate=validate.Length(shortest, longest, error=message), **given)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **given: Any) -> str:
        text = super()._deserialize(value, attr, data, **given).strip()
        if not logins.is_plain(text):
            raise ValidationError(_("Leave out control characters and invisible characters."))
        return str(text)


class Secret(fields.String):
    """A password or a token: taken as it is, whatever it holds."""

    default_error_messages = MISSING


class Checked(Text):
    """A text that `check` turns into what is kept; it raises `ValueError` with a sentence."""

    def __init__(self, longest: int, check: Callable[[str], Any], **given: Any) -> None:
        super().__init__(longest, **given)
        self._check = check

    def _deserialize(self, value: Any, attr: str | None, data: Any, **given: Any) -> Any:
        text = super()._deserialize(value, attr, data, **given)
        try:
            return self._check(text)
        except ValueError as error:
            raise ValidationError(str(error)) from error

    def _validate(self, value: Any) -> None:
        if value is not None:
            super()._validate(value)


class Networks(fields.String):
    """Trusted networks as they are typed, lines and all."""

    default_error_messages = MISSING

    def _deserialize(self, value: Any, attr: str | None, data: Any, **given: Any) -> Any:
        try:
            return networks.parse(super()._deserialize(value, attr, data, **given))
        except networks.Unreadable as error:
            raise ValidationError(str(error)) from error


class Flag(fields.Boolean):
    """`true` or `false`, and nothing that looks like it."""

    default_error_messages = MISSING

    def _deserialize(self, value: Any, attr: str | None, data: Any, **given: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Whole(fields.Integer):
    """A whole number, not written as text."""

    default_error_messages = MISSING

    def __init__(self, least: int, most: int, **given: Any) -> None:
        super().__init__(strict=True, validate=validate.Range(least, most, error=N_("This is out of range.")), **given)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **given: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Limit(fields.Integer):
    """How many items a page of a list has at most."""

    default_error_messages = MISSING

    def __init__(self, **given: Any) -> None:
        range_of = validate.Range(1, 100, error=N_("Between 1 and 100."))
        super().__init__(
            load_default=30, validate=range_of, metadata=about("How many items at most, 100 or fewer."), **given
        )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_given: Any) -> int:
        try:
            number = cells.whole_number(value)
        except ValueError as error:
            raise self.make_error("invalid", input=value) from error
        return number


class Word(fields.String):
    """One of the words of an enumeration; comes out as its member."""

    default_error_messages = MISSING

    def __init__(self, kind: type[enum.StrEnum], **given: Any) -> None:
        one_of = validate.OneOf(list(kind), error=N_("Choose one of the words that the document lists."))
        super().__init__(validate=one_of, **given)
        self._kind = kind

    def deserialize(self, value: Any, *args: Any, **given: Any) -> Any:
        """Read a word."""
        found = super().deserialize(value, *args, **given)
        return self._kind(found) if isinstance(found, str) else found


class Day(fields.Date):
    """A day in ISO 8601."""

    default_error_messages = MISSING

    def _deserialize(self, value: Any, attr: str | None, data: Any, **given: Any) -> Any:
        if not isinstance(value, str) or len(value) != len("2026-03-12"):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **given)


class Moment(fields.DateTime):
    """A moment in ISO 8601 with its offset."""

    default_error_messages = MISSING

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_given: Any) -> datetime:
        try:
            return cells.moment(value)
        except (ValueError, TypeError) as error:
            raise ValidationError(_("Write a moment with its offset, such as 2026-03-12T08:30:00Z.")) from error


def login(text: str) -> str:
    """Check a login; raises `ValueError`. Empty: none."""
    if text and (fault := logins.fault(text)):
        raise ValueError(fault)
    return text


def mail_address(text: str) -> str:
    """Check an e-mail address as far as its look goes; raises `ValueError`. Empty: none."""
    try:
        if text:
            validate_email(text, check_deliverability=False)
    except EmailNotValidError as error:
        raise ValueError(_("This is no e-mail address.")) from error
    return text


def language(text: str) -> str | None:
    """Check that a language is on offer; raises `ValueError`. Empty: inherited."""
    if text and text not in current.house().settings.languages:
        raise ValueError(_("This language is not on offer."))
    return text or None


def zone(text: str) -> str | None:
    """Write a time zone as IANA does; raises `ValueError`. Empty: inherited."""
    found = zone_of(text) if text else None
    if text and found is None:
        raise ValueError(_("There is no such time zone. Choose one of the list, such as Europe/Prague."))
    return found


def pattern_for(name: str) -> Callable[[str], str | None]:
    """Return what checks the pattern of a field; empty: inherited."""

    def check(text: str) -> str | None:
        try:
            if text:
                check_pattern(name, text)
        except BadPattern as error:
            raise ValueError(str(error)) from error
        return text or None

    return check
