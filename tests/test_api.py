"""The calls of the API: what they answer, what they refuse, and that they do as the pages do."""

import json
import os
import re
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from gateway import clock
from gateway.access.models import AllowedRole, Role
from gateway.access.operations import set_portal_view
from gateway.api.models import IdempotencyKey
from gateway.api.operations import forget_old
from gateway.audit.models import AuditEvent
from gateway.identity.models import CustomerClass, CustomerStatus, Identity, Kind, Realm, SupportAccess
from gateway.launch.models import LaunchRequest
from gateway.web import rates
from tests.cast import ABC, HELEN, JOHN, ROOT
from tests.elsewhere import register
from tests.house import Browser, add_identity, change, house_of, rows, value, working
from tests.programs import Program
from tests.test_lists import faults, plan_of, sent

NewBrowser = Callable[[], Browser]
REDIS = os.environ.get("TEST_REDIS_URL")


@pytest.fixture
def root(app: Flask) -> Program:
    """A program of root's."""
    return Program(app, "root")


def managing(app: Flask, level: str = "full") -> Program:
    """Return a program of john's, whose role manages individuals."""
    with working(app) as work:
        set_portal_view(work, "itlead", "self-care", {"individuals": level})
    return Program(app, "john")


def test_only_the_authorization_header_counts__CSRF_05(app: Flask, new_browser: NewBrowser) -> None:
    browser = new_browser()
    browser.log_in(ABC)
    assert browser.get("/portals/self-care/profile").status_code == 200
    assert browser.get("/api/v1/self").status_code == 401
    root = new_browser()
    root.log_in(ROOT)
    assert root.get("/api/v1/customers").status_code == 401
    assert root.client.post("/api/v1/customers", json={"name": "x", "customer_class": "gold"}).status_code == 401


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_json_is_taken_as_application_json_only__CSRF_05(root: Program, kind: str) -> None:
    body = json.dumps({"name": "x", "customer_class": "gold"})
    answer = root.call("POST", "/customers", data=body, content_type=kind)
    assert (answer.status_code, answer.json["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_no_other_site_is_let_in_by_cors__CSRF_05(root: Program, origin: str) -> None:
    for method in ("GET", "OPTIONS"):
        answer = root.call(method, "/self", headers={"Origin": origin, "Access-Control-Request-Method": "GET"})
        assert not [name for name, _value in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, ""),
        (400, "{"),
        (400, '{"name": "a", "name": "b", "customer_class": "gold"}'),
        (400, '{"name": NaN}'),
        (400, "9" * 5000),
        (400, "[" * 100_000),
        (422, '{"name": "a\\u0000b", "customer_class": "gold"}'),
        (422, '{"name": "a\\ud800b", "customer_class": "gold"}'),
        (422, '{"\\ud800": 1}'),
        (422, "[]"),
        (422, "null"),
        (422, '"text"'),
        (422, '{"name": ["a"], "customer_class": "gold"}'),
        (422, '{"name": 1, "customer_class": "gold"}'),
        (422, '{"name": "a", "customer_class": "gold", "api_access": 1}'),
        (422, '{"name": "a", "customer_class": "gold", "api_access": "true"}'),
        (422, '{"name": "a", "customer_class": "gold", "status": true}'),
        (422, '{"name": "a\\u202eb", "customer_class": "gold"}'),
    ],
)
def test_what_is_unclear_or_of_another_type_is_refused__INJ_08__INP_02(root: Program, status: int, body: str) -> None:
    answer = root.call("POST", "/customers", data=body, content_type="application/json")
    assert answer.status_code == status, answer.text


def test_a_body_of_two_megabytes_is_refused__INP_04(root: Program) -> None:
    body = json.dumps({"name": "x" * 2**21, "customer_class": "gold"})
    answer = root.call("POST", "/customers", data=body, content_type="application/json")
    assert (answer.status_code, answer.json["code"]) == (413, "too_large")


EXTRA = (
    *("id", "kind", "realm", "role_id", "class_id", "customer_id", "is_admin", "actor", "version", "password_hash"),
    *("created_at", "last_login_at", "totp_enabled", "allowed_ips"),
)


@pytest.mark.parametrize("field", EXTRA)
def test_undeclared_fields_are_refused__INJ_07(app: Flask, root: Program, field: str) -> None:
    for path in ("/customers/abc", "/individuals/john", "/classes/gold", "/roles/itlead"):
        before = rows(app, select(Identity.__table__))
        answer = root.patch(path, {field: "globex"})
        assert answer.status_code == 422
        assert field in answer.json["errors"]
        assert rows(app, select(Identity.__table__)) == before


@pytest.mark.parametrize("limit", ["0", "-1", "101", "2147483648", "1e30", "NaN", "1_0", "\uff11", "9" * 5000, ""])
def test_the_size_of_a_page_is_between_1_and_100__INP_01(root: Program, limit: str) -> None:
    for path in ("/customers", "/individuals", "/audit", "/roles", "/classes"):
        answer = root.call("GET", path, query_string={"limit": limit})
        assert answer.status_code == 422
        assert "limit" in answer.json["errors"]


