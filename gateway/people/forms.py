"""The form of an individual: the names of its fields are those of `contract.md`."""

from collections.abc import Sequence

from flask_wtf import FlaskForm
from wtforms import BooleanField, PasswordField, SelectField, StringField
from wtforms.validators import DataRequired, Optional, ValidationError

from gateway.access.individuals import Record
from gateway.i18n.catalog import N_
from gateway.i18n.catalog import gettext as _
from gateway.identity.forms import Versioned, choices, email_field, honest_login, name_field
from gateway.web.fields import DayField


class IndividualForm(FlaskForm, Versioned):
    """Who it is, what they may do, and from when to when."""

    name = name_field()
    email = email_field()
    login = StringField(
        N_("Login"),
        filters=[lambda text: text or None],
        validators=[DataRequired(N_("Enter a login.")), honest_login],
        render_kw={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"},
    )
    role = SelectField(N_("Role"), coerce=lambda value: value or None, validate_choice=False)
    activates_on = DayField(N_("Active from"), validators=[Optional()])
    expires_on = DayField(N_("Expires"), validators=[Optional()])
    suspended = BooleanField(N_("Suspended: cannot log in"))

    def offer(self, roles: Sequence[tuple[str, str]]) -> None:
        """Fill the list of roles to choose from."""
        self.role.choices = choices([("", _("Choose a role")), *roles])

    def validate_role(self, field: SelectField) -> None:
        """Refuse no role, and what is no role at all; which of them may be given is asked of the operation."""
        if not field.data:
            raise ValidationError(_("Choose a role of the list."))

    def validate_expires_on(self, field: DayField) -> None:
        """Refuse an end that is not after the beginning."""
        first = self.activates_on.data
        if field.data and first and field.data <= first:
            raise ValidationError(_("This has to be later than the day from which they are active."))

    @property
    def record(self) -> Record:
        """Return what was typed."""
        return Record(
            login=self.login.data or "",
            name=self.name.data or "",
            email=self.email.data or "",
            role_id=self.role.data,
            activates_on=self.activates_on.data,
            expires_on=self.expires_on.data,
            suspended=self.suspended.data,
        )


class NewIndividualForm(IndividualForm):
    """A new individual, and how they get in."""

    password = PasswordField(N_("Password"), render_kw={"autocomplete": "new-password"})
    invite = BooleanField(N_("Send a link by mail, by which they choose a password themselves"))

    def validate_invite(self, field: BooleanField) -> None:
        """Refuse a letter to nobody."""
        if field.data and not self.email.data:
            raise ValidationError(_("Without an e-mail address there is nowhere to send a link."))
