"""How things read for one person: the values in force, after all inheritance."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Preferences:
    """A BCP 47 tag, an IANA zone, and four patterns in the mini-language of `gateway.i18n.patterns`."""

    language: str
    time_zone: str
    output_date: str
    output_time: str
    input_date: str
    input_time: str


GATEWAY_DEFAULTS = Preferences("en", "UTC", "YYYY-MM-DD", "HH24:MI:SS", "YYYY-MM-DD", "HH24:MI")