@pytest.mark.parametrize("query", ["limit=1&limit=2", "q[]=x", "sort=name", "cursor=nonsense", "cursor=W10"])
def test_a_query_is_read_strictly__INJ_08(root: Program, query: str) -> None:
    for path in ("/customers", "/roles", "/classes", "/portals", "/self", "/customers/abc"):
        answer = root.get(f"{path}?{query}")
        assert (answer.status_code, len(answer.json["errors"])) == (422, 1), path
    assert root.call("POST", f"/classes?{query}", {"name": "New", "second_factor": False}).status_code == 422


def test_staff_find_individuals_of_everybody_by_the_beginning_of_a_name_or_by_login(app: Flask, root: Program) -> None:
    def found(query: str) -> list[str]:
        return [item["login"] for item in root.get(f"/individuals?{query}").json["items"]]

    assert found("") == ["adam", "eve", "john", "mark"]
    assert found("q=JOHN") == found("q=john%20car") == ["john"]
    assert found("q=ca") == found("q=%25") == []
    change(app, "mark", login="jo", login_key="jo")
    assert found("q=JO") == ["john", "jo"]
    page = root.get("/individuals?q=jo&limit=1").json
    assert [item["login"] for item in page["items"]] == ["john"]
    assert found(f"q=jo&cursor={page['next']}") == ["jo"]
    for beyond in ("role=itlead", "status=active", "customer=&role=itlead"):
        answer = root.get(f"/individuals?{beyond}")
        assert (answer.status_code, list(answer.json["errors"])) == (422, ["customer"])
    john = managing(app)
    assert [item["login"] for item in john.get("/individuals?q=ca").json["items"]] == ["john"]
    for path in ("/individuals", "/individuals?q=jo"):
        for statement, parameters in sent(app, root, path):
            plan = plan_of(app, statement, parameters)
            assert faults(plan) == [], plan
            assert "(kind=?)" not in plan or "q=" not in path, plan


def test_a_list_is_read_to_its_end_by_cursors(app: Flask, root: Program) -> None:
    with working(app) as work:
        for number in range(25):
            add_identity(work, Kind.CUSTOMER, f"c{number:02}", f"Customer {number % 5}", "owner", clock.now())
            name = f"Person {number % 5}"
            add_identity(work, Kind.INDIVIDUAL, f"i{number:02}", name, "itlead", clock.now(), customer="abc")
            work.add(Role(id=f"r{number:02}", realm=list(Realm)[number % 2], name=f"Role {number}", description=""))
            work.add(CustomerClass(id=f"k{number:02}", name=f"class {number}", second_factor=False))
    lists = (("/customers?", 28), ("/individuals?customer=abc&", 28), ("/audit?", None))
    for path, expected in (
        *lists,
        ("/individuals?", 29),
        ("/individuals?q=PERSON%201&", 5),
        ("/roles?", 33),
        ("/classes?", 27),
        ("/roles?q=ROLE%201&", 11),
        ("/classes?q=Class&", 25),
    ):
        seen: list[Any] = []
        cursor = ""
        while cursor is not None:
            page = root.get(f"{path}limit=7{f'&cursor={cursor}' if cursor else ''}").json
            assert len(page["items"]) <= 7
            seen += [item.get("id", item.get("seq")) for item in page["items"]]
            cursor = page["next"]
        assert len(seen) == len(set(seen))
        assert expected in (None, len(seen))


def test_roles_and_classes_are_found_by_part_of_their_names_in_one_order(app: Flask, root: Program) -> None:
    def names(path: str) -> list[str]:
        return [item["name"] for item in root.get(path).json["items"]]

    with working(app) as work:
        for number, name in enumerate(("Äußeres 100%", "ante_room", "Zulu")):
            work.add(Role(id=f"r{number}", realm=Realm.SELF_CARE, name=name, description=""))
            work.add(CustomerClass(id=f"k{number}", name=name, second_factor=False))
    assert names("/classes") == ["ante_room", "Gold", "Standard", "Zulu", "Äußeres 100%"]
    every = names("/roles")
    assert (every[0], every[1:3], every[3]) == ("Default role", ["auditor", "helpdesk"], "Default role")
    assert every[4:] == ["accountant", "ante_room", "itlead", "itsupport", "owner", "Zulu", "Äußeres 100%"]
    for path in ("/roles", "/classes"):
        assert names(f"{path}?q=ÄUSSERES") == names(f"{path}?q=100%25") == ["Äußeres 100%"]
        assert names(f"{path}?q=E_R") == ["ante_room"]
        assert root.get(f"{path}?q=nothing").json == {"items": [], "next": None}
        assert root.get(f"{path}?limit=1&cursor=bm9uc2Vuc2U").status_code == 422


def test_an_exact_login_comes_first_among_customers(root: Program) -> None:
    assert root.get("/customers?q=globex&limit=1").json["items"][0]["login"] == "globex"
    assert root.get("/customers?q=company").json["items"][0]["name"] == "ABC Company"
    assert root.get("/customers?status=blocked").json == {"items": [], "next": None}


