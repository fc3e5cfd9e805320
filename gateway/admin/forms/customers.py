"""Forms of customers: the names of the fields are those of `contract.md`."""

from flask_wtf import FlaskForm
from wtforms import PasswordField, RadioField, SelectField, StringField

from gateway.access.customers import Record
from gateway.i18n.catalog import N_
from gateway.identity.forms import Versioned, choices, email_field, honest_login, name_field
from gateway.identity.models import CustomerStatus

STATUSES = [
    (CustomerStatus.ACTIVE.value, N_("Active")),
    (CustomerStatus.SUSPENDED.value, N_("Suspended")),
    (CustomerStatus.BLOCKED.value, N_("Blocked")),
    (CustomerStatus.CLOSED.value, N_("Closed")),
]


class RecordForm(FlaskForm, Versioned):
    """The record of a customer; a status that is not sent stays as it is."""

    name = name_field()
    email = email_field()
    customer_class = SelectField(N_("Class"))
    status = SelectField(N_("Status"), choices=choices(STATUSES), default=CustomerStatus.ACTIVE.value)

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
    role = SelectField(N_("Role"))
    password = PasswordField(N_("Password"), render_kw={"autocomplete": "new-password"})


class StatusForm(FlaskForm, Versioned):
    """How a customer is to stand."""

    status = RadioField(N_("Status"), choices=choices(STATUSES))
