"""What a new password has to be: one set of rules, asked at every door where one is chosen (PWD-01, PWD-02, PWD-03)."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.orm import aliased
from zxcvbn import zxcvbn

from gateway.db import AnyRow
from gateway.i18n.catalog import gettext as _
from gateway.identity import logins, passwords
from gateway.identity.inheritance import in_force, says
from gateway.identity.models import CustomerClass, Identity

SHORTEST = 15
SHORTEST_WITH_FACTOR = 8
LONGEST = 256
GOOD_SCORE, LEFT_OVER_SCORE = 3, 2
MEASURED = 72
"""zxcvbn takes no more characters than these; what is good so far stays good."""
SHORTEST_WORD = 3
OURS = ("portico", "portal", "gateway", "password", "login", "welcome", "admin")
_LOOK_ALIKES = ({}, *(str.maketrans("013457@$!", f"o{one}eastasi") for one in "il"))

_customer = aliased(Identity)
_SUBJECT = (
    select(
        Identity.login,
        Identity.name,
        _customer.login.label("customer_login"),
        _customer.name.label("customer_name"),
        CustomerClass.password_shortest,
        *says(("second_factor",), Identity, _customer, CustomerClass),
    )
    .outerjoin(_customer, _customer.id == Identity.customer_id)
    .outerjoin(CustomerClass, CustomerClass.id == _customer.class_id)
    .where(Identity.id == bindparam("id"))
)
_CLASS = select(CustomerClass.password_shortest, CustomerClass.second_factor).where(CustomerClass.id == bindparam("id"))


@dataclass(frozen=True, slots=True)
class Rules:
    """How many characters somebody's password needs, and the words that it is not to be made of."""

    shortest: int
    login: str = ""
    words: tuple[str, ...] = ()

    def with_words(self, login: str | None, *texts: str | None) -> "Rules":
        """Return the same rules for a login that is being typed, and with the words of more texts."""
        return Rules(self.shortest, login or "", (*self.words, *_words((login, *texts))))

    def sentences(self) -> list[str]:
        """Return what to tell beside the field."""
        return [
            _("At least %(count)d characters; any characters count, spaces too.") % {"count": self.shortest},
            _("Not made of your login, your name, or the names of the company and of the portals."),
            _("Hard to guess: several unusual words, or a good one made for you."),
        ]


def rules_for(reader: Connection, identity_id: str, product: Iterable[str]) -> Rules:
    """Return the rules for somebody: as long as the class says, else as the second factor in force allows.

    `product` are the names of the house: brand and portals.
    """
    return rules_of(reader.execute(_SUBJECT, {"id": identity_id}).one(), product)


def rules_of(row: AnyRow, product: Iterable[str]) -> Rules:
    """Return the rules for somebody of whom a row says it already, as that of the self-care panel does."""
    factor = bool(in_force(row, "second_factor", False).value)
    about = (row.name, row.customer_login, row.customer_name)
    return _rules(row.password_shortest, factor, product).with_words(row.login, *about)


def rules_in_class(reader: Connection, class_id: str, product: Iterable[str]) -> Rules:
    """Return the rules for a customer to be, of a class, which may be unknown or (empty) not chosen yet."""
    row = reader.execute(_CLASS, {"id": class_id}).one_or_none() if class_id else None
    return _rules(row.password_shortest if row else None, bool(row and row.second_factor), product)


def rules_for_staff(product: Iterable[str]) -> Rules:
    """Return the rules for an administrator to be."""
    return _rules(None, False, product)


def password_faults(password: str, confirm: str, rules: Rules) -> dict[str, list[str]]:
    """Return what is wrong with a new password, by field; empty when nothing is."""
    if len(password) < rules.shortest:
        return {"password": [_("Use at least %(count)d characters.") % {"count": rules.shortest}]}
    if len(password) > LONGEST:
        return {"password": [_("Use at most %(count)d characters.") % {"count": LONGEST}]}
    login = logins.canonical(rules.login)
    if len(login) >= SHORTEST_WORD and login in logins.canonical(password):
        return {"password": [_("A password must not contain the login.")]}
    if is_made_of(password, rules.words):
        return {"password": [_("Leave out your login, your name, and the names of the company and of the portals.")]}
    found = strength(password, rules)
    if found.score < GOOD_SCORE:
        return {"password": [" ".join((_("This is too easy to guess."), *found.advice))]}
    if password != confirm:
        return {"confirm": [_("The two passwords differ.")]}
    return {}


def offered_password(rules: Rules) -> str:
    """Return a random password that has none of the faults."""
    length = max(20, rules.shortest)
    password = passwords.generated(length)
    while password_faults(password, password, rules):
        password = passwords.generated(length)
    return password


@dataclass(frozen=True, slots=True)
class Strength:
    """How hard a password is to guess, from 0 to 4, and what would make it harder."""

    score: int
    advice: Sequence[str] = ()


def strength(password: str, rules: Rules) -> Strength:
    """Measure a password. Nothing leaves this process, and nothing is kept (zxcvbn, Wheeler 2016)."""
    if not password:
        return Strength(0)
    measured = zxcvbn(password[:MEASURED], [word for word in rules.words if word.isprintable()], max_length=MEASURED)
    if is_made_of(password, rules.words):
        return Strength(0, (_("It is made of your login, a name or a portal."),))
    sayings = {
        "repeat": _("Repeated characters and words add little."),
        "sequence": _("Rows such as abcdef or 6543 are tried early."),
        "spatial": _("Neighbouring keys are tried early."),
        "dictionary": _("Common words and names, also with digits in place of letters, are tried early."),
        "regex": _("Years are tried early."),
        "date": _("Dates are tried early."),
    }
    patterns = dict.fromkeys(match["pattern"] for match in measured["sequence"])
    advice = [sayings[pattern] for pattern in patterns if pattern in sayings]
    score = int(measured["score"])
    if not advice and len(password) >= rules.shortest:
        score = max(score, GOOD_SCORE)  # nothing in it can be guessed, and eight characters never reach this score
    return Strength(score, advice[:2] if score < GOOD_SCORE else ())


def is_made_of(password: str, words: Iterable[str]) -> bool:
    """Tell whether little is left of a password without these words, also where digits stand for letters."""
    known = sorted({*words, *OURS}, key=len, reverse=True)
    plain = password.casefold()
    pattern = re.compile("|".join(map(re.escape, known)))
    taken: set[int] = set()
    for alike in _LOOK_ALIKES:
        for found in pattern.finditer(plain.translate(alike)):
            taken.update(range(*found.span()))
    if not taken:
        return False
    left = "".join(letter for place, letter in enumerate(plain) if place not in taken)[:MEASURED]
    return not left or zxcvbn(left, max_length=MEASURED)["score"] < LEFT_OVER_SCORE


def _rules(of_class: int | None, factor: bool, product: Iterable[str]) -> Rules:
    return Rules(of_class or (SHORTEST_WITH_FACTOR if factor else SHORTEST), "", _words(product))


def _words(texts: Iterable[str | None]) -> tuple[str, ...]:
    found = (part for text in texts if text for part in re.split(r"[\W_]+", text.casefold()))
    return tuple(dict.fromkeys(part for part in found if len(part) >= SHORTEST_WORD))
