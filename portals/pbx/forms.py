"""Forms of the Cloud PBX."""

from flask_wtf import FlaskForm
from wtforms import IntegerField, StringField
from wtforms.validators import DataRequired, Email, Length, NumberRange, Optional, Regexp
from wtforms.widgets import HiddenInput

from gateway.portal import N_
from portals.pbx.importer import NUMBER, PHONE


def stripped(text: str | None) -> str | None:
    """Drop the spaces around a text; an empty one is none."""
    return text.strip() or None if text else None


class ExtensionForm(FlaskForm):
    """An extension. `version` is the one that was shown, so that nobody overwrites what they have not seen."""

    number = StringField(
        N_("Number"),
        filters=[stripped],
        validators=[
            DataRequired(N_("Enter a number.")),
            Regexp(NUMBER, message=N_("A number has 1 to 16 digits, * or #.")),
        ],
    )
    name = StringField(
        N_("Name"),
        filters=[stripped],
        validators=[DataRequired(N_("Enter a name.")), Length(max=120, message=N_("At most 120 characters."))],
    )
    email = StringField(
        N_("E-mail"),
        filters=[stripped],
        validators=[
            Optional(),
            Length(max=254, message=N_("At most 254 characters.")),
            Email(N_("This is no e-mail address.")),
        ],
    )
    forward_to = StringField(
        N_("Forward to"),
        filters=[stripped],
        validators=[Optional(), Regexp(PHONE, message=N_("This is no telephone number."))],
    )
    version = IntegerField(widget=HiddenInput(), validators=[Optional(), NumberRange(0, 2**31 - 1)])

    @property
    def values(self) -> dict[str, str | None]:
        """Return what was typed, by column."""
        return {name: self[name].data for name in ("number", "name", "email", "forward_to")}
