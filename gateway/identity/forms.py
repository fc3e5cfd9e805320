"""Forms of logging in. Nothing is trimmed or changed in a password."""

from flask_wtf import FlaskForm
from wtforms import HiddenField, PasswordField, StringField

from gateway.i18n.catalog import N_


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