def test_a_customer_is_made_read_and_changed(app: Flask, root: Program) -> None:
    made = root.post(
        "/customers",
        {
            "login": "umbra",
            "name": "Umbra",
            "email": "office@umbra.example",
            "customer_class": "gold",
            "password": "long enough for anybody",
            "second_factor": "no",
            "trusted_networks": "10.0.0.0/8; 10.10.10.1",
            "api_access": True,
            "time_zone": "europe/prague",
            "output_date_format": "DD.MM.YYYY",
        },
    )
    assert made.status_code == 201, made.text
    id = made.json["id"]
    assert made.headers["Location"] == f"/api/v1/customers/{id}"
    read = root.get(f"/customers/{id}")
    assert read.json == made.json
    assert read.headers["ETag"] == made.headers["ETag"]
    assert made.json["role"] == "default-selfcare"
    assert made.json["time_zone"] == "Europe/Prague"
    assert made.json["trusted_networks"] == "10.0.0.0/8;\n10.10.10.1;"
    assert made.json["has_password"] is True
    assert value(app, Identity.password_must_change, id) is True
    changed = root.patch(
        f"/customers/{id}",
        {"name": "Umbra Ltd", "login": "Umbra2", "role": "owner", "time_zone": "", "status": "suspended"},
        version=read.headers["ETag"],
    )
    assert changed.status_code == 200, changed.text
    assert {name: changed.json[name] for name in ("name", "login", "role", "time_zone", "status", "email")} == {
        "name": "Umbra Ltd",
        "login": "Umbra2",
        "role": "owner",
        "time_zone": None,
        "status": "suspended",
        "email": "office@umbra.example",
    }
    assert root.get(f"/customers/{id}").headers["ETag"] == changed.headers["ETag"] != read.headers["ETag"]


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        *(("login", text) for text in ("abc", "a b", "\u0430bc", "x" * 65)),
        *(("name", text) for text in ("", " ", "x" * 201)),
        *(("email", text) for text in ("nobody", "a@b@c.example")),
        ("customer_class", "nothing"),
        *(("role", text) for text in ("helpdesk", "nothing", "default-admin")),
        ("status", "gone"),
        ("second_factor", "perhaps"),
        ("trusted_networks", "10.0.0.0/0;"),
        ("time_zone", "Mars/Base"),
        ("language", "tlh"),
        ("output_date_format", "DD/XX"),
        ("input_date_format", "DD"),
        ("password", "short"),
    ],
)
def test_a_wrong_value_is_named_by_its_field_and_nothing_is_saved(
    app: Flask, root: Program, field: str, wrong: str
) -> None:
    before = rows(app, select(Identity.__table__))
    good = {"login": "umbra", "name": "Umbra", "customer_class": "gold"}
    for answer in (root.post("/customers", {**good, field: wrong}), root.patch("/customers/globex", {field: wrong})):
        assert answer.status_code == 422, answer.text
        assert field in answer.json["errors"]
    assert rows(app, select(Identity.__table__)) == before


def test_all_of_a_change_is_made_or_nothing(app: Flask, root: Program) -> None:
    answer = root.patch("/customers/abc", {"name": "Other", "status": "blocked", "role": "helpdesk"})
    assert answer.status_code == 422
    assert value(app, Identity.name, "abc") == "ABC Company"
    assert value(app, Identity.status, "abc") is CustomerStatus.ACTIVE


PATCHES = {
    "/customers/abc": {"name": "One"},
    "/individuals/john": {"name": "One"},
    "/classes/gold": {"name": "One"},
    "/roles/itlead": {"name": "One"},
}


@pytest.mark.parametrize("path", PATCHES)
def test_a_change_needs_the_version_that_was_read(root: Program, path: str) -> None:
    assert root.patch(path, PATCHES[path], version=None).status_code == 428
    tag = root.get(path).headers["ETag"]
    assert root.patch(path, PATCHES[path], version=tag).status_code == 200
    for stale in (tag, '"0"', "W/" + tag, "nonsense", '"99999999999"'):
        answer = root.patch(path, {"name": "Two"}, version=stale)
        assert (answer.status_code, answer.json["code"]) == (412, "stale")
    assert root.get(path).json["name"] == "One"


def test_of_sixteen_changes_of_one_version_one_is_made(root: Program) -> None:
    tag = root.get("/customers/abc").headers["ETag"]
    with ThreadPoolExecutor(16) as pool:
        names = [f"Name {number}" for number in range(16)]
        answers = list(pool.map(lambda name: root.patch("/customers/abc", {"name": name}, version=tag), names))
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 15


def test_the_same_call_with_the_same_key_is_made_once(app: Flask, root: Program) -> None:
    body = {"login": "umbra", "name": "Umbra", "customer_class": "gold"}
    with ThreadPoolExecutor(16) as pool:
        calls = [pool.submit(root.post, "/customers", body, headers={"Idempotency-Key": "k1"}) for _ in range(16)]
        answers = [call.result() for call in calls]
    assert {answer.status_code for answer in answers} == {201}
    assert len({(answer.text, answer.headers["ETag"], answer.headers["Location"]) for answer in answers}) == 1
    assert len(rows(app, select(Identity.id).where(Identity.login == "umbra"))) == 1
    assert len(rows(app, select(AuditEvent.seq).where(AuditEvent.event == "customer.created"))) == 1


