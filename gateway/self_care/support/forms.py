"""Forms of support access."""

from datetime import datetime, timedelta

from flask_wtf import FlaskForm
from wtforms import BooleanField, Field, HiddenField
from wtforms.validators import ValidationError

from gateway.i18n.catalog import N_
from gateway.i18n.catalog import gettext as _
from gateway.web.fields import MomentField

SPANS = {"hour": timedelta(hours=1), "day": timedelta(days=1)}


def _said(form: "WindowForm", field: Field) -> None:
    if form.open_for.data not in SPANS and field.data is None and not field.process_errors:
        raise ValidationError(_("Enter until when staff are let in."))


class WindowForm(FlaskForm):
    """For how long staff are let in: `hour`, `day`, or until the moment that is typed."""

    open_for = HiddenField()
    until = MomentField(N_("Until"), validators=[_said])

    def moment(self, now: datetime) -> datetime:
        """Return until when; only of a form that was found good."""
        span = SPANS.get(self.open_for.data or "")
        return now + span if span else self.until.data  # type: ignore[return-value]


class MailForm(FlaskForm):
    """Whether the customer is told by mail of every visit."""

    support_mail = BooleanField(N_("Send us a mail whenever staff open our portals"))
