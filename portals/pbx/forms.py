"""Forms of the Cloud PBX."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from flask_wtf import FlaskForm
from wtforms import Field, IntegerField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import (
    DataRequired,
    Email,
    InputRequired,
    Length,
    NumberRange,
    Optional,
    Regexp,
    ValidationError,
)
from wtforms.widgets import HiddenInput

from gateway.portal import N_, Invalid, Stale, gettext
from portals.pbx.importer import LONGEST_RING, NUMBER, PHONE, SHORTEST_RING
from portals.pbx.models import Strategy
from portals.pbx.operations import MOST_MEMBERS

STRATEGIES = {Strategy.ALL: N_("All at once"), Strategy.IN_ORDER: N_("One after another")}
FEWEST_PLACES, SPARE_PLACES = 4, 2


def stripped(text: str | None) -> str | None:
    """Drop the spaces around a text; an empty one is none."""
    return text.strip() or None if text else None


def _number() -> StringField:
    return StringField(
        N_("Number"),
        filters=[stripped],
        validators=[
            DataRequired(N_("Enter a number.")),
            Regexp(NUMBER, message=N_("A number has 1 to 16 digits, * or #.")),
        ],
    )


def _name() -> StringField:
    return StringField(
        N_("Name"),
        filters=[stripped],
        validators=[DataRequired(N_("Enter a name.")), Length(max=120, message=N_("At most 120 characters."))],
    )


def _target(label: str) -> StringField:
    return StringField(
        label,
        filters=[stripped],
        validators=[Optional(), Regexp(PHONE, message=N_("This is no telephone number."))],
    )


def _seconds(label: str) -> IntegerField:
    return IntegerField(
        label,
        validators=[
            InputRequired(N_("Enter a whole number.")),
            NumberRange(SHORTEST_RING, LONGEST_RING, message=N_("From 5 to 300 seconds.")),
        ],
    )


class SavedForm(FlaskForm):
    """A form of something that several may save. `version` is the one that was shown, so that nobody overwrites what
    they have not seen. `names` are the fields that are kept.
    """

    names: ClassVar[Sequence[str]] = ()

    version = IntegerField(widget=HiddenInput(), validators=[Optional(), NumberRange(0, 2**31 - 1)])

    @property
    def values(self) -> dict[str, Any]:
        """Return what was typed, by column."""
        return {name: self[name].data for name in self.names}

    def check_version(self, version: int) -> None:
        """Raise `Stale` if another version than the present one was shown."""
        if self.version.data not in (None, version):
            raise Stale

    def meanwhile(self, stored: Mapping[str, Any], version: int) -> list[tuple[str, str]]:
        """Return label and value of what is stored otherwise than it was typed; saving again saves over `version`."""
        self.version.raw_data, self.version.data = None, version
        differing = [name for name in self.names if self[name].data != stored[name]]
        return [(self[name].label.text, self.word(name, stored[name])) for name in differing]

    def word(self, name: str, value: Any) -> str:
        """Return a value of a field as a text."""
        return "" if value is None else str(value)

    def refuse(self, invalid: Invalid) -> None:
        """Put what cannot be taken beside its fields."""
        for name, texts in invalid.errors.items():
            self[name].errors = texts


class ExtensionForm(SavedForm):
    """An extension."""

    names = ("number", "name", "email", "forward_to")

    number = _number()
    name = _name()
    email = StringField(
        N_("E-mail"),
        filters=[stripped],
        validators=[
            Optional(),
            Length(max=254, message=N_("At most 254 characters.")),
            Email(N_("This is no e-mail address.")),
        ],
    )
    forward_to = _target(N_("Forward every call to"))


class ForwardingForm(SavedForm):
    """Where the calls of an extension go on to."""

    names = ("forward_to", "forward_busy", "forward_no_answer", "no_answer_seconds")

    forward_to = _target(N_("Forward every call to"))
    forward_busy = _target(N_("When the line is busy, forward to"))
    forward_no_answer = _target(N_("When nobody answers, forward to"))
    no_answer_seconds = _seconds(N_("Nobody has answered after"))


class MembersField(Field):
    """Numbers of extensions in their order, chosen in as many lists as there are places. `choices` are number and
    name of the customer's extensions.
    """

    choices: Sequence[tuple[str, str]] = ()

    def process_data(self, value: Sequence[str] | None) -> None:
        """Take the numbers that are stored."""
        self.data = list(value or ())

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        """Take the numbers that were chosen; a place left empty is none."""
        self.data = [number for text in valuelist for number in text.split()]

    @property
    def places(self) -> list[str]:
        """Return the number at each place, with some empty ones at the end."""
        chosen: list[str] = self.data
        count = min(max(len(chosen) + SPARE_PLACES, FEWEST_PLACES), MOST_MEMBERS)
        return (chosen + [""] * count)[:count]


class RingGroupForm(SavedForm):
    """A ring group."""

    names = ("number", "name", "strategy", "seconds", "members")

    number = _number()
    name = _name()
    strategy = SelectField(N_("How they ring"))
    seconds = _seconds(N_("Each rings for"))
    members = MembersField(N_("Members"), validators=[DataRequired(N_("Choose at least one extension."))])

    def __init__(self, extensions: Sequence[tuple[str, str]], **given: Any) -> None:
        super().__init__(**given)
        self.strategy.choices = [SelectChoice(one.value, gettext(text)) for one, text in STRATEGIES.items()]
        self.members.choices = extensions

    def validate_members(self, field: MembersField) -> None:
        """Refuse too many, and what is no number; whose they are is asked of the operation."""
        if len(field.data) > MOST_MEMBERS:
            raise ValidationError(gettext("At most %(most)d members.") % {"most": MOST_MEMBERS})
        if not all(NUMBER.match(number) for number in field.data):
            raise ValidationError(gettext("Choose from your extensions."))

    def word(self, name: str, value: Any) -> str:
        """Return a value of a field as a text."""
        if name == "strategy":
            return gettext(STRATEGIES[value])
        return ", ".join(value) if name == "members" else super().word(name, value)