def test_a_key_stands_for_one_call_of_one_caller(app: Flask, root: Program) -> None:
    key = {"Idempotency-Key": "k1"}
    assert root.post("/classes", {"name": "Silver"}, headers=key).status_code == 201
    other = root.post("/classes", {"name": "Bronze"}, headers=key)
    assert (other.status_code, list(other.json["errors"])) == (422, ["Idempotency-Key"])
    assert root.post("/roles", {"name": "Silver"}, headers=key).status_code == 422
    helen = Program(app, "helen")
    body = {"name": "x", "customer_class": "gold"}
    assert helen.post("/customers", body, headers=key).status_code == 201
    for wrong in ("", "x" * 256, "\u00e9"):
        assert root.post("/classes", {"name": "Tin"}, headers={"Idempotency-Key": wrong}).status_code == 422


def test_a_refused_call_leaves_its_key_free_and_answers_are_kept_for_a_day(app: Flask, root: Program) -> None:
    key = {"Idempotency-Key": "k1"}
    assert root.post("/classes", {"name": "Gold"}, headers=key).status_code == 422
    assert root.post("/classes", {"name": "Silver"}, headers=key).status_code == 201
    house = house_of(app)
    with house.database.writing() as work:
        forget_old(work, clock.now() + timedelta(hours=25))
        work.commit()
    assert rows(app, select(func.count()).select_from(IdempotencyKey)) == [(0,)]


def test_a_launch_is_given_again_for_as_long_as_it_is_good_and_then_asked_for_anew_once(
    app: Flask, root: Program
) -> None:
    key, body = {"Idempotency-Key": "k1"}, {"subject": "abc", "portal": "pbx"}

    def ask() -> dict[str, Any]:
        answer = root.post("/launches", body, headers=key)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json
        return found

    first = ask()
    with time_machine.travel(clock.now() + timedelta(minutes=9)):
        assert ask() == first
    with time_machine.travel(clock.now() + timedelta(minutes=11)):
        with ThreadPoolExecutor(8) as pool:
            later = [call.result() for call in [pool.submit(ask) for _ in range(8)]]
        assert {answer["url"] for answer in later} == {later[0]["url"]} != {first["url"]}
        assert later[0]["expires_at"] > clock.now().isoformat()
        assert root.post("/launches", {**body, "portal": ""}, headers=key).status_code == 422
    assert len(rows(app, select(LaunchRequest.id))) == 2


def test_no_password_is_kept_beside_a_key(app: Flask, root: Program) -> None:
    body = {"name": "x", "customer_class": "gold", "login": "x1", "password": "canary canary canary"}
    assert root.post("/customers", body, headers={"Idempotency-Key": "k"}).status_code == 201
    assert "canary" not in str(rows(app, select(IdempotencyKey.__table__)))
    assert "canary" not in str(rows(app, select(AuditEvent.__table__)))


def test_an_individual_is_made_changed_and_deleted_by_staff(app: Flask, root: Program) -> None:
    body = {"customer": "abc", "login": "nina", "name": "Nina", "role": "itlead", "expires_on": "2030-01-31"}
    made = root.post("/individuals", {**body, "api_access": True, "language": "en"})
    assert made.status_code == 201, made.text
    id = made.json["id"]
    assert {**body, "api_access": True, "language": "en", "status": "active"}.items() <= made.json.items()
    changed = root.patch(f"/individuals/{id}", {"suspended": True, "role": "accountant", "second_factor": "yes"})
    assert (changed.json["status"], changed.json["role"], changed.json["second_factor"]) == (
        "suspended",
        "accountant",
        "yes",
    )
    assert root.patch(f"/individuals/{id}", {"role": "owner"}).status_code == 422
    assert root.delete(f"/individuals/{id}").status_code == 204
    assert root.get(f"/individuals/{id}").status_code == 404


def test_who_manages_individuals_gives_nothing_beyond_their_own__ROL_01__ROL_06(app: Flask) -> None:
    john = managing(app)
    with working(app) as work:
        add_identity(work, Kind.INDIVIDUAL, "nina", "Nina", "itsupport", clock.now(), customer="abc")
    roles = {role["id"]: role["within"] for role in john.get("/allowed-roles").json["items"]}
    assert roles == {"accountant": False, "itlead": True, "itsupport": True}
    before = rows(app, select(Identity.id, Identity.role_id))
    new = {"login": "new", "name": "New"}
    assert john.post("/individuals", {**new, "role": "accountant"}).status_code == 403
    assert john.patch("/individuals/nina", {"role": "accountant"}).status_code == 403
    assert john.patch("/individuals/adam", {"name": "Other"}).status_code == 403
    assert john.delete("/individuals/adam").status_code == 403
    assert john.patch("/individuals/john", {"role": "itsupport"}).status_code == 403
    assert john.delete("/individuals/john").status_code == 403
    for role_id in ("owner", "default-selfcare", "helpdesk", "nothing", ""):
        assert john.post("/individuals", {**new, "role": role_id}).status_code == 422
        assert john.patch("/individuals/nina", {"role": role_id}).status_code == 422
    assert rows(app, select(Identity.id, Identity.role_id)) == before
    refused = rows(app, select(AuditEvent.reason).where(AuditEvent.event == "access.refused"))
    assert [row.reason for row in refused] == ["beyond_own"] * 4 + ["oneself"] * 2
    assert john.post("/individuals", {**new, "role": "itsupport"}).status_code == 201
    assert john.patch("/individuals/nina", {"role": "itlead"}).status_code == 200


