"""Customers and individuals."""

from typing import Any

from marshmallow import Schema, fields

from gateway.api.fields import Checked, Day, Flag, Text, Word, about, login
from gateway.api.schemas.common import ID, Given, Paging, access, email, id_of, page_of, shown_access
from gateway.identity.models import CustomerStatus
from gateway.identity.standing import Standing


class CustomersAsked(Paging):
    """Which customers."""

    q = fields.String(load_default="", metadata=about("Any part of name, login or e-mail; an exact login comes first."))
    status = Word(CustomerStatus, metadata=about("How they stand."))
    customer_class = fields.String(metadata=about("The id of a class."))


class CustomerItem(Schema):
    """A customer on a list."""

    id = fields.String(required=True, metadata=ID)
    login = fields.String(required=True, allow_none=True, metadata=about("The login.", "abc"))
    name = fields.String(required=True, metadata=about("The name.", "ABC Company"))
    email = fields.String(required=True, allow_none=True, metadata=about("The address.", "office@abc.example"))
    customer_class = fields.String(required=True, metadata=about("The id of its class.", "06f2k9w3d8b1x5qa"))
    status = Word(CustomerStatus, required=True, metadata=about("How it stands.", "active"))
    role = fields.String(required=True, allow_none=True, metadata=about("The id of its role.", "default-selfcare"))


def _name(**given: Any) -> Text:
    return Text(200, shortest=1, metadata=about("A name.", "ABC Company"), **given)


def _login(**given: Any) -> Checked:
    return Checked(64, login, metadata=about("Compared without regard to case. Empty: none.", "abc"), **given)


Customer = type("Customer", (CustomerItem,), {"__doc__": "A customer with its self-care access.", **shown_access()})
CustomerChange = type(
    "CustomerChange",
    (Given,),
    {
        "__doc__": "What of a customer is to change: only what is sent.",
        "login": _login(),
        "name": _name(),
        "email": email(),
        "customer_class": id_of("The id of a class."),
        "status": Word(CustomerStatus, metadata=about("How it stands.", "active")),
        "role": id_of("The id of a self-care role."),
        **access(),
    },
)
NewCustomer = type(
    "NewCustomer",
    (CustomerChange,),
    {
        "__doc__": "A customer to be made. Without a role it gets the default role.",
        "name": _name(required=True),
        "customer_class": id_of("The id of a class.", required=True),
    },
)


class IndividualsAsked(Paging):
    """Which individuals."""

    customer = fields.String(metadata=about("Whose individuals; empty, for administrators: everybody's."))
    q = fields.String(
        load_default="",
        metadata=about("Any part of name, login or e-mail; of everybody's, how a name begins, or a login."),
    )
    role = fields.String(metadata=about("The id of a role; for administrators with a customer only."))
    status = Word(Standing, metadata=about("How they stand; for administrators with a customer only."))


class IndividualItem(Schema):
    """An individual on a list."""

    id = fields.String(required=True, metadata=ID)
    customer = fields.String(required=True, metadata=ID)
    login = fields.String(required=True, allow_none=True, metadata=about("The login.", "john"))
    name = fields.String(required=True, metadata=about("The name.", "John Carter"))
    email = fields.String(required=True, allow_none=True, metadata=about("The address.", "john@abc.example"))
    role = fields.String(required=True, allow_none=True, metadata=about("The id of their role.", "06f2k9w3d8b1x5qa"))
    activates_on = fields.Date(required=True, allow_none=True, metadata=about("From this day.", "2026-03-12"))
    expires_on = fields.Date(required=True, allow_none=True, metadata=about("Until before this day.", "2027-03-12"))
    suspended = fields.Boolean(required=True, metadata=about("Whether they are kept out.", False))
    status = Word(Standing, required=True, metadata=about("How they stand just now.", "active"))


Individual = type(
    "Individual",
    (IndividualItem,),
    {"__doc__": "An individual. The fields of the self-care access are for staff only.", **shown_access()},
)


def _record(**given: Any) -> dict[str, fields.Field[Any]]:
    return {
        "login": Checked(64, login, metadata=about("Compared without regard to case.", "john"), **given),
        "name": Text(200, shortest=1, metadata=about("The name.", "John Carter"), **given),
        "email": email(),
        "role": id_of("The id of a role that the customer may hand out.", **given),
        "activates_on": Day(allow_none=True, metadata=about("Active from this day.", "2026-03-12")),
        "expires_on": Day(allow_none=True, metadata=about("Out from this day on.", "2027-03-12")),
        "suspended": Flag(metadata=about("Whether they are kept out.", False)),
    }


IndividualChange = type(
    "IndividualChange",
    (Given,),
    {"__doc__": "What of an individual is to change. The access fields are for staff only.", **_record(), **access()},
)
NewIndividual = type(
    "NewIndividual",
    (IndividualChange,),
    {
        "__doc__": "An individual to be made.",
        "customer": id_of("Whose; administrators have to say it."),
        **_record(required=True),
    },
)


CustomersPage, IndividualsPage = page_of(CustomerItem), page_of(IndividualItem)
