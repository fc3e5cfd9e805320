"""Forms of roles."""

from typing import Any

from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import DataRequired, Length, ValidationError

from gateway.i18n.catalog import N_, gettext
from gateway.identity.models import Realm

REALMS = {Realm.SELF_CARE: N_("Customers and individuals"), Realm.ADMIN: N_("Administrators")}


def _plain(_form: FlaskForm, field: StringField) -> None:
    if any(not character.isprintable() for character in field.data or ""):
        raise ValidationError(gettext("Control characters cannot be used here."))


def stripped(text: str | None) -> str | None:
    """Drop the spaces around a text."""
    return text.strip() if text else text


class RoleForm(FlaskForm):
    """What a role is called and what it is for; its levels are fields of their own, read from the portals."""

    name = StringField(
        N_("Name"),
        filters=[stripped],
        validators=[DataRequired(N_("Enter a name.")), Length(max=120, message=N_("At most 120 characters.")), _plain],
    )
    description = StringField(
        N_("Description"),
        filters=[stripped],
        validators=[Length(max=500, message=N_("At most 500 characters.")), _plain],
    )
    version = HiddenField()


class NewRoleForm(RoleForm):
    """A new role: of one realm, empty or like another."""

    realm = RadioField(N_("For whom"), default=Realm.SELF_CARE.value)
    like = SelectField(N_("Like"), validate_choice=False)

    def __init__(self, others: Any, **given: Any) -> None:
        super().__init__(**given)
        self.realm.choices = [SelectChoice(realm.value, gettext(text)) for realm, text in REALMS.items()]
        self.like.choices = [SelectChoice("", gettext("Nothing: it opens no portal yet")), *others]


class ImportForm(FlaskForm):
    """A role from a file, or pasted."""

    file = FileField(N_("File"))
    text = TextAreaField(N_("Or its text"), render_kw={"rows": 8, "spellcheck": "false"})
