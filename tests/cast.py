"""The people of the tests, by name. Everybody's password is the same."""

from dataclasses import dataclass

PASSWORD = "correct horse battery staple"


@dataclass(frozen=True)
class Member:
    """Somebody who logs in: a login and the realm's log-in page."""

    login: str
    log_in_at: str


ROOT = Member("root", "/admin/login")
HELEN = Member("helen", "/admin/login")
AUDREY = Member("audrey", "/admin/login")
ABC = Member("abc", "/login")
JOHN = Member("john", "/login")
MARK = Member("mark", "/login")
ADAM = Member("adam", "/login")
GLOBEX = Member("globex", "/login")
EVE = Member("eve", "/login")
INITECH = Member("initech", "/login")

STAFF = (ROOT, HELEN, AUDREY)
PEOPLE = (ABC, JOHN, MARK, ADAM, GLOBEX, EVE, INITECH)
CAST = (*STAFF, *PEOPLE)