def test_who_manages_individuals_does_not_touch_what_is_for_staff(app: Flask) -> None:
    john = managing(app)
    shown = john.get("/individuals/mark").json
    assert "trusted_networks" not in shown
    assert "api_access" not in shown
    for field, given in (("api_access", True), ("trusted_networks", ""), ("password", "long enough for it")):
        answer = john.patch("/individuals/mark", {field: given})
        assert (answer.status_code, list(answer.json["errors"])) == (422, [field])
    assert managing(app, "view").patch("/individuals/mark", {"name": "Other"}).status_code == 403


def test_nobody_reaches_what_is_another_customers__IDOR_01__IDOR_02(app: Flask) -> None:
    abc, john = Program(app, "abc"), managing(app)
    for program in (abc, john):
        unknown = program.get("/individuals/nothing")
        for method in ("GET", "PATCH", "DELETE"):
            body = {"name": "x"} if method == "PATCH" else None
            answer = program.call(method, "/individuals/eve", body, {"If-Match": "*"})
            assert answer.status_code == 404
            assert {**answer.json, "request_id": ""} == {**unknown.json, "request_id": ""}
        assert program.get("/individuals?customer=globex").status_code == 404
        body = {"customer": "globex", "login": "x1", "name": "x", "role": "itlead"}
        assert program.post("/individuals", body).status_code == 404
        for path in ("/individuals", "/individuals?q=e", "/self", "/allowed-roles", "/sessions"):
            assert "globex" not in program.get(path).text.lower()
            assert "moreau" not in program.get(path).text.lower()


def test_ids_of_another_kind_are_not_found(root: Program) -> None:
    for path in ("/customers/john", "/customers/root", "/individuals/abc", "/individuals/root", "/roles/abc"):
        assert root.get(path).status_code == 404, path
    for path in ("/customers/%00", "/classes/%00", "/individuals/a%00b"):
        assert root.get(path).status_code == 404


def test_allowed_roles_are_given_and_taken(app: Flask, root: Program) -> None:
    assert root.call("PUT", "/customers/globex/allowed-roles/accountant").status_code == 200
    assert {role["id"] for role in root.get("/customers/globex/allowed-roles").json["items"]} == {
        "itlead",
        "accountant",
    }
    for wrong in ("helpdesk", "default-selfcare"):
        assert root.call("PUT", f"/customers/globex/allowed-roles/{wrong}").status_code == 422
    in_use = root.delete("/customers/globex/allowed-roles/itlead")
    assert (in_use.status_code, list(in_use.json["errors"])) == (422, ["move_to"])
    assert root.delete("/customers/globex/allowed-roles/itlead?move_to=accountant").status_code == 204
    assert value(app, Identity.role_id, "eve") == "accountant"
    assert rows(app, select(AllowedRole.role_id).where(AllowedRole.customer_id == "globex")) == [("accountant",)]


def test_roles_are_made_changed_and_deleted(app: Flask, root: Program) -> None:
    views = {"pbx": {"": "view", "finance": "forbidden"}}
    made = root.post("/roles", {"name": "Caller", "description": "Calls", "views": views})
    assert made.status_code == 201, made.text
    path = f"/roles/{made.json['id']}"
    assert root.get(path).json["views"] == views
    changed = root.patch(path, {"views": {"iot": {"devices": "full"}}})
    assert changed.json["views"] == {**views, "iot": {"devices": "full"}}
    assert changed.json["name"] == "Caller"
    for wrong in ({"nothing": {}}, {"pbx": {"nothing": "view"}}, {"pbx": {"": "all"}}, {"console": {"": "view"}}):
        assert root.patch(path, {"views": wrong}).status_code == 422
    assert root.post("/roles", {"name": "caller"}).status_code == 422
    assert root.patch(path, {"name": "ITLEAD", "views": {"iot": {"devices": "view"}}}).status_code == 422
    assert root.patch("/roles/default-selfcare", {"name": "x"}).status_code == 403
    assert root.delete("/roles/itlead").status_code == 422
    assert root.delete(path).status_code == 204
    assert rows(app, select(Role.id).where(Role.name == "Caller")) == []


