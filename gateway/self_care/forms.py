"""Forms of the self-care portal."""

from flask_wtf import FlaskForm
from wtforms import PasswordField

from gateway.i18n.catalog import N_
from gateway.identity.forms import NewPasswordForm, PreferenceFields, Versioned


class ChangePasswordForm(NewPasswordForm):
    """The password one has, and the new one twice."""

    current = PasswordField(N_("Present password"), render_kw={"autocomplete": "current-password"})


class PreferencesForm(FlaskForm, PreferenceFields, Versioned):
    """How things read for oneself; empty: inherited."""
