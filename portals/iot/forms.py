"""Forms of IoT."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms import IntegerField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional, ValidationError
from wtforms.widgets import HiddenInput

from gateway.portal import N_, gettext
from portals.iot.models import AlertKind

LARGEST = {AlertKind.QUOTA: 1000, AlertKind.DAILY: 1_000_000, AlertKind.SILENT: 365}
KINDS = {
    AlertKind.QUOTA: N_("More than this percentage of the monthly quota is used"),
    AlertKind.DAILY: N_("More than this many megabytes are used in a day"),
    AlertKind.SILENT: N_("Nothing is heard for more than this many days"),
}


def _version() -> IntegerField:
    return IntegerField(widget=HiddenInput(), validators=[Optional(), NumberRange(0, 2**31 - 1)])


class DeviceForm(FlaskForm):
    """What a customer may say of a device. `version` is the one that was shown."""

    name = StringField(
        N_("Name"),
        filters=[lambda text: text.strip() if text else text],
        validators=[DataRequired(N_("Enter a name.")), Length(max=120, message=N_("At most 120 characters."))],
    )
    version = _version()


class AlertForm(FlaskForm):
    """A rule: which device (empty: any), what to look for, and from where on."""

    device = SelectField(N_("Device"), validate_choice=False)
    kind = SelectField(N_("Tell me when"))
    threshold = IntegerField(
        N_("Threshold"),
        validators=[InputRequired(N_("Enter a whole number.")), NumberRange(1, message=N_("At least 1."))],
    )
    version = _version()

    def __init__(self, devices: Any, **given: Any) -> None:
        super().__init__(**given)
        self.device.choices = [SelectChoice("", gettext("Any device")), *(SelectChoice(*row) for row in devices)]
        self.kind.choices = [SelectChoice(kind.value, gettext(text)) for kind, text in KINDS.items()]

    def validate_threshold(self, field: IntegerField) -> None:
        """Hold the number to what its kind allows."""
        largest = LARGEST.get(AlertKind(self.kind.data)) if self.kind.data in list(AlertKind) else None
        if largest and (field.data or 0) > largest:
            raise ValidationError(gettext("At most %(largest)d.") % {"largest": largest})

    @property
    def values(self) -> dict[str, Any]:
        """Return what was typed, by column."""
        return {
            "device_id": self.device.data or None,
            "kind": AlertKind(self.kind.data),
            "threshold": self.threshold.data,
        }
