"""The form that asks a customer for consent."""

from flask_wtf import FlaskForm
from wtforms import HiddenField, StringField
from wtforms.validators import DataRequired, Length

from gateway.i18n.catalog import N_
from gateway.identity.forms import plain_text, stripped


class AskForm(FlaskForm):
    """Why staff want to be let in, to act as whom (empty: as the customer)."""

    subject = HiddenField()
    reason = StringField(
        N_("Reason"),
        filters=[stripped],
        validators=[
            DataRequired(N_("Say why.")),
            Length(max=200, message=N_("At most 200 characters.")),
            plain_text,
        ],
    )
