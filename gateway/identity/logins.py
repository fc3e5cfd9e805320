"""Login names: one canonical form, the same for creation, log-in and throttle (RFC 8265, UTS 39; UNI-01, UNI-02)."""

import unicodedata

from gateway.i18n.catalog import gettext as _

LONGEST = 64
TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def canonical(login: str) -> str:
    """Return the form under which logins are compared: NFKC, case folding, NFKC again (once is not idempotent)."""
    folded = unicodedata.normalize("NFKC", login).casefold()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", folded).casefold())


def is_plain(text: str) -> bool:
    """Tell whether a name has no control characters and none that turn the direction of writing."""
    if text.isprintable():
        return True
    return not any(unicodedata.category(letter) in ("Cc", "Cs", "Cn") or letter in TURNING for letter in text)


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
    if scripts and scripts <= {"CYRILLIC", "GREEK"} and not set(filter(str.isalpha, canonical(login))) - _LIKE_LATIN:
        return _("Every letter of this login looks like a Latin one, so it could be mistaken for another login.")
    return None


# Letters of other scripts that are drawn as Latin ones (UTS 39), in lower case.
_LIKE_LATIN = frozenset(
    "\u0430\u0435\u0454\u0455\u0456\u0457\u0458\u043a\u043e\u0440\u0441\u0443\u0445\u0501\u051b\u051d\u04bb\u04cf"
    "\u03b1\u03b3\u03b9\u03ba\u03bd\u03bf\u03c1\u03c3\u03c4\u03c5\u03c7"
)
_JAPANESE = {"LATIN", "CJK", "HIRAGANA", "KATAKANA"}


def _script(character: str) -> str | None:
    if not character.isalpha():
        return None
    word = unicodedata.name(character, "UNKNOWN").split()[0]
    return "CJK" if word in ("IDEOGRAPHIC", "CJK") else word
