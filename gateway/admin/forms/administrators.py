"""The form of an administrator."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms import SelectField, StringField
from wtforms.validators import DataRequired, Email, Length, Optional

from gateway.access.administrators import Record
from gateway.access.roles import called
from gateway.admin.forms.customers import version_field
from gateway.i18n.catalog import N_
from gateway.identity.forms import choices, honest_login, plain_text, stripped


class AdministratorForm(FlaskForm):
    """Who it is, and what they may do."""

    login = StringField(
        N_("Login"),
        filters=[stripped],
        validators=[DataRequired(N_("Enter a login.")), honest_login],
        render_kw={"autocomplete": "off"},
    )
    name = StringField(
        N_("Name"),
        filters=[stripped],
        validators=[
            DataRequired(N_("Enter a name.")),
            Length(max=200, message=N_("At most 200 characters.")),
            plain_text,
        ],
        render_kw={"autocomplete": "off"},
    )
    email = StringField(
        N_("E-mail"),
        filters=[stripped],
        validators=[
            Optional(),
            Length(max=254, message=N_("At most 254 characters.")),
            Email(N_("This is no e-mail address.")),
        ],
        render_kw={"type": "email", "autocomplete": "off"},
    )
    role = SelectField(N_("Role"))
    version = version_field()

    def __init__(self, roles: Any, **given: Any) -> None:
        super().__init__(**given)
        self.role.choices = choices((id, called(name)) for id, name in roles)

    @property
    def record(self) -> Record:
        """Return what was typed."""
        return Record(self.login.data or "", self.name.data or "", self.email.data or "", self.role.data)
