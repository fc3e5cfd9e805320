"""The acceptance case of the product: John, Mark and Adam of ABC see exactly what their roles say."""

from collections.abc import Callable

import pytest

from tests.cast import ADAM, JOHN, MARK, Member
from tests.house import Browser

NewBrowser = Callable[[], Browser]
EXTENSIONS, INVOICES, DEVICES = (
    "/portals/pbx/configuration/extensions",
    "/portals/pbx/finance/invoices",
    "/portals/iot/devices",
)


@pytest.mark.parametrize(
    ("member", "portals"),
    [(JOHN, {"Cloud PBX", "IoT", "My access"}), (MARK, {"Cloud PBX", "My access"}), (ADAM, {"Cloud PBX", "My access"})],
)
def test_the_picker_shows_the_portals_of_the_role_and_no_others(
    new_browser: NewBrowser, member: Member, portals: set[str]
) -> None:
    visitor = new_browser()
    assert visitor.log_in(member).location == "/"
    page = visitor.get("/").text
    assert {title for title in ("Cloud PBX", "IoT", "My access", "Console") if f"<h2>{title}</h2>" in page} == portals


@pytest.mark.parametrize(
    ("member", "open_to_them", "closed_to_them"),
    [
        (JOHN, [EXTENSIONS, DEVICES], [INVOICES]),
        (MARK, [EXTENSIONS], [INVOICES, DEVICES]),
        (ADAM, [INVOICES], [EXTENSIONS, DEVICES]),
    ],
)
def test_a_forbidden_page_is_not_in_the_navigation_and_its_address_is_not_found(
    new_browser: NewBrowser, member: Member, open_to_them: list[str], closed_to_them: list[str]
) -> None:
    visitor = new_browser()
    visitor.log_in(member)
    page = visitor.get("/portals/pbx/overview").text
    for path in open_to_them:
        assert visitor.get(path).status_code == 200
    for path in closed_to_them:
        assert visitor.get(path).status_code == 404
        assert f'href="{path}"' not in page
    assert visitor.get("/portals/pbx/nothing-here").status_code == 404


def test_john_may_change_extensions_and_adam_not_even_find_them(new_browser: NewBrowser) -> None:
    john, adam = new_browser(), new_browser()
    john.log_in(JOHN)
    adam.log_in(ADAM)
    path = f"{EXTENSIONS}/abc-100"
    form = {"number": "100", "name": "Reception", "version": "1"}
    assert john.post(path, form).status_code == 303
    assert "Reception" in john.get(path).text
    assert adam.post(path, form, page="/portals/pbx/overview").status_code == 404