def test_a_role_has_its_own_door_to_a_portal_elsewhere__INJ_04(app: Flask, root: Program) -> None:
    register(app)
    door, other = "https://tickets.example/owners", "https://tickets.example/others?x=1"
    made = root.post(
        "/roles",
        {"name": "Caller", "views": {"tickets": {"": "view"}, "pbx": {"": "view"}}, "doors": {"tickets": {"": door}}},
    )
    assert made.status_code == 201, made.text
    assert made.json["doors"] == {"tickets": {"": door}}
    path = f"/roles/{made.json['id']}"
    assert root.get(path).json["doors"] == {"tickets": {"": door}}
    assert root.patch(path, {"name": "Callers"}).json["doors"] == {"tickets": {"": door}}
    assert root.patch(path, {"views": {"tickets": {"": "full"}}}).json["doors"] == {"tickets": {"": door}}
    doors = {"": other, "Archive": "https://tickets.example/archive"}
    changed = root.patch(path, {"doors": {"tickets": doors}}).json
    assert (changed["doors"], changed["views"]["tickets"]) == ({"tickets": doors}, {"": "full"})
    for slug, wrong in (
        ("tickets", {"": "javascript:alert(1)"}),
        ("tickets", {"": "http://tickets.example/"}),
        ("tickets", {"Archive": "javascript:alert(1)"}),
        ("tickets", {"Archive": ""}),
        ("tickets", {"Archive": door, "ARCHIVE": door}),
        ("tickets", {"A" * 61: door}),
        ("tickets", {" ": door}),
        ("tickets", {"Archive ": door}),
        ("tickets", {f"View {number}": door for number in range(11)}),
        ("pbx", {"": door}),
        ("nothing", {"": door}),
    ):
        answer = root.patch(path, {"doors": {slug: wrong}})
        assert (answer.status_code, list(answer.json["errors"])) == (422, [f"doors.{slug}"]), wrong
    assert root.patch(path, {"doors": {"tickets": {"": ""}}}).json["doors"] == {}
    assert root.patch(path, {"doors": {"tickets": doors}}).json["doors"] == {"tickets": doors}
    assert root.patch(path, {"views": {"tickets": {}}}).json["doors"] == {}
    last = rows(app, select(AuditEvent.details).order_by(AuditEvent.seq.desc()).limit(1))[0].details
    assert last["before"]["tickets"]["@Archive"] == doors["Archive"]
    assert root.patch(path, {"views": {"tickets": {"": "full"}}}).status_code == 200
    assert root.patch("/roles/accountant", {"doors": {"tickets": {"": door}}}).status_code == 422, (
        "it has no view of it"
    )


def test_the_door_of_a_role_is_the_one_that_people_go_through(
    app: Flask, root: Program, new_browser: NewBrowser
) -> None:
    register(app)
    door = "https://tickets.example/owners"
    assert root.patch("/roles/owner", {"doors": {"tickets": {"": door}}}).status_code == 200
    abc, john = new_browser(), new_browser()
    abc.log_in(ABC)
    john.log_in(JOHN)
    assert f"url={door}?iss=" in abc.get("/portals/tickets/").text
    assert "url=https://tickets.example/start?iss=" in john.get("/portals/tickets/").text


def test_nobody_gives_an_admin_role_beyond_their_own__ROL_06(app: Flask) -> None:
    with working(app) as work:
        set_portal_view(work, "helpdesk", "console", {"roles": "full"})
    helen = Program(app, "helen")
    beyond = {"console": {"audit": "view"}}
    assert helen.post("/roles", {"name": "x", "realm": "admin", "views": beyond}).status_code == 403
    assert helen.patch("/roles/helpdesk", {"views": beyond}).status_code == 403
    assert helen.delete("/roles/auditor?move_to=helpdesk").status_code == 403
    assert helen.post("/roles", {"name": "y", "realm": "admin", "views": {}}).status_code == 201


def test_classes_are_made_changed_and_deleted(app: Flask, root: Program) -> None:
    made = root.post("/classes", {"name": "Silver", "password_shortest": 12, "support_access": "reason"})
    assert made.status_code == 201, made.text
    path = f"/classes/{made.json['id']}"
    assert root.patch(path, {"password_shortest": None, "time_zone": "Asia/Tokyo"}).status_code == 200
    kept = root.patch(path, {"keep_addresses_days": 90, "keep_usage_days": None}).json
    assert (kept["keep_addresses_days"], kept["keep_usage_days"]) == (90, None)
    assert rows(app, select(CustomerClass.time_zone).where(CustomerClass.name == "Silver")) == [("Asia/Tokyo",)]
    for wrong in (
        {"password_shortest": 7},
        {"keep_usage_days": 0},
        {"password_days": "30"},
        {"idle_minutes": True},
        {"name": "Gold"},
    ):
        assert root.patch(path, wrong).status_code == 422
    assert root.delete("/classes/standard").status_code == 422
    assert root.delete(path).status_code == 204


def test_sessions_of_browsers_are_listed_and_ended(app: Flask, root: Program, new_browser: NewBrowser) -> None:
    john, abc = new_browser(), new_browser()
    john.log_in(JOHN)
    abc.log_in(ABC)
    own = Program(app, "john")
    (session,) = own.get("/sessions").json["items"]
    assert session["address"] == "127.0.0.1"
    assert root.get("/individuals/john/sessions").json["items"] == [session]
    assert Program(app, "abc").delete(f"/sessions/{session['id']}").status_code == 404
    assert root.delete(f"/customers/abc/sessions/{session['id']}").status_code == 404
    assert own.delete(f"/sessions/{session['id']}").status_code == 204
    assert john.get("/portals/self-care/profile").status_code == 303
    (session,) = root.get("/customers/abc/sessions").json["items"]
    assert root.delete(f"/customers/abc/sessions/{session['id']}").status_code == 204
    assert abc.get("/portals/self-care/profile").status_code == 303


