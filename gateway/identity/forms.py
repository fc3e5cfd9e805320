"""Forms of logging in, and what forms of preferences share. Nothing is trimmed or changed in a password."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask_wtf import FlaskForm
from wtforms import Field, HiddenField, IntegerField, PasswordField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.form import BaseForm
from wtforms.validators import DataRequired, Email, Length, NumberRange, Optional, ValidationError
from wtforms.widgets import HiddenInput

from gateway.i18n.catalog import DEFAULT, N_, language_label, language_name
from gateway.i18n.catalog import gettext as _
from gateway.i18n.patterns import BadPattern
from gateway.i18n.samples import check_pattern
from gateway.i18n.zones import ZONES, zone_of
from gateway.identity import logins, networks
from gateway.identity.inheritance import PREFERENCES
from gateway.web.fields import PatternField


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


def add_faults(form: FlaskForm, faults: Mapping[str, Sequence[str]]) -> None:
    """Put what is wrong beside the fields, after what was found there before."""
    for name, texts in faults.items():
        form[name].errors = [*form[name].errors, *texts]


def plain_text(_form: FlaskForm, field: Field) -> None:
    """Refuse control characters and those that turn the direction of writing."""
    if not logins.is_plain(field.data or ""):
        raise ValidationError(_("Leave out control characters and invisible characters."))


def name_field() -> StringField:
    """Return the field for what a customer or a person is called: one line of up to 200 characters, needed."""
    return StringField(
        N_("Name"),
        filters=[stripped],
        validators=[
            DataRequired(N_("Enter a name.")),
            Length(max=200, message=N_("At most 200 characters.")),
            plain_text,
        ],
        render_kw={"autocomplete": "off"},
    )


def email_field() -> StringField:
    """Return the field for the e-mail address of a customer or a person; empty: none."""
    return StringField(
        N_("E-mail"),
        filters=[stripped],
        validators=[
            Optional(),
            Length(max=254, message=N_("At most 254 characters.")),
            Email(N_("This is no e-mail address.")),
        ],
        render_kw={"type": "email", "autocomplete": "off"},
    )


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


class Versioned:
    """A form that carries what was stored when its page was shown. Mixed into a form.

    Of two who save at once, the second is told what the first changed, and nothing of either is lost.
    """

    version = WholeNumber(widget=HiddenInput(), validators=[Optional(), NumberRange(0, 2**31 - 1)])
    shown = HiddenField()

    def version_or(self, stored: int) -> int:
        """Return the version that the page showed; what is stored now, if nothing was said."""
        return stored if self.version.data is None else int(self.version.data)

    def keep_shown(self, stored: Mapping[str, Any], version: int) -> None:
        """Remember in the page what is stored as it is shown."""
        self.shown.data = json.dumps(stored, default=str)
        self.version.raw_data, self.version.data = None, version

    def catch_up(self, stored: Mapping[str, Any], version: int) -> list[str]:
        """Return the fields that others changed since the page was shown; what was not touched here follows them.

        Saving again puts what was typed over that.
        """
        changed = self._changed(stored)
        self.keep_shown(stored, version)
        return changed

    def _changed(self, stored: Mapping[str, Any]) -> list[str]:
        fields: Any = self
        try:
            shown = json.loads(self.shown.data or "")
            changed = [name for name in stored if shown[name] != _plain(stored[name])]
        except (ValueError, TypeError, KeyError, RecursionError):
            return [name for name in stored if fields[name].data != stored[name]]
        for name in changed:
            if _plain(fields[name].data) == shown[name]:
                fields[name].raw_data, fields[name].data = None, stored[name]
        return changed


def _plain(value: Any) -> Any:
    """Return a value as it comes back from a page."""
    return json.loads(json.dumps(value, default=str))


class NetworksField(TextAreaField):
    """A list of trusted networks, as it is typed."""

    def __init__(self, label: str, **more: Any) -> None:
        looks = {"rows": 5, "spellcheck": "false", "class": "mono", "dir": "ltr"}
        super().__init__(label, filters=[lambda text: (text or "").replace("\r\n", "\n")], render_kw=looks, **more)

    def pre_validate(self, _form: BaseForm) -> None:
        """Refuse what cannot be read, naming the line."""
        try:
            networks.parse(self.data or "")
        except networks.Unreadable as error:
            raise ValidationError(str(error)) from error

    @property
    def networks(self) -> list[str]:
        """Return the networks that were typed; raises `Unreadable` unless the form was found good."""
        return networks.parse(self.data or "")


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
