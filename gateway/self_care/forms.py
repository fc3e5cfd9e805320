"""Forms of the self-care portal."""

from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import DataRequired, Email, Length

from gateway.i18n.catalog import N_
from gateway.identity.forms import PreferenceFields, Versioned, stripped


class EmailForm(FlaskForm):
    """Another e-mail address."""

    email = StringField(
        N_("New e-mail address"),
        filters=[stripped],
        validators=[
            DataRequired(N_("Enter an e-mail address.")),
            Length(max=254, message=N_("At most 254 characters.")),
            Email(N_("This is no e-mail address.")),
        ],
        render_kw={"type": "email", "autocomplete": "email"},
    )


class PreferencesForm(FlaskForm, PreferenceFields, Versioned):
    """How things read for oneself; empty: inherited."""
