"""The gateway's defaults."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField
from wtforms.validators import InputRequired, NumberRange, Optional

from gateway.i18n.catalog import N_
from gateway.identity.forms import PreferenceFields, Versioned, WholeNumber

DAY = 24 * 60


def _minutes(label: str) -> WholeNumber:
    range_of = NumberRange(1, 7 * DAY, N_("Between 1 minute and 7 days (10080 minutes)."))
    return WholeNumber(label, validators=[InputRequired(N_("Enter a number of minutes.")), range_of])


def _days(label: str) -> WholeNumber:
    return WholeNumber(label, validators=[Optional(), NumberRange(1, 3650, N_("Between 1 and 3650 days."))])


class GatewayForm(FlaskForm, PreferenceFields, Versioned):
    """What holds where neither an identity, nor its customer, nor the class says otherwise."""

    inherits = False

    idle_minutes = _minutes(N_("Customers and individuals: idle, in minutes"))
    absolute_minutes = _minutes(N_("Customers and individuals: at most, in minutes"))
    admin_idle_minutes = _minutes(N_("Administrators: idle, in minutes"))
    admin_absolute_minutes = _minutes(N_("Administrators: at most, in minutes"))
    keep_addresses_days = _days(N_("The record keeps addresses, in days"))
    keep_usage_days = _days(N_("Portals keep calls and usage, in days"))
    admin_second_factor = BooleanField(N_("Two-factor authentication is required of administrators"))
    support_access = BooleanField(N_("Staff may open portals for customers"))

    @property
    def values(self) -> dict[str, Any]:
        """Return what was typed, by column."""
        return {field.name: field.data for field in self if field.name not in ("csrf_token", "version", "shown")}
