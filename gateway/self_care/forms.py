"""Forms of the self-care portal."""

from wtforms import PasswordField

from gateway.i18n.catalog import N_
from gateway.identity.forms import NewPasswordForm


class ChangePasswordForm(NewPasswordForm):
    """The password one has, and the new one twice."""

    current = PasswordField(N_("Present password"), render_kw={"autocomplete": "current-password"})
