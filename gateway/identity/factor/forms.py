"""Forms of the second factor. Nothing is trimmed or changed in a code: what is written otherwise is another one."""

from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, PasswordField, StringField
from wtforms.validators import DataRequired, Length

from gateway.i18n.catalog import N_
from gateway.identity.forms import plain_text, stripped


class CodeForm(FlaskForm):
    """A code of an app, or a recovery code."""

    code = StringField(N_("Code"), render_kw={"autocomplete": "one-time-code", "spellcheck": "false", "dir": "ltr"})


class StepForm(CodeForm):
    """A code at the log-in, and whether this browser is to be asked again."""

    remember = BooleanField(N_("Remember this browser for 30 days"))


class PasskeyForm(FlaskForm):
    """What an authenticator said, as JSON."""

    credential = HiddenField()


class NewPasskeyForm(PasskeyForm):
    """A new passkey, and what its owner calls it."""

    name = StringField(
        N_("Name"),
        filters=[stripped],
        validators=[
            DataRequired(N_("Enter a name.")),
            Length(max=80, message=N_("At most 80 characters.")),
            plain_text,
        ],
        render_kw={"autocomplete": "off"},
    )


class ProofForm(CodeForm):
    """The password that somebody has, and a code where they have set up a second factor."""

    current = PasswordField(N_("Present password"), render_kw={"autocomplete": "current-password"})
