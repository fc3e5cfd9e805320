"""The form behind every button that opens a portal for somebody."""

from flask_wtf import FlaskForm
from wtforms import HiddenField, StringField
from wtforms.validators import Length

from gateway.access.doors import LONGEST_NAME
from gateway.i18n.catalog import N_
from gateway.identity.forms import plain_text, stripped


class LaunchForm(FlaskForm):
    """One click: for whom, which portal (empty: the picker; `slug:name` is a further view of it), how."""

    subject = HiddenField(validators=[Length(max=16)])
    portal = HiddenField(validators=[Length(max=64 + 1 + LONGEST_NAME)])
    mode = HiddenField()
    view_only = HiddenField()
    emergency = HiddenField()
    reason = StringField(
        N_("Reason"),
        filters=[stripped],
        validators=[Length(max=200, message=N_("At most 200 characters.")), plain_text],
    )
    next = HiddenField()
