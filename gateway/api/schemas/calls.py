"""Sessions of the API, who calls, launches, sessions of browsers, the record."""

from marshmallow import Schema, fields

from gateway.access.doors import LONGEST_NAME
from gateway.api.fields import Flag, Moment, Secret, Text, Word, about
from gateway.api.schemas.common import ID, Given, Named, Paging, page_of
from gateway.identity.models import CustomerStatus, Mode, Realm


class Credentials(Given):
    """Login and token."""

    login = Secret(required=True, metadata=about("The login of the token's owner.", "abc"))
    token = Secret(required=True, metadata=about("The token.", "ptc_…"))


class Leaked(Given):
    """A token that was found."""

    token = Secret(required=True, metadata=about("The token.", "ptc_…"))


class Opened(Schema):
    """A session of the API."""

    access_token = fields.String(required=True, metadata=about("Send it as Authorization: Bearer …", "pts_…"))
    token_type = fields.String(required=True, metadata=about("Always Bearer.", "Bearer"))
    expires_in = fields.Integer(required=True, metadata=about("Seconds.", 3600))


class Taken(Schema):
    """A report that was taken."""

    taken = fields.Boolean(required=True, metadata=about("Always true, whatever was reported.", True))


class Person(Schema):
    """Whoever makes a call."""

    id = fields.String(required=True, metadata=ID)
    kind = fields.String(required=True, metadata=about("administrator, customer or individual.", "customer"))
    login = fields.String(required=True, metadata=about("The login.", "abc"))
    name = fields.String(required=True, metadata=about("The name.", "ABC Company"))


class Belonging(Schema):
    """The customer whose data a caller works on."""

    id = fields.String(required=True, metadata=ID)
    name = fields.String(required=True, metadata=about("The name.", "ABC Company"))
    status = Word(CustomerStatus, required=True, metadata=about("How it stands.", "active"))


class Opens(Schema):
    """A portal that the caller may open."""

    slug = fields.String(required=True, metadata=about("The key of the portal.", "pbx"))
    title = fields.String(required=True, metadata=about("In the caller's language.", "Cloud PBX"))
    url = fields.String(required=True, metadata=about("Where it is.", "https://portal.example/portals/pbx/"))
    levels = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata=about("forbidden, view or full, by page.", {"overview": "view", "finance": "full"}),
    )


class Reads(Schema):
    """How things read: the values in force."""

    language = fields.String(required=True, metadata=about("A BCP 47 tag.", "en"))
    time_zone = fields.String(required=True, metadata=about("An IANA name.", "Europe/Prague"))
    output_date_format = fields.String(required=True, metadata=about("A pattern.", "DD/MM/YYYY"))
    output_time_format = fields.String(required=True, metadata=about("A pattern.", "HH24:MI"))
    input_date_format = fields.String(required=True, metadata=about("A pattern.", "DD/MM/YYYY"))
    input_time_format = fields.String(required=True, metadata=about("A pattern.", "HH24:MI"))


class Self(Schema):
    """Who calls, and what they may do where."""

    subject = fields.Nested(Person, required=True)
    actor = fields.Nested(Person, required=True)
    realm = Word(Realm, required=True, metadata=about("admin or self-care.", "self-care"))
    customer = fields.Nested(Belonging, required=True, allow_none=True)
    role = fields.Nested(Named, required=True, allow_none=True)
    scope = fields.String(required=True, metadata=about("The most that the token may do: view or full.", "full"))
    preferences = fields.Nested(Reads, required=True)
    portals = fields.List(fields.Nested(Opens), required=True)


class NewLaunch(Given):
    """What to open for whom."""

    subject = fields.String(required=True, metadata=about("The id of a customer or individual.", ID["example"]))
    portal = fields.String(load_default="", metadata=about("A slug; empty: the picker.", "pbx"))
    view = Text(LONGEST_NAME, load_default="", metadata=about("A further view of a portal elsewhere, by name.", "Desk"))
    mode = Word(Mode, load_default=Mode.ASSIGNED, metadata=about("assigned or full.", "assigned"))
    view_only = Flag(load_default=False, metadata=about("Whether to look only.", False))
    reason = Text(200, load_default="", metadata=about("Why. Some classes ask for it.", "Ticket 4711"))
    emergency = Flag(load_default=False, metadata=about("Whether to enter without the customer's consent.", False))


class Launch(Schema):
    """A launch that waits to be confirmed."""

    url = fields.String(required=True, metadata=about("Where the administrator confirms it.", "/admin/launches/…"))
    expires_at = fields.DateTime(required=True, metadata=about("Until when.", "2026-03-12T08:40:00+00:00"))


class SessionItem(Schema):
    """A session of a browser."""

    id = fields.String(required=True, metadata=ID)
    started_at = fields.DateTime(required=True, metadata=about("Since when.", "2026-03-12T08:30:00+00:00"))
    last_seen_at = fields.DateTime(required=True, metadata=about("Last used.", "2026-03-12T08:35:00+00:00"))
    address = fields.String(required=True, allow_none=True, metadata=about("From where.", "203.0.113.7"))
    agent = fields.String(required=True, allow_none=True, metadata=about("The browser.", "Firefox/140.0"))
    elsewhere = fields.List(
        fields.String(),
        required=True,
        metadata=about("Portals elsewhere that it is logged in to, and out of with its end.", ["tickets"]),
    )


class EventsAsked(Paging):
    """Which events."""

    actor = fields.String(load_default="", metadata=about("A login or an id: who was at the keyboard.", "helen"))
    subject = fields.String(load_default="", metadata=about("A login or an id: in whose name.", "john"))
    customer = fields.String(load_default="", metadata=about("A login or an id, with all its individuals.", "abc"))
    event = fields.String(load_default="", metadata=about("What happened.", "launch.started"))
    portal = fields.String(load_default="", metadata=about("The key of a portal.", "pbx"))
    address = fields.String(load_default="", metadata=about("From where, exactly.", "203.0.113.7"))
    since = Moment(metadata=about("From this moment on."))
    until = Moment(metadata=about("Before this moment."))


_TEXTS = ("reason", "realm", "actor", "subject", "customer", "portal", "mode", "launch", "session")
Event = type(
    "Event",
    (Schema,),
    {
        "__doc__": "A row of the record.",
        "seq": fields.Integer(required=True, metadata=about("Its number.", 4711)),
        "at": fields.DateTime(required=True, metadata=about("When.", "2026-03-12T08:30:00+00:00")),
        "event": fields.String(required=True, metadata=about("What.", "launch.started")),
        "outcome": fields.String(required=True, metadata=about("ok or refused.", "ok")),
        **{name: fields.String(required=True, allow_none=True) for name in (*_TEXTS, "address", "agent", "request_id")},
        "details": fields.Dict(required=True, metadata=about("What else is kept of it.", {"view_only": False})),
    },
)


Sessions, Events = page_of(SessionItem), page_of(Event)
