"""The self-care panel of a customer or an individual: the names of its fields are those of `contract.md`."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    PasswordField,
    SelectField,
    StringField,
)
from wtforms.validators import ValidationError

from gateway.i18n.catalog import N_
from gateway.i18n.catalog import gettext as _
from gateway.identity.forms import NetworksField, PreferenceFields, Versioned, choices, honest_login
from gateway.identity.models import SecondFactor


def _listed(_form: FlaskForm, field: SelectField) -> None:
    if field.data and field.data not in {choice.value for choice in field.choices or ()}:  # type: ignore[union-attr]
        raise ValidationError(_("Choose a role of the list."))


class PanelForm(FlaskForm, PreferenceFields, Versioned):
    """Access to self-care. A field that is not sent keeps what is stored; an empty password too."""

    login = StringField(
        N_("Login"),
        filters=[lambda text: text or None],
        validators=[honest_login],
        render_kw={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"},
    )
    password = PasswordField(N_("New password"), render_kw={"autocomplete": "new-password"})
    password_must_change = BooleanField(N_("The new password must be changed at the next log-in"), default=True)
    second_factor = SelectField(N_("Two-factor authentication"))
    trusted_networks = NetworksField(N_("Trusted IP addresses"))
    api_access = BooleanField(N_("May use the API"))
    role = SelectField(N_("Role"), coerce=lambda value: value or None, validators=[_listed], validate_choice=False)

    def offer(self, roles: Sequence[tuple[str, str]], languages: Sequence[str], inherited: Mapping[str, Any]) -> None:
        """Fill the lists to choose from; `inherited` says what an empty choice of a field comes to."""
        self.offer_languages(languages, inherited["language"])
        second_factor = _("Yes") if inherited["second_factor"] else _("No")
        inherit = _("Inherited: %(value)s") % {"value": second_factor}
        self.second_factor.choices = choices([("inherit", inherit), ("yes", _("Yes")), ("no", _("No"))])
        nothing = [] if self.role.object_data else [("", _("No role: no rights"))]
        self.role.choices = choices([*nothing, *roles])

    @property
    def access(self) -> dict[str, Any]:
        """Return what was typed, by column."""
        return {
            "login": self.login.data,
            "second_factor": SecondFactor(self.second_factor.data),
            "api_access": self.api_access.data,
            "role_id": self.role.data,
            **self.preferences,
        }
