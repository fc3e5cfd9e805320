"""Forms of logging in, and what forms of preferences share. Nothing is trimmed or changed in a password."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from flask_wtf import FlaskForm
from wtforms import Field, HiddenField, IntegerField, PasswordField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import ValidationError

from gateway.i18n.catalog import DEFAULT, N_, language_label, language_name
from gateway.i18n.catalog import gettext as _
from gateway.i18n.patterns import BadPattern
from gateway.i18n.samples import check_pattern
from gateway.i18n.zones import ZONES, zone_of
from gateway.identity import logins
from gateway.identity.inheritance import PREFERENCES
from gateway.web.fields import PatternField

TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def stripped(text: str | None) -> str | None:
    """Drop the spaces around a text; an empty one is none."""
    return text.strip() or None if text else None


def choices(pairs: Iterable[tuple[str, str]]) -> list[SelectChoice]:
    """Return what a list offers, of values and labels."""
    return [SelectChoice(value, label) for value, label in pairs]


def _none_if_empty(text: str | None) -> str | None:
    return text or None


def _zone(text: str | None) -> str | None:
    """Write a zone as IANA does; what is none is left for the message."""
    typed = stripped(text)
    return (zone_of(typed) or typed) if typed else None


def _known_zone(form: "PreferenceFields", field: Field) -> None:
    if field.data is None and form.inherits:
        return
    if field.data not in ZONES:
        raise ValidationError(_("There is no such time zone. Choose one of the list, such as Europe/Prague."))


def _good_pattern(form: "PreferenceFields", field: Field) -> None:
    if field.data is None and form.inherits:
        return
    try:
        check_pattern(field.name, field.data or "", form.language.data or DEFAULT)
    except BadPattern as error:
        raise ValidationError(str(error)) from error


def _pattern(label: str) -> PatternField:
    return PatternField(label, filters=[stripped], validators=[_good_pattern])


def plain_text(_form: FlaskForm, field: Field) -> None:
    """Refuse control characters and those that turn the direction of writing."""
    if any(unicodedata.category(letter) in ("Cc", "Cs", "Cn") or letter in TURNING for letter in field.data or ""):
        raise ValidationError(_("Leave out control characters and invisible characters."))


def honest_login(_form: FlaskForm, field: Field) -> None:
    """Refuse a login that cannot be a new one."""
    if field.data and field.data != field.object_data and (fault := logins.fault(field.data)):
        raise ValidationError(fault)


class LogInForm(FlaskForm):
    """Login and password, and where to go afterwards."""

    login = StringField(
        N_("Login"), render_kw={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
    )
    password = PasswordField(N_("Password"), render_kw={"autocomplete": "current-password"})
    next = HiddenField()


class NewPasswordForm(FlaskForm):
    """A new password, twice."""

    password = PasswordField(N_("New password"), render_kw={"autocomplete": "new-password"})
    confirm = PasswordField(N_("New password again"), render_kw={"autocomplete": "new-password"})


class WholeNumber(IntegerField):
    """A number of at most nine plain digits: what is longer, or written otherwise, is none (INP-01)."""

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        """Read what was typed; raises `ValueError` with a sentence."""
        if not valuelist:
            return
        self.data = None
        if not re.fullmatch(r"[0-9]{1,9}", valuelist[0].strip(), re.ASCII):
            raise ValueError(_("Enter a whole number."))
        self.data = int(valuelist[0])


class PreferenceFields:
    """How things read, a field for each column; empty: inherited, where `inherits`. Mixed into a form."""

    inherits = True

    language = SelectField(N_("Language"), coerce=_none_if_empty)
    time_zone = StringField(N_("Time zone"), filters=[_zone], validators=[_known_zone])
    output_date_format = _pattern(N_("Dates are shown as"))
    output_time_format = _pattern(N_("Times are shown as"))
    input_date_format = _pattern(N_("Dates are typed as"))
    input_time_format = _pattern(N_("Times are typed as"))

    def offer_languages(self, tags: Sequence[str], inherited: str | None) -> None:
        """Offer these languages and the one that is set, each by its own name; first what is `inherited`, if any is."""
        held = self.language.object_data
        offered = list(dict.fromkeys([*tags, *([held] if held else [])]))
        empty = [("", _("Inherited: %(value)s") % {"value": language_name(inherited)})] if inherited else []
        self.language.choices = choices([*empty, *((tag, language_label(tag)) for tag in offered)])

    @property
    def preferences(self) -> dict[str, str | None]:
        """Return what was typed, by column."""
        return {name: self[name].data for name in PREFERENCES}  # type: ignore[index]