def test_a_launch_is_asked_for_confirmed_and_lands(app: Flask, new_browser: NewBrowser) -> None:
    program, helen = Program(app, "helen"), new_browser()
    asked = program.post("/launches", {"subject": "john", "portal": "pbx", "reason": "Ticket 4711"})
    assert asked.status_code == 201, asked.text
    path = asked.json["url"]
    assert helen.get(path).status_code == 303
    helen.log_in(HELEN)
    page = helen.get(path)
    assert page.status_code == 200
    for words in ("John Carter", "ABC Company", "Cloud PBX", "Ticket 4711", "itlead"):
        assert words in page.text
    fields = {"subject": "john", "portal": "pbx", "mode": "assigned", "view_only": "", "reason": "Ticket 4711"}
    landed = helen.get(helen.post("/admin/launches", fields, page=path).location)
    assert landed.location.endswith("/portals/pbx/overview")
    assert "Ticket 4711" in helen.get(landed.location).text


def test_a_launch_may_ask_for_a_further_view_of_a_portal_elsewhere(app: Flask, new_browser: NewBrowser) -> None:
    register(app)
    doors = {"tickets": {"Archive: old": "https://tickets.example/archive"}}
    assert Program(app, "root").patch("/roles/owner", {"doors": doors}).status_code == 200
    program, helen = Program(app, "helen"), new_browser()
    helen.log_in(HELEN)
    body = {"subject": "abc", "portal": "tickets", "view": "Archive: old"}
    path = program.post("/launches", body).json["url"]
    page = helen.get(path).text
    assert "Tickets: Archive: old" in page
    (portal,) = re.findall('name="portal" value="([^"]*)"', page)
    landed = helen.get(helen.post("/admin/launches", {"subject": "abc", "portal": portal}, page=path).location)
    assert landed.location.endswith("/portals/tickets/?view=Archive%3A+old")
    for wrong, code in (
        ({"view": "Other"}, "portal-unknown"),
        ({"portal": ""}, "portal-unknown"),
        ({"portal": "pbx"}, "portal-unknown"),
        ({"mode": "full"}, "invalid"),
    ):
        assert program.post("/launches", body | wrong).json["code"] == code, wrong
    assert Program(app, "root").patch("/roles/owner", {"doors": {"tickets": {}}}).status_code == 200
    assert "There is no such portal." in helen.get(path).text


def test_the_page_of_a_launch_is_for_the_same_administrator_and_ten_minutes(
    app: Flask, new_browser: NewBrowser
) -> None:
    path = Program(app, "helen").post("/launches", {"subject": "abc"}).json["url"]
    assert len(path.rpartition("/")[2]) == 32
    root, helen = new_browser(), new_browser()
    root.log_in(ROOT)
    helen.log_in(HELEN)
    assert root.get(path).status_code == 404
    with time_machine.travel(clock.now() + timedelta(minutes=9, seconds=50)):
        assert helen.get(path).status_code == 200
    with time_machine.travel(clock.now() + timedelta(minutes=10, seconds=5)):
        assert helen.get(path).status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"subject": "abc", "mode": "full"}, 403, "full-not-allowed"),
        ({"subject": "adam", "portal": "iot"}, 403, "portal-not-in-role"),
        ({"subject": "abc", "portal": "nothing"}, 403, "portal-unknown"),
        ({"subject": "abc", "portal": "console"}, 403, "portal-unknown"),
        ({"subject": "root"}, 404, "not_found"),
        ({"subject": "nobody"}, 404, "not_found"),
        ({"subject": "abc", "mode": "any"}, 422, "invalid"),
        ({}, 422, "invalid"),
    ],
)
def test_what_the_menu_does_not_offer_cannot_be_asked_for(
    app: Flask, body: dict[str, Any], status: int, code: str
) -> None:
    answer = Program(app, "helen").post("/launches", body)
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert rows(app, select(LaunchRequest.id)) == []


def test_what_became_impossible_meanwhile_says_why(app: Flask, new_browser: NewBrowser) -> None:
    path = Program(app, "helen").post("/launches", {"subject": "abc"}).json["url"]
    helen = new_browser()
    helen.log_in(HELEN)
    change(app, "abc", status=CustomerStatus.CLOSED)
    assert "The customer is closed." in helen.get(path).text


def test_a_reason_is_asked_for_where_the_class_wants_one(app: Flask) -> None:
    with working(app) as work:
        work.get_one(CustomerClass, "standard").support_access = SupportAccess.REASON
    helen = Program(app, "helen")
    answer = helen.post("/launches", {"subject": "abc"})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["reason"])
    assert helen.post("/launches", {"subject": "abc", "reason": "Ticket 1"}).status_code == 201


