"""Login names: one canonical form, the same for creation, log-in and throttle (RFC 8265, UTS 39; UNI-01, UNI-02)."""

import unicodedata

from gateway.i18n.catalog import gettext as _

LONGEST = 64


def canonical(login: str) -> str:
    """Return the form under which logins are compared: NFKC, case folding, NFKC again (once is not idempotent)."""
    folded = unicodedata.normalize("NFKC", login).casefold()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", folded).casefold())


def fault(login: str) -> str | None:
    """Return why `login` cannot be a new login, as a sentence, or None if it can."""
    if not login:
        return _("Enter a login.")
    if len(login) > LONGEST:
        return _("A login has at most %(limit)d characters.") % {"limit": LONGEST}
    for character in canonical(login) + login:
        category = unicodedata.category(character)
        if category[0] in "CZ":
            return _("A login has no spaces, control characters or invisible characters.")
    scripts = {script for character in canonical(login) if (script := _script(character))}
    if len(scripts) > 1 and not scripts <= _JAPANESE:
        return _("A login is written in one script; this one mixes %(scripts)s.") % {
            "scripts": ", ".join(sorted(script.title() for script in scripts))
        }
    return None


_JAPANESE = {"LATIN", "CJK", "HIRAGANA", "KATAKANA"}


def _script(character: str) -> str | None:
    if not character.isalpha():
        return None
    word = unicodedata.name(character, "UNKNOWN").split()[0]
    return "CJK" if word in ("IDEOGRAPHIC", "CJK") else word
