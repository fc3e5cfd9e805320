"""Forms of customers: the names of the fields are those of `contract.md`."""

from flask_wtf import FlaskForm
from wtforms import PasswordField, RadioField, SelectField, StringField
from wtforms.validators import DataRequired, Email, Length, NumberRange, Optional
from wtforms.widgets import HiddenInput

from gateway.access.customers import Record
from gateway.i18n.catalog import N_
from gateway.identity.forms import WholeNumber, choices, honest_login, plain_text, stripped
from gateway.identity.models import CustomerStatus

STATUSES = [
    (CustomerStatus.ACTIVE.value, N_("Active")),
    (CustomerStatus.SUSPENDED.value, N_("Suspended")),
    (CustomerStatus.BLOCKED.value, N_("Blocked")),
    (CustomerStatus.CLOSED.value, N_("Closed")),
]


def version_field() -> WholeNumber:
    """Return the field that says which version the page showed."""
    return WholeNumber(widget=HiddenInput(), validators=[Optional(), NumberRange(0, 2**31 - 1)])


class RecordForm(FlaskForm):
    """The record of a customer."""

    name = StringField(
        N_("Name"),
        filters=[stripped],
        validators=[
            DataRequired(N_("Enter a name.")),
            Length(max=200, message=N_("At most 200 characters.")),
            plain_text,
        ],
        render_kw={"autocomplete": "off"},
    )
    email = StringField(
        N_("E-mail"),
        filters=[stripped],
        validators=[
            Optional(),
            Length(max=254, message=N_("At most 254 characters.")),
            Email(N_("This is no e-mail address.")),
        ],
        render_kw={"type": "email", "autocomplete": "off"},
    )
    customer_class = SelectField(N_("Class"))
    version = version_field()

    @property
    def record(self) -> Record:
        """Return what was typed."""
        return Record(self.name.data or "", self.email.data or "", self.customer_class.data or "")


class NewCustomerForm(RecordForm):
    """A new customer: its record, and how it gets in."""

    login = StringField(
        N_("Login"),
        filters=[lambda text: text or None],
        validators=[honest_login],
        render_kw={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"},
    )
    status = SelectField(N_("Status"), choices=choices(STATUSES), default=CustomerStatus.ACTIVE.value)
    role = SelectField(N_("Role"))
    password = PasswordField(N_("Password"), render_kw={"autocomplete": "new-password"})


class StatusForm(FlaskForm):
    """How a customer is to stand."""

    status = RadioField(N_("Status"), choices=choices(STATUSES))
    version = version_field()
