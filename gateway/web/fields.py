"""Fields of forms that read what the reader types as the reader types it."""

from collections.abc import Sequence
from datetime import date

from wtforms import Field
from wtforms.widgets import TextInput

from gateway.i18n.formats import Unreadable
from gateway.web.current import formats


class DayField(Field):
    """A day, typed by the reader's input pattern or as ISO 8601; empty: none."""

    widget = TextInput()
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
