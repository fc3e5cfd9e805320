"""The form of an administrator."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectField, StringField
from wtforms.validators import DataRequired

from gateway.access.administrators import Record
from gateway.access.roles import called
from gateway.i18n.catalog import N_
from gateway.i18n.catalog import gettext as _
from gateway.identity.forms import (
    NetworksField,
    Versioned,
    choices,
    email_field,
    honest_login,
    name_field,
    stripped,
)
from gateway.identity.models import SecondFactor


class AdministratorForm(FlaskForm, Versioned):
    """Who it is, and what they may do."""

    login = StringField(
        N_("Login"),
        filters=[stripped],
        validators=[DataRequired(N_("Enter a login.")), honest_login],
        render_kw={"autocomplete": "off"},
    )
    name = name_field()
    email = email_field()
    role = SelectField(N_("Role"))
    trusted_networks = NetworksField(N_("Trusted IP addresses"))
    confirm = BooleanField(N_("I know: this ends my log-in from here"))
    second_factor = SelectField(N_("Two-factor authentication"), default=SecondFactor.INHERIT.value)

    def __init__(self, roles: Any, **given: Any) -> None:
        super().__init__(**given)
        self.role.choices = choices((id, called(name)) for id, name in roles)
        words = (_("As the gateway has it"), _("Yes"), _("No"))
        self.second_factor.choices = choices(zip(SecondFactor, words, strict=True))

    @property
    def record(self) -> Record:
        """Return what was typed."""
        return Record(
            self.login.data or "",
            self.name.data or "",
            self.email.data or "",
            self.role.data,
            SecondFactor(self.second_factor.data),
        )
