"""Levels: how the tree hands them down, what ceilings leave of them, and what may be given on."""

from collections.abc import Mapping

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from gateway.access.delegation import excess
from gateway.access.levels import Level, under
from gateway.access.models import DEFAULT_ROLE, AllowedRole
from gateway.access.operations import allow_role, set_portal_view
from gateway.access.rights import Rights
from gateway.access.structure import Node, Page, Root, Structure, Tab
from gateway.errors import DeclarationError, Forbidden, NotFound
from gateway.identity.models import Realm
from tests.house import house_of, rows, working

FORBIDDEN, VIEW, FULL = Level
TREE = Root(
    Page("overview", "Overview"),
    Page("configuration", "Configuration", tabs=(Tab("extensions", "Extensions"), Tab("groups", "Groups"))),
    Page("finance", "Finance", tabs=(Tab("invoices", "Invoices", tabs=(Tab("lines", "Lines"),)),)),
    Page("profile", "Profile", own=True),
)
NODES = list(TREE.nodes)
some_levels = st.dictionaries(st.sampled_from(["", *NODES]), st.sampled_from(Level))


@pytest.mark.parametrize(
    ("given_levels", "node", "level"),
    [
        ({}, "overview", FORBIDDEN),
        ({"": VIEW}, "overview", VIEW),
        ({"": VIEW}, "finance.invoices.lines", VIEW),
        ({"": VIEW, "finance": FULL}, "finance.invoices", FULL),
        ({"": VIEW, "finance": FULL}, "finance.invoices.lines", FULL),
        ({"": FULL, "finance": FORBIDDEN}, "finance.invoices", FORBIDDEN),
        ({"": FULL, "finance": FORBIDDEN, "finance.invoices": VIEW}, "finance.invoices", VIEW),
        ({"": FULL, "finance.invoices": VIEW}, "finance", FULL),
        ({"configuration.extensions": FULL}, "configuration", FORBIDDEN),
        ({"configuration.extensions": FULL}, "configuration.groups", FORBIDDEN),
        ({"": FULL, "overview": FORBIDDEN}, "overview", FORBIDDEN),
        ({"no-such-node": FULL}, "overview", FORBIDDEN),
        ({"": FORBIDDEN, "profile": FORBIDDEN}, "profile", FULL),
    ],
)
def test_a_node_has_its_own_level_else_its_parents_else_that_of_the_root_else_none(
    given_levels: Mapping[str, Level], node: str, level: Level
) -> None:
    assert TREE.levels(given_levels)[node] is level


def test_whoever_has_no_role_has_their_own_pages_and_nothing_else__ROL_05() -> None:
    assert {node for node, level in TREE.only_own().items() if level} == {"profile"}


@given(some_levels)
def test_every_node_has_one_level_and_only_nodes_have(given_levels: dict[str, Level]) -> None:
    levels = TREE.levels(given_levels)
    assert list(levels) == NODES
    for node, level in given_levels.items():
        assert node in ("", "profile") or levels[node] is level


@given(st.sampled_from(Level), st.lists(st.sampled_from(Level)))
def test_a_ceiling_lowers_and_never_lifts(level: Level, ceilings: list[Level]) -> None:
    assert under(level, ceilings) == min([level, *ceilings])
    assert under(level, [*ceilings, FULL]) == under(level, ceilings)


def test_the_words_of_levels_are_read_strictly() -> None:
    assert [Level.of(level.word) for level in Level] == list(Level)
    for word in ("", "FULL", "write", "2"):
        with pytest.raises(ValueError, match="is no level: forbidden, view or full"):
            Level.of(word)


@given(some_levels, some_levels)
def test_nobody_gives_what_they_do_not_have__ROL_06(mine: dict[str, Level], theirs: dict[str, Level]) -> None:
    have, gives = {"pbx": TREE.levels(mine)}, {"pbx": TREE.levels(theirs)}
    beyond = excess(gives, have)
    assert beyond == [("pbx", node) for node in NODES if gives["pbx"][node] > have["pbx"][node]]
    assert excess(have, have) == []
    assert bool(beyond) == (not all(gives["pbx"][node] <= have["pbx"][node] for node in NODES))


