"""The gateway's defaults."""

from zoneinfo import available_timezones

from flask_wtf import FlaskForm
from wtforms import BooleanField, Field, IntegerField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired, NumberRange, ValidationError

from gateway.i18n import patterns
from gateway.i18n.catalog import N_

DAY = 24 * 60


def _date(_form: FlaskForm, field: Field) -> None:
    _checked(patterns.date_template, field)


def _time(_form: FlaskForm, field: Field) -> None:
    _checked(patterns.time_template, field)


def _readable_date(_form: FlaskForm, field: Field) -> None:
    _checked(lambda pattern: patterns.date_reader(pattern, "en"), field)


def _checked(check: object, field: Field) -> None:
    try:
        check(field.data or "")  # type: ignore[operator]
    except patterns.BadPattern as error:
        raise ValidationError(str(error)) from error


def _minutes(label: str) -> IntegerField:
    range_of = NumberRange(1, 7 * DAY, N_("Between 1 minute and 7 days (10080 minutes)."))
    return IntegerField(label, validators=[InputRequired(N_("Enter a number of minutes.")), range_of])


class GatewayForm(FlaskForm):
    """What holds where neither an identity, nor its customer, nor the class says otherwise."""

    language = SelectField(N_("Language"))
    time_zone = SelectField(
        N_("Time zone"), choices=[SelectChoice(zone, zone) for zone in sorted(available_timezones())]
    )
    output_date_format = StringField(N_("Dates are shown as"), validators=[_date])
    output_time_format = StringField(N_("Times are shown as"), validators=[_time])
    input_date_format = StringField(N_("Dates are typed as"), validators=[_readable_date])
    input_time_format = StringField(N_("Times are typed as"), validators=[_time])
    idle_minutes = _minutes(N_("Customers and individuals: idle, in minutes"))
    absolute_minutes = _minutes(N_("Customers and individuals: at most, in minutes"))
    admin_idle_minutes = _minutes(N_("Administrators: idle, in minutes"))
    admin_absolute_minutes = _minutes(N_("Administrators: at most, in minutes"))
    support_access = BooleanField(N_("Staff may open portals for customers"))
