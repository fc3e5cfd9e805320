"""Forms of portals that live elsewhere: the names of the fields are those of the file that a command takes."""

from collections.abc import Sequence
from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, Field, HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, Regexp, ValidationError

from gateway.access import addresses
from gateway.access.external import ICONS, Registration
from gateway.access.structure import KEY
from gateway.i18n.catalog import N_, gettext
from gateway.identity.forms import Versioned, choices, plain_text, stripped
from gateway.outbound import Network

MOST_ADDRESSES = 20
HUES = [("1", N_("Blue")), ("2", N_("Green")), ("3", N_("Purple")), ("4", N_("Orange")), ("5", N_("Teal"))]
URL = {"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}
PLAIN = {"autocomplete": "off", "spellcheck": "false"}


def lines(text: str | None) -> list[str]:
    """Return the lines of a text that say something."""
    return [line.strip() for line in (text or "").splitlines() if line.strip()]


def _good_address(_form: FlaskForm, field: Field) -> None:
    if field.data and (fault := addresses.fault(field.data)):
        raise ValidationError(fault)


def _callable_address(form: "PortalForm", field: Field) -> None:
    if field.data and (fault := addresses.fault_of_called(field.data, form.networks)):
        raise ValidationError(fault)


def _good_addresses(_form: FlaskForm, field: Field) -> None:
    found = lines(field.data)
    if len(found) > MOST_ADDRESSES:
        raise ValidationError(gettext("At most %(count)d addresses.") % {"count": MOST_ADDRESSES})
    for number, address in enumerate(found, start=1):
        if fault := addresses.fault(address):
            raise ValidationError(gettext("Line %(line)d: %(fault)s") % {"line": number, "fault": fault})


def _text(label: str, longest: int, *more: Any) -> StringField:
    checks = [*more, Length(max=longest, message=N_("This is too long.")), plain_text]
    return StringField(label, filters=[stripped], validators=checks, render_kw={"autocomplete": "off"})


DATA = {"translate": "no"}
JSON_BOX = {**DATA, "spellcheck": "false", "class": "mono"}


class PortalForm(FlaskForm, Versioned):
    """What is said of a portal beside its structure."""

    title = _text(N_("Title"), 120, DataRequired(N_("Enter a title.")))
    icon = SelectField(N_("Icon"), choices=choices((name, name) for name in ICONS), render_kw=DATA)
    hue = SelectField(N_("Colour"), choices=choices(HUES))
    start_url = StringField(
        N_("Start page"),
        filters=[stripped],
        validators=[DataRequired(N_("Enter an address.")), _good_address],
        render_kw=URL,
    )
    redirect_uris = TextAreaField(
        N_("Return addresses"),
        validators=[DataRequired(N_("Enter an address.")), _good_addresses],
        render_kw={**PLAIN, "rows": 3},
    )
    post_logout_uris = TextAreaField(
        N_("Addresses after log-out"), validators=[_good_addresses], render_kw={**PLAIN, "rows": 2}
    )
    logout_uri = StringField(
        N_("Back-channel log-out"), filters=[stripped], validators=[_callable_address], render_kw=URL
    )
    public = BooleanField(N_("It cannot keep a secret"))

    def __init__(self, networks: Sequence[Network], **given: Any) -> None:
        super().__init__(**given)
        self.networks = networks
        self.hue.choices = choices((number, gettext(name)) for number, name in HUES)

    @property
    def registration(self) -> Registration:
        """Return what was typed."""
        return Registration(
            title=self.title.data or "",
            icon=self.icon.data,
            hue=int(self.hue.data),
            start_url=self.start_url.data or "",
            redirect_uris=lines(self.redirect_uris.data),
            post_logout_uris=lines(self.post_logout_uris.data),
            logout_uri=self.logout_uri.data or "",
            public=bool(self.public.data),
        )


class StructureForm(FlaskForm, Versioned):
    """A structure as JSON, pasted."""

    structure = TextAreaField(N_("Structure (JSON)"), render_kw={**JSON_BOX, "rows": 16})
    confirm = HiddenField()


class NewPortalForm(PortalForm):
    """A new portal, with its structure."""

    slug = StringField(
        N_("Short name"),
        filters=[stripped],
        validators=[
            DataRequired(N_("Enter a short name.")),
            Length(max=40, message=N_("At most 40 characters.")),
            Regexp(KEY, message=N_("Lower-case words joined by hyphens.")),
        ],
        render_kw=PLAIN,
    )
    structure = TextAreaField(N_("Structure (JSON)"), render_kw={**JSON_BOX, "rows": 14})
