"""The defaults of a customer class."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectField, StringField
from wtforms.validators import DataRequired, Length, NumberRange, Optional

from gateway.i18n.catalog import N_
from gateway.i18n.catalog import gettext as _
from gateway.identity.forms import PreferenceFields, Versioned, WholeNumber, choices, plain_text, stripped
from gateway.identity.models import SupportAccess

WEEK = 7 * 24 * 60
SUPPORT = [
    (SupportAccess.OPEN.value, N_("Open: staff may enter at any time")),
    (SupportAccess.REASON.value, N_("Reason asked: staff say why, and the record keeps it")),
    (SupportAccess.CONSENT.value, N_("On consent: the customer lets staff in, and closes again")),
]


def _number(label: str, least: int, most: int, message: str) -> WholeNumber:
    return WholeNumber(label, validators=[Optional(), NumberRange(least, most, message)])


class ClassForm(FlaskForm, PreferenceFields, Versioned):
    """What holds for the customers of a class that have no say of their own; empty: as the gateway has it."""

    name = StringField(
        N_("Name"),
        filters=[stripped],
        validators=[
            DataRequired(N_("Enter a name.")),
            Length(max=120, message=N_("At most 120 characters.")),
            plain_text,
        ],
        render_kw={"autocomplete": "off"},
    )
    second_factor = BooleanField(N_("Two-factor authentication is required"))
    passkey_required = BooleanField(N_("The second factor has to be a passkey"))
    password_shortest = _number(N_("Shortest password"), 8, 64, N_("Between 8 and 64 characters."))
    password_days = _number(N_("A password lasts, in days"), 1, 3650, N_("Between 1 and 3650 days."))
    idle_minutes = _number(
        N_("A log-in ends when idle, in minutes"), 1, WEEK, N_("Between 1 minute and 7 days (10080 minutes).")
    )
    absolute_minutes = _number(
        N_("A log-in lasts at most, in minutes"), 1, WEEK, N_("Between 1 minute and 7 days (10080 minutes).")
    )
    keep_addresses_days = _number(N_("The record keeps addresses, in days"), 1, 3650, N_("Between 1 and 3650 days."))
    keep_usage_days = _number(N_("Portals keep calls and usage, in days"), 1, 3650, N_("Between 1 and 3650 days."))
    remembered_devices = BooleanField(N_("Devices may be remembered"), default=True)
    support_access = SelectField(N_("Support access"), choices=choices(SUPPORT), default=SupportAccess.OPEN.value)

    def offer(self, languages: tuple[str, ...], gateways: str) -> None:
        """Fill the lists to choose from; `gateways` is the gateway's own language."""
        self.offer_languages(languages, gateways)
        self.support_access.choices = choices((word, _(title)) for word, title in SUPPORT)

    @property
    def values(self) -> dict[str, Any]:
        """Return what was typed, by column."""
        typed = {field.name: field.data for field in self if field.name not in ("csrf_token", "version", "shown")}
        return {**typed, "support_access": SupportAccess(self.support_access.data)}
