"""The form of a new token."""

from collections.abc import Sequence

from flask_wtf import FlaskForm
from wtforms import RadioField, SelectMultipleField, StringField
from wtforms.validators import DataRequired, Length, NumberRange
from wtforms.widgets import CheckboxInput, ListWidget

from gateway.i18n.catalog import N_
from gateway.i18n.catalog import gettext as _
from gateway.identity.api_tokens import LONGEST_NAME, MOST_DAYS, USUAL_DAYS, Terms
from gateway.identity.forms import WholeNumber, choices, plain_text, stripped

LEVELS = {"view": N_("Look only"), "full": N_("Whatever its owner may do")}


class TokenForm(FlaskForm):
    """What a token is for, what it may do, and for how long."""

    name = StringField(
        N_("Name"),
        filters=[stripped],
        validators=[
            DataRequired(N_("Enter a name.")),
            Length(max=LONGEST_NAME, message=N_("At most 100 characters.")),
            plain_text,
        ],
        render_kw={"autocomplete": "off"},
    )
    level = RadioField(N_("What it may do"), default="view")
    portals = SelectMultipleField(
        N_("Only in these portals"), widget=ListWidget(prefix_label=False), option_widget=CheckboxInput()
    )
    days = WholeNumber(
        N_("Good for, in days"),
        default=USUAL_DAYS,
        validators=[NumberRange(1, MOST_DAYS, N_("Between 1 and 365 days."))],
    )

    def offer(self, portals: Sequence[tuple[str, str]]) -> None:
        """Fill the lists to choose from."""
        self.level.choices = choices((word, _(title)) for word, title in LEVELS.items())
        self.portals.choices = choices(portals)

    @property
    def terms(self) -> Terms:
        """Return what was typed."""
        return Terms(self.name.data or "", self.level.data, self.portals.data or (), self.days.data or 0)
