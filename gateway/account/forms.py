"""Forms of one's own way in. Nothing is trimmed or changed in a password."""

from flask_wtf import FlaskForm
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import DataRequired, Length

from gateway.i18n.catalog import N_
from gateway.identity.factor.forms import CodeForm
from gateway.identity.forms import NewPasswordForm, stripped


class ForgottenForm(FlaskForm):
    """Whose password was forgotten: a login or an e-mail address."""

    login = StringField(
        N_("Login or e-mail"),
        filters=[stripped],
        validators=[
            DataRequired(N_("Enter your login or your e-mail address.")),
            Length(max=256, message=N_("At most 256 characters.")),
        ],
        render_kw={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"},
    )


class ChangePasswordForm(NewPasswordForm):
    """The password one has, and the new one twice."""

    current = PasswordField(N_("Present password"), render_kw={"autocomplete": "current-password"})


class ProofForm(CodeForm):
    """What shows who one is, and where to go afterwards; the code where there is a second factor."""

    password = PasswordField(N_("Password"), render_kw={"autocomplete": "current-password"})
    next = HiddenField()