def test_a_portal_or_node_that_the_giver_does_not_know_counts_as_forbidden__ROL_06() -> None:
    assert excess({"iot": {"devices": VIEW}}, {}) == [("iot", "devices")]
    assert excess({"iot": {"devices": VIEW, "new": FULL}}, {"iot": {"devices": FULL}}) == [("iot", "new")]
    assert excess({"iot": {"devices": FORBIDDEN}}, {}) == []


def test_a_default_role_is_full_everywhere_in_its_realm_and_nowhere_else(app: Flask) -> None:
    house = house_of(app)
    with house.database.reading() as reader:
        ours = house.rights.of(reader, Realm.SELF_CARE, DEFAULT_ROLE[Realm.SELF_CARE], 1)
        other = house.rights.of(reader, Realm.SELF_CARE, DEFAULT_ROLE[Realm.ADMIN], 1)
    assert set(ours) == {"pbx", "iot", "self-care"}
    assert {level for nodes in ours.values() for level in nodes.values()} == {FULL}
    assert {level for slug, nodes in other.items() for level in nodes.values() if slug != "self-care"} == {FORBIDDEN}


def test_a_default_role_is_not_edited_and_not_handed_out__ROL_01(app: Flask) -> None:
    with working(app) as work:
        for role_id in DEFAULT_ROLE.values():
            with pytest.raises(Forbidden):
                set_portal_view(work, role_id, "pbx", {"": "view"})
        with pytest.raises(Forbidden):
            allow_role(work, "abc", DEFAULT_ROLE[Realm.SELF_CARE])
        for role_id in ("helpdesk", DEFAULT_ROLE[Realm.ADMIN], "nothing", ""):
            with pytest.raises(NotFound):
                allow_role(work, "abc", role_id)
        with pytest.raises(NotFound):
            set_portal_view(work, "nothing", "pbx", {})
    allowed = rows(app, select(AllowedRole.role_id).where(AllowedRole.customer_id == "abc"))
    assert {row[0] for row in allowed} == {"itlead", "itsupport", "accountant"}


def test_a_role_is_compiled_once_for_each_of_its_versions__ROL_03(app: Flask) -> None:
    house = house_of(app)
    rights = Rights({Realm.SELF_CARE: {"pbx": TREE}})
    with house.database.reading() as reader:
        before = rights.of(reader, Realm.SELF_CARE, "accountant", 1)
        with working(app) as work:
            set_portal_view(work, "accountant", "pbx", {"": "view"})
        assert rights.of(reader, Realm.SELF_CARE, "accountant", 1) is before
        after = rights.of(reader, Realm.SELF_CARE, "accountant", 2)
    assert (before["pbx"]["finance"], after["pbx"]["finance"]) == (FULL, VIEW)


@pytest.mark.parametrize("key", ["", "Overview", "a.b", "-a", "a-", "a--b", "a b", "1a", "a_b", "ä", "a\n"])
def test_a_key_that_is_not_lower_case_words_is_refused__POR_01(key: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        _ = Root(Page(key, "Title")).nodes
    assert repr(key) in str(refused.value)


def test_a_node_that_is_declared_twice_is_refused_and_one_key_on_two_pages_is_not__POR_01() -> None:
    tab = Tab("list", "List")
    assert list(Root(Page("a", "A", tabs=(tab,)), Page("b", "B", tabs=(tab,))).nodes) == ["a", "a.list", "b", "b.list"]
    with pytest.raises(DeclarationError, match=r"'a\.list' is declared twice"):
        _ = Root(Page("a", "A", tabs=(tab, tab))).nodes


def test_the_version_of_a_structure_follows_its_keys_and_not_its_titles() -> None:
    def version(*pages: Node) -> str:
        return Structure(pages).version

    assert version(Page("a", "A")) == version(Page("a", "Other"))
    assert version(Page("a", "A")) != version(Page("b", "A"))
    assert version(Page("a", "A")) != version(Page("a", "A", own=True))