def test_the_record_is_searched(app: Flask, root: Program) -> None:
    root.patch("/customers/abc", {"name": "Other"})
    (event,) = root.get("/audit?event=customer.changed&actor=root&subject=abc").json["items"]
    assert (event["actor"], event["subject"], event["details"]["after"]) == ("root", "abc", {"name": "Other"})
    assert root.get("/audit?actor=nobody").json["items"] == []
    assert root.get("/audit?since=2999-01-01T00:00:00Z").json["items"] == []
    for wrong in ("yesterday", "2026-01-01", "2026-01-01T00:00:00", "0001-01-01T00:00:00+23:59"):
        assert root.call("GET", "/audit", query_string={"since": wrong}).status_code == 422, wrong


def test_every_error_is_a_problem_with_the_id_of_its_request__ERR_01(app: Flask, root: Program) -> None:
    answers = [
        Program(app).get("/self"),
        root.get("/nothing"),
        root.client.get("/api"),
        root.call("TRACE", "/self"),
        root.delete("/customers"),
        root.get("/customers/nothing"),
        root.post("/customers", {}),
        root.patch("/customers/abc", {}, version=None),
        root.patch("/customers/abc", {}, version='"0"'),
        root.get("/self?token=x"),
        root.call("POST", "/customers", data="x"),
    ]
    statuses = [answer.status_code for answer in answers]
    assert statuses == [401, 404, 404, 405, 405, 404, 422, 428, 412, 400, 415]
    for answer in answers:
        assert answer.content_type == "application/problem+json"
        assert set(answer.json) - {"errors"} == {"type", "title", "status", "detail", "code", "request_id"}
        assert answer.json["status"] == answer.status_code
        assert answer.json["request_id"] == answer.headers["X-Request-Id"]
        assert answer.json["type"].startswith("http://localhost/api/docs#")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"


def test_an_unexpected_error_says_nothing_of_the_inside__ERR_01(app: Flask, root: Program) -> None:
    def broken() -> None:
        raise RuntimeError("canary SELECT /srv/secret")

    app.view_functions["api.who_am_i"] = broken
    answer = root.get("/self")
    assert (answer.status_code, answer.json["code"]) == (500, "internal")
    assert "canary" not in answer.text


def test_too_many_calls_are_told_when_to_try_again(app: Flask, root: Program) -> None:
    limiter: rates.Limiter = app.extensions["portico.rates"]
    for _ in range(rates.CALLS):
        limiter.count("call", "root")
    answer = root.get("/self")
    assert (answer.status_code, answer.json["code"]) == (429, "too_many_requests")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert Program(app, "helen").get("/self").status_code == 200


def test_guessing_tokens_is_slowed_down_by_address(app: Flask) -> None:
    stranger = Program(app)
    statuses = [stranger.open("abc", f"ptc_{number:033}").status_code for number in range(25)]
    assert statuses == [401] * 20 + [429] * 5
    assert stranger.open("abc", "x", environ_base={"REMOTE_ADDR": "203.0.113.9"}).status_code == 401


def test_guessing_tokens_from_one_network_of_ipv6_counts_as_from_one_address__RATE_03(app: Flask) -> None:
    stranger = Program(app)
    statuses = [
        stranger.open("abc", f"ptc_{number:033}", environ_base={"REMOTE_ADDR": f"2001:db8::{number + 1:x}"}).status_code
        for number in range(22)
    ]
    assert statuses == [401] * 20 + [429] * 2
    assert stranger.open("abc", "x", environ_base={"REMOTE_ADDR": "2001:db8:0:1::1"}).status_code == 401
    whoever = [stranger.get("/self", environ_base={"REMOTE_ADDR": f"2001:db8::{n:x}"}).status_code for n in range(1, 9)]
    assert set(whoever) == {401}
    assert app.extensions["portico.rates"].count("call", "2001:db8::/64") == 9


def test_without_redis_each_process_counts_for_itself(make_app: Callable[..., Flask]) -> None:
    app = make_app(redis_url="redis://127.0.0.1:1/0")
    program = Program(app, "abc")
    assert program.get("/self").status_code == 200
    limiter: rates.Limiter = app.extensions["portico.rates"]
    for _ in range(rates.CALLS):
        limiter.count("call", "abc")
    assert program.get("/self").status_code == 429


@pytest.mark.skipif(not REDIS, reason="TEST_REDIS_URL is not set: Redis is not tested")
def test_with_redis_all_processes_count_together(make_app: Callable[..., Flask]) -> None:
    here, there = (make_app(redis_url=REDIS).extensions["portico.rates"] for _ in range(2))
    with time_machine.travel(clock.now(), tick=False):
        who = secrets.token_hex(8)
        assert [limiter.count("call", who) for limiter in (here, there, here, there)] == [1, 2, 3, 4]


def test_self_says_who_calls_and_what_they_may_do(app: Flask) -> None:
    john = Program(app, "john").get("/self").json
    assert (
        john["subject"] == john["actor"] == {"id": "john", "kind": "individual", "login": "john", "name": "John Carter"}
    )
    assert (john["realm"], john["customer"]["id"], john["role"]["id"]) == ("self-care", "abc", "itlead")
    assert john["preferences"]["language"] == "en"
    assert {portal["slug"]: portal["url"] for portal in john["portals"]}["pbx"] == "http://localhost/portals/pbx/"
