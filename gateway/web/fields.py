"""Fields of forms that read what the reader types as the reader types it."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from markupsafe import Markup
from wtforms import Field, StringField
from wtforms.widgets import TextInput, html_params

from gateway.i18n.catalog import N_, language
from gateway.i18n.catalog import gettext as _
from gateway.i18n.formats import Unreadable
from gateway.i18n.reading import Moment
from gateway.i18n.samples import PRESETS, presets
from gateway.web.current import formats
from gateway.web.jinja import pick_day

READY = "_ready"
"""What the name of the list of ready formats ends in, after that of its field."""

FIRST_OF_TWO = N_("The clocks show this time twice on that day; the first one was taken.")


class DayInput(TextInput):
    """A text, and beside it the picker where the day may be changed."""

    def __call__(self, field: Field, **kwargs: Any) -> Markup:
        """Draw it."""
        typed = super().__call__(field, **{"autocomplete": "off", **formats().shape(), **kwargs})
        if kwargs.get("disabled"):
            return Markup(typed)
        return Markup('<span class="join">{}{}</span>').format(Markup(typed), pick_day())


class DayField(Field):
    """A day, typed by the reader's input pattern or as ISO 8601; empty: none."""

    widget = DayInput()
    data: date | None

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return formats().typed_day(self.data) if self.data else ""

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        """Read what was typed; raises `ValueError` with a sentence that names the pattern."""
        if not valuelist:
            return
        self.data = None
        if valuelist[0].strip():
            try:
                self.data = formats().read_day(valuelist[0])
            except Unreadable as error:
                raise ValueError(str(error)) from error


class MomentField(Field):
    """A day and a time of the reader's zone, typed by the input patterns or as ISO 8601; empty: none.

    `remark` says that the clocks show that time twice, where they do: it belongs on the page that follows.
    """

    widget = TextInput()
    data: datetime | None
    remark: str | None = None

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return formats().typed_moment(self.data) if self.data else ""

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        """Read what was typed; raises `ValueError` with a sentence that names the patterns."""
        if not valuelist:
            return
        self.data = self.remark = None
        if valuelist[0].strip():
            read = self._read(valuelist[0])
            self.data, self.remark = read.at, _(FIRST_OF_TWO) if read.doubled else None

    def _read(self, text: str) -> Moment:
        try:
            return formats().read_moment(text)
        except Unreadable as error:
            raise ValueError(str(error)) from error


class PatternInput(TextInput):
    """A format as a text, and beside it the ready ones: what is chosen there wins, with a script or without."""

    def __call__(self, field: Field, **kwargs: Any) -> Markup:
        """Draw it."""
        typed = Markup(super().__call__(field, **kwargs))
        offered = Markup("").join(
            Markup('<option value="{}">{}</option>').format(pattern, title)
            for pattern, title in presets(field.name, language())
        )
        chosen = html_params(
            name=f"{field.name}{READY}",
            aria_label=_("Ready formats"),
            data_preset=True,
            disabled=bool(kwargs.get("disabled")),
        )
        first = Markup('<option value="">{}</option>').format(_("Ready formats …"))
        return Markup('<span class="pair">{}<select {}>{}{}</select></span>').format(
            typed, Markup(chosen), first, offered
        )


class PatternField(StringField):
    """A format: typed, or one of the ready ones, which then wins over what is typed beside it."""

    widget = PatternInput()

    def process(self, formdata: Any, *given: Any, **more: Any) -> None:
        """Take what was chosen, else what was typed."""
        super().process(formdata, *given, **more)
        chosen = formdata.get(f"{self.name}{READY}") if formdata else None
        if chosen in PRESETS[self.name]:
            self.data, self.raw_data = chosen, [chosen]
