"""Why somebody sees a page or does not."""

from marshmallow import Schema, fields

from gateway.access.explain import Verdict
from gateway.api.fields import Text, Word, about
from gateway.api.schemas.common import ID, Given


class ExplainAsked(Given):
    """What is asked."""

    portal = Text(64, load_default="", metadata=about("A slug; empty: only whether they get in.", "pbx"))
    node = Text(200, load_default="", metadata=about("A page of the portal; empty: any.", "finance.invoices"))
    address = Text(
        45,
        load_default="",
        metadata=about("From where they come; empty: from where they were refused last, if they were.", "203.0.113.7"),
    )


class Asked(Schema):
    """A rule and what it says."""

    rule = fields.String(
        required=True,
        metadata=about(
            "login, customer, individual, networks, attempts, password, second-factor, portal, role, view, page, "
            "ceilings or up (a portal elsewhere answers), in the order in which they are asked.",
            "page",
        ),
    )
    verdict = Word(
        Verdict,
        required=True,
        metadata=about("passes, step (theirs to take), stops or unasked (it does not come to that).", "stops"),
    )
    reason = fields.String(required=True, metadata=about("Why, as a stable word; empty if unasked.", "forbidden"))
    detail = fields.String(required=True, metadata=about("Why, in a sentence.", "Forbidden, as set at Finance."))


class Change(Schema):
    """The one change that would open it."""

    detail = fields.String(
        required=True, metadata=about("In a sentence.", "Open the page in the role, or give them another role.")
    )
    url = fields.String(
        required=True,
        allow_none=True,
        metadata=about(
            "Where in the console; null where the caller may not make it.", "https://portal.example/admin/roles/…"
        ),
    )


class RefusedLogIn(Schema):
    """A log-in that was refused."""

    at = fields.DateTime(required=True, metadata=about("When.", "2026-03-12T08:30:00+00:00"))
    address = fields.String(required=True, allow_none=True, metadata=about("From where.", "203.0.113.7"))
    detail = fields.String(required=True, metadata=about("The true reason, for staff only.", "The password was wrong."))


class RefusedAddress(Schema):
    """An address from which somebody was refused because of it."""

    address = fields.String(required=True, metadata=about("The address.", "203.0.113.7"))
    at = fields.DateTime(required=True, metadata=about("When last.", "2026-03-12T08:30:00+00:00"))
    admitted = fields.Boolean(required=True, metadata=about("Whether it would be let in now.", False))


class Explained(Schema):
    """Every rule in turn, and what would open it."""

    identity = fields.String(required=True, metadata=ID)
    portal = fields.String(required=True, allow_none=True, metadata=about("What was asked.", "pbx"))
    node = fields.String(required=True, allow_none=True, metadata=about("What was asked.", "finance.invoices"))
    address = fields.String(required=True, allow_none=True, metadata=about("From where.", "203.0.113.7"))
    opens = fields.Boolean(required=True, metadata=about("Whether nothing stops them; a step may come first.", False))
    level = fields.String(
        required=True, allow_none=True, metadata=about("forbidden, view or full; null without a portal.", "forbidden")
    )
    rules = fields.List(fields.Nested(Asked), required=True)
    change = fields.Nested(Change, required=True, allow_none=True)
    refused = fields.List(fields.Nested(RefusedLogIn), required=True)
    outside = fields.List(fields.Nested(RefusedAddress), required=True)
