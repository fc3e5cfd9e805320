"""Classes, roles and what they give."""

from typing import Any

from marshmallow import Schema, fields

from gateway.api.fields import Flag, Text, Whole, Word, about
from gateway.api.schemas.common import ID, Given, page_of, preferences
from gateway.identity.models import Realm, SupportAccess


def _class_fields(**given: Any) -> dict[str, fields.Field[Any]]:
    week = 7 * 24 * 60
    numbers = {"password_shortest": (8, 64), "password_days": (1, 3650)}
    days = {"keep_addresses_days": (1, 3650), "keep_usage_days": (1, 3650)}
    minutes = {"idle_minutes": (1, week), "absolute_minutes": (1, week)}
    return {
        "name": Text(120, shortest=1, metadata=about("The name.", "Gold"), **given),
        "second_factor": Flag(metadata=about("Whether a second factor is required.", True)),
        **{
            name: Whole(*bounds, allow_none=True, metadata=about("Null: as the gateway has it.", bounds[0]))
            for name, bounds in {**numbers, **minutes, **days}.items()
        },
        "remembered_devices": Flag(metadata=about("Whether devices may be remembered.", True)),
        "support_access": Word(SupportAccess, metadata=about("How staff may enter.", "open")),
        **preferences(),
    }


ClassChange = type("ClassChange", (Given,), {"__doc__": "What of a class is to change.", **_class_fields()})
NewClass = type("NewClass", (Given,), {"__doc__": "A class to be made.", **_class_fields(required=True)})
CustomerClass = type(
    "CustomerClass",
    (Schema,),
    {
        "__doc__": "The defaults that customers share.",
        "id": fields.String(required=True, metadata=ID),
        **_class_fields(),
    },
)

VIEWS = about("Level by page, by portal. The page `` stands for the whole portal.", {"pbx": {"overview": "view"}})


def _views(**given: Any) -> fields.Field[Any]:
    levels = fields.Dict(keys=fields.String(), values=fields.String())
    return fields.Dict(keys=fields.String(), values=levels, metadata=VIEWS, **given)


DOORS = about(
    "Addresses by name, by portal elsewhere: further views of it, and under the empty name where this role enters, if "
    "not where everybody does.",
    {"tickets": {"": "https://tickets.example/owners", "Archive": "https://tickets.example/archive"}},
)


def _doors(**given: Any) -> fields.Field[Any]:
    addresses = fields.Dict(keys=fields.String(), values=fields.String())
    return fields.Dict(keys=fields.String(), values=addresses, metadata=DOORS, **given)


class RoleItem(Schema):
    """A role on a list."""

    id = fields.String(required=True, metadata=ID)
    realm = Word(Realm, required=True, metadata=about("admin or self-care.", "self-care"))
    name = fields.String(required=True, metadata=about("The name.", "IT lead"))
    description = fields.String(required=True, metadata=about("What it is for.", "PBX and IoT"))
    is_default = fields.Boolean(required=True, metadata=about("The default role gives everything.", False))
    holders = fields.Integer(required=True, metadata=about("How many have it.", 3))


class Role(RoleItem):
    """A role with its portal views, and its own doors to portals elsewhere."""

    views = _views(required=True)
    doors = _doors(required=True)


class RoleChange(Given):
    """What of a role is to change. Of the portals that are named, the whole view, or all doors, are replaced."""

    name = Text(120, shortest=1, metadata=about("The name.", "IT lead"))
    description = Text(500, metadata=about("What it is for.", "PBX and IoT"))
    views = _views()
    doors = _doors()


class NewRole(RoleChange):
    """A role to be made."""

    name = Text(120, shortest=1, required=True, metadata=about("The name.", "IT lead"))
    realm = Word(Realm, load_default=Realm.SELF_CARE, metadata=about("For whom.", "self-care"))


class AllowedRole(Schema):
    """A role that may be handed out; `within`: the caller's own levels reach that far."""

    id = fields.String(required=True, metadata=ID)
    name = fields.String(required=True, metadata=about("The name.", "IT lead"))
    within = fields.Boolean(required=True, metadata=about("Whether the caller may give it.", True))


class MoveTo(Given):
    """Where the holders of a role go."""

    move_to = fields.String(metadata=about("The id of the role that they get instead."))


class PortalNode(Schema):
    """A page of a portal."""

    key = fields.String(required=True, metadata=about("The key.", "configuration.extensions"))
    title = fields.String(required=True, metadata=about("In the caller's language.", "Extensions"))


class PortalItem(Schema):
    """A portal with its pages, parents before children."""

    slug = fields.String(required=True, metadata=about("The key.", "pbx"))
    title = fields.String(required=True, metadata=about("In the caller's language.", "Cloud PBX"))
    realm = Word(Realm, required=True, metadata=about("admin or self-care.", "self-care"))
    pages = fields.List(fields.Nested(PortalNode), required=True)


Portals, Roles = page_of(PortalItem), page_of(RoleItem)
Classes, AllowedRoles = page_of(CustomerClass), page_of(AllowedRole)
