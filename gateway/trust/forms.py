"""Forms of trusted networks."""

from datetime import datetime, timedelta

from flask_wtf import FlaskForm
from wtforms import BooleanField, Field, SelectField, StringField
from wtforms.validators import Length, NumberRange, Optional, ValidationError
from wtforms.widgets import HiddenInput

from gateway.i18n.catalog import N_
from gateway.i18n.catalog import gettext as _
from gateway.identity.forms import NetworksField, WholeNumber, choices, plain_text, stripped
from gateway.web.current import formats, now
from gateway.web.fields import DayField

SPANS = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
LATEST = timedelta(days=3660)


class OwnListForm(FlaskForm):
    """One's own list; `confirm` says that one means to shut oneself out."""

    trusted_networks = NetworksField(N_("My trusted networks"))
    confirm = BooleanField(N_("I know: this ends my log-in from here"))
    version = WholeNumber(widget=HiddenInput(), validators=[Optional(), NumberRange(0, 2**31 - 1)])


def _to_come(form: "EntryForm", field: Field) -> None:
    if form.open_for.data != "until":
        return
    if field.data is None:
        raise ValidationError(_("Enter the last day on which it counts."))
    today = now().astimezone(formats().zone).date()
    if not today <= field.data <= today + LATEST:
        raise ValidationError(_("This day is over, or too far away."))


class EntryForm(FlaskForm):
    """What an entry is for, and until when it counts."""

    note = StringField(
        N_("Note"),
        filters=[stripped],
        validators=[Length(max=200, message=N_("At most 200 characters.")), plain_text],
        render_kw={"autocomplete": "off"},
    )
    open_for = SelectField(N_("It counts"))
    until = DayField(N_("Last day"), validators=[_to_come])

    def offer(self, expires_at: datetime | None) -> None:
        """Offer the spans to choose from, first what is so now."""
        offered = [
            ("always", _("Always")),
            ("hour", _("For one hour from now")),
            ("day", _("For one day from now")),
            ("until", _("Until the end of a day")),
        ]
        if expires_at:
            offered.insert(0, ("", _("Until %(moment)s, as it is") % {"moment": formats().moment(expires_at)}))
        self.open_for.choices = choices(offered)

    def expires_at(self, before: datetime | None) -> datetime | None:
        """Return the moment that was chosen; None: always."""
        if self.open_for.data in SPANS:
            return now() + SPANS[self.open_for.data]
        if self.open_for.data == "until" and self.until.data is not None:
            return formats().midnight(self.until.data + timedelta(days=1))
        return before if self.open_for.data == "" else None
