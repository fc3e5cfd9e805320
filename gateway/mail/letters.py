"""What the letters say, in the language in force."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.i18n.catalog import gettext as _
from gateway.i18n.formats import Formats


class Letter(enum.StrEnum):
    """The kinds of letters."""

    INVITATION = "invitation"


@dataclass(frozen=True, slots=True)
class Written:
    """A letter in words: plain text."""

    subject: str
    text: str


def invitation(brand: str, name: str, login: str, link: str, until: datetime, formats: Formats) -> Written:
    """Write the letter with the link that lets somebody in once; the password is never in it (PWD-05)."""
    given = {"brand": brand, "name": name, "login": login, "link": link, "until": formats.moment(until)}
    zone = {"zone": formats.zone_name(until)}
    paragraphs = (
        _("Hello %(name)s,") % given,
        _("you can log in to %(brand)s now. Your login is %(login)s.") % given,
        _("Open this link to choose a password:") + "\n" + link,
        _("The link works once, until %(until)s (%(zone)s).") % {**given, **zone},
        _("If you did not expect this, you need not do anything."),
    )
    return Written(_("Your access to %(brand)s") % given, "\n\n".join(paragraphs) + "\n")


def write(letter: str, given: Mapping[str, Any], to: Any, link: str, brand: str, formats: Formats) -> Written:
    """Put a letter of the outbox into words; `to` is whom it is for, `link` where it leads."""
    until = datetime.fromisoformat(given["until"])
    return {Letter.INVITATION: invitation}[Letter(letter)](brand, to.name, to.login or "", link, until, formats)
