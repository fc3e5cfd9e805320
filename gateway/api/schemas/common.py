"""What schemas share: what a caller sends, the fields of preferences and access, pages of lists, problems."""

from typing import Any

from marshmallow import RAISE, Schema, fields

from gateway.api.fields import (
    Checked,
    Flag,
    Limit,
    Networks,
    Secret,
    Text,
    Word,
    about,
    language,
    mail_address,
    pattern_for,
    zone,
)
from gateway.i18n.patterns import LONGEST as LONGEST_PATTERN
from gateway.identity.models import SecondFactor

ID = about("An opaque id.", "06f2k9w3d8b1x5qa")
PATTERNS = ("output_date_format", "output_time_format", "input_date_format", "input_time_format")


class Given(Schema):
    """What a caller sends: nothing that is not declared."""

    class Meta:
        """Unknown fields are refused."""

        unknown = RAISE


def preferences() -> dict[str, fields.Field[Any]]:
    """Return the fields of how things read; new ones each time, as a field belongs to one schema."""
    inherited = "Empty or null: inherited."
    found: dict[str, fields.Field[Any]] = {
        "language": Checked(35, language, allow_none=True, metadata=about(f"A BCP 47 tag. {inherited}", "en")),
        "time_zone": Checked(64, zone, allow_none=True, metadata=about(f"An IANA name. {inherited}", "Europe/Prague")),
    }
    for name in PATTERNS:
        example = "DD/MM/YYYY" if "date" in name else "HH24:MI"
        described = about(f"A pattern. {inherited}", example)
        found[name] = Checked(LONGEST_PATTERN, pattern_for(name), allow_none=True, metadata=described)
    return found


def access() -> dict[str, fields.Field[Any]]:
    """Return the fields of the self-care panel as they are sent."""
    return {
        "second_factor": Word(SecondFactor, metadata=about("Two-factor authentication.", "inherit")),
        "trusted_networks": Networks(metadata=about("One a line, each ending with a semicolon.", "10.10.10.1;")),
        "api_access": Flag(metadata=about("Whether tokens of theirs may be used.", True)),
        "password": Secret(metadata=about("A new password. It is never given out again.", "correct horse battery")),
        "password_must_change": Flag(
            load_default=True, metadata=about("Whether the new password must be changed at the next log-in.", True)
        ),
        **preferences(),
    }


def shown_access() -> dict[str, fields.Field[Any]]:
    """Return the fields of the self-care panel as they are given out: no password."""
    kept = {name: field for name, field in access().items() if not name.startswith("password")}
    return {**kept, "has_password": fields.Boolean(metadata=about("Whether a password is set.", True))}


def email(**given: Any) -> Checked:
    """Return the field of an e-mail address."""
    return Checked(254, mail_address, metadata=about("Empty: none.", "office@abc.example"), **given)


def id_of(description: str, **given: Any) -> Text:
    """Return the field of an id that is sent."""
    return Text(16, metadata=about(description, ID["example"]), **given)


class Paging(Given):
    """Where a list goes on."""

    limit = Limit()
    cursor = fields.String(metadata=about("`next` of the page before."))


class ByName(Paging):
    """Which of what has names."""

    q = fields.String(load_default="", metadata=about("Any part of the name, in capitals or not."))


class Named(Schema):
    """A thing with an id and a name."""

    id = fields.String(required=True, metadata=ID)
    name = fields.String(required=True, metadata=about("The name.", "Company owner"))


def page_of(item: type[Schema]) -> type[Schema]:
    """Return the schema of a page of a list; `next` is null at its end."""
    return type(
        f"{item.__name__.removesuffix('Item')}Page",
        (Schema,),
        {
            "__doc__": "A page of a list.",
            "items": fields.List(fields.Nested(item), required=True),
            "next": fields.String(required=True, allow_none=True, metadata=about("Cursor of the next page.")),
        },
    )


class Problem(Schema):
    """What went wrong (RFC 9457)."""

    type = fields.String(required=True, metadata=about("Where it is explained."))
    title = fields.String(required=True, metadata=about("In short.", "This cannot be taken"))
    status = fields.Integer(required=True, metadata=about("The status.", 422))
    detail = fields.String(required=True, metadata=about("In a sentence.", "A value is missing or wrong."))
    code = fields.String(required=True, metadata=about("For programs.", "invalid"))
    request_id = fields.String(required=True, metadata=about("Under which it is logged.", "9f86d081884c7d65"))
    errors = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        metadata=about("Sentences by field.", {"login": ["This login is taken."]}),
    )
