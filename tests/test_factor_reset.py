"""Reset by whoever looks after somebody, remembered devices, and keys at rest."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select, update

from gateway import cli, clock
from gateway.access.models import AllowedRole
from gateway.access.operations import create_role
from gateway.audit.models import AuditEvent
from gateway.errors import KeyMissing, Tampered
from gateway.identity import app_keys, devices
from gateway.identity.factor_models import AppKey, Device, Passkey, RecoveryCode, WrongCodes
from gateway.identity.models import CustomerClass, Kind, Realm, SecondFactor
from gateway.importing import run
from gateway.keys import Sealed, Vault
from gateway.mail.models import Mail
from tests.cast import ABC, AUDREY, EVE, GLOBEX, HELEN, JOHN, MARK, ROOT, Member
from tests.conftest import SECRET
from tests.house import Browser, add_identity, change, house_of, rows, working
from tests.second_factor import OWN, code, enrol, log_in_with, log_out, set_up, wrong

NewBrowser = Callable[[], Browser]
pytestmark = pytest.mark.usefixtures("in_mid_step")
OF_ABC = "/admin/customers/abc/self-care/second-factor/reset"
OTHER_SECRET = "".join(chr(97 + n % 26) for n in range(5, 140, 11)) * 3
DORA = Member("dora", "/login")


@pytest.fixture
def gold(app: Flask) -> None:
    """Customer abc is Gold: a second factor is required of it and its individuals."""
    change(app, "abc", class_id="gold")


def events(app: Flask, name: str) -> list[Any]:
    """Return the rows of the record of one event."""
    columns = (AuditEvent.actor_id, AuditEvent.subject_id, AuditEvent.outcome, AuditEvent.details)
    return rows(app, select(*columns).where(AuditEvent.event == name).order_by(AuditEvent.seq))


def test_helen_resets_it_and_the_next_log_in_enrols_again__TOTP_08(
    app: Flask, gold: None, new_browser: NewBrowser
) -> None:
    abc, helen = new_browser(), new_browser()
    key, codes = enrol(abc, ABC)
    log_in_with(new_browser(), ABC, code(key), remember="y")
    log_in_with(new_browser(), ABC, wrong(key))
    helen.log_in(HELEN)
    page = "/admin/customers/abc/self-care"
    assert f'action="{OF_ABC}"' in helen.get(page).text
    answer = helen.post(OF_ABC, {"reason": "Lost the phone, called back"}, page=page)
    assert answer.location == f"{page}?done=factor-reset"
    for kind in (AppKey, RecoveryCode, Device, Passkey, WrongCodes):
        assert rows(app, select(func.count()).select_from(kind))[0][0] == 0, kind
    assert abc.get("/").status_code == 303, "their sessions ended"
    assert helen.get(page).status_code == 200, "one's own did not"
    assert "Nothing is set up, so there is nothing to reset." in helen.get(page).text
    (event,) = events(app, "factor.reset")
    assert (event.actor_id, event.subject_id, event.details["why"]) == ("helen", "abc", "Lost the phone, called back")
    assert "reset" in {row.given["what"] for row in rows(app, select(Mail.given).where(Mail.identity_id == "abc"))}
    again = new_browser()
    assert again.log_in(ABC).location == "/login/enrol?next=/", "the policy stays"
    new, _codes = enrol(again, ABC)
    assert new != key
    for old in (code(key), codes[0]):
        assert log_in_with(new_browser(), ABC, old).status_code == 422
    assert log_in_with(new_browser(), ABC, code(new)).status_code == 303


def test_with_nothing_to_reset_it_is_refused__TOTP_08(app: Flask, new_browser: NewBrowser) -> None:
    helen = new_browser()
    helen.log_in(HELEN)
    assert helen.post(OF_ABC, page="/admin/customers").status_code == 422
    assert events(app, "factor.reset") == []


def test_who_may_reset_whose__TOTP_08(app: Flask, gold: None, new_browser: NewBrowser) -> None:
    enrol(new_browser(), ABC)
    enrol(new_browser(), JOHN)
    for member, path, status in (
        (AUDREY, OF_ABC, 403),
        (AUDREY, "/admin/customers/abc/individuals/john/second-factor/reset", 403),
        (HELEN, "/admin/customers/globex/individuals/john/second-factor/reset", 404),
        (HELEN, "/admin/customers/globex/individuals/john/self-care/second-factor/reset", 404),
        (HELEN, "/admin/customers/john/self-care/second-factor/reset", 404),
        (HELEN, "/admin/administrators/root/second-factor/reset", 404),
        (MARK, "/portals/self-care/individuals/john/second-factor/reset", 404),
        (EVE, "/portals/self-care/individuals/john/second-factor/reset", 404),
        (GLOBEX, "/portals/self-care/individuals/john/second-factor/reset", 404),
        (GLOBEX, "/portals/self-care/individuals/abc/second-factor/reset", 404),
    ):
        change(app, "mark", second_factor=SecondFactor.NO)
        browser = new_browser()
        browser.log_in(member)
        page = "/admin/customers" if "admin" in member.log_in_at else "/portals/self-care/preferences"
        assert browser.post(path, page=page).status_code == status, (member.login, path)
    assert rows(app, select(func.count()).select_from(AppKey))[0][0] == 2


@pytest.mark.parametrize(
    "path",
    [
        "/admin/customers/abc/individuals/john/self-care/second-factor/reset",
        "/admin/customers/abc/individuals/john/second-factor/reset",
    ],
)
def test_staff_reset_an_individual_from_either_page__TOTP_08(
    app: Flask, gold: None, new_browser: NewBrowser, path: str
) -> None:
    enrol(new_browser(), JOHN)
    helen = new_browser()
    helen.log_in(HELEN)
    page = path.removesuffix("/second-factor/reset")
    assert f'action="{path}"' in helen.get(page).text
    assert helen.post(path, page=page).location == f"{page}?done=factor-reset"
    assert "/login/enrol" in new_browser().log_in(JOHN).location


def test_a_customer_resets_its_individuals_and_an_individual_nobody_above__TOTP_08(
    app: Flask, new_browser: NewBrowser
) -> None:
    with working(app) as work:
        views = {"pbx": {"overview": "view"}, "self-care": {"individuals": "full"}}
        role_id = create_role(work, Realm.SELF_CARE, "deputy", "", views, {})
        work.add(AllowedRole(customer_id="abc", role_id=role_id))
        add_identity(work, Kind.INDIVIDUAL, "dora", "Dora Deputy", role_id, clock.now(), customer="abc")
        add_identity(work, Kind.INDIVIDUAL, "carl", "Carl Clerk", role_id, clock.now(), customer="abc")
    for member in (JOHN, DORA, Member("carl", "/login"), ABC):
        browser = new_browser()
        browser.log_in(member)
        set_up(browser)
    abc, dora = new_browser(), new_browser()
    for browser, member in ((abc, ABC), (dora, DORA)):
        change(app, member.login, second_factor_chosen=False)
        browser.log_in(member)
    there = "/portals/self-care/individuals"
    for who, status in (("john", 403), ("dora", 403), ("carl", 303), ("abc", 404)):
        assert dora.post(f"{there}/{who}/second-factor/reset", page=there).status_code == status, who
    assert abc.post(f"{there}/john/second-factor/reset", page=f"{there}/john").status_code == 303
    assert "/login/enrol" in new_browser().log_in(JOHN).location, "what they chose stays"


def test_root_resets_an_administrator_and_nobody_oneself__TOTP_08(app: Flask, new_browser: NewBrowser) -> None:
    helen, root = new_browser(), new_browser()
    helen.log_in(HELEN)
    root.log_in(ROOT)
    set_up(helen, "/admin/security/second-factor")
    page = "/admin/administrators/helen"
    assert root.post(f"{page}/second-factor/reset", page=page).location == f"{page}?done=factor-reset"
    assert helen.get("/admin/customers").status_code == 303
    assert "/admin/login/enrol" in new_browser().log_in(HELEN).location
    set_up(root, "/admin/security/second-factor")
    own = "/admin/administrators/root"
    assert root.post(f"{own}/second-factor/reset", page=own).status_code == 403


def test_an_administrator_is_asked_or_exempt_on_their_own_page__TOTP_02(app: Flask, new_browser: NewBrowser) -> None:
    root = new_browser()
    root.log_in(ROOT)
    page = "/admin/administrators/helen"
    assert root.post(page, {"second_factor": "yes"}).status_code == 303
    assert "/admin/login/enrol" in new_browser().log_in(HELEN).location
    assert root.post(page, {"second_factor": "maybe"}).status_code == 422
    gateway = root.get("/admin/gateway").text
    assert "Two-factor authentication is required of administrators" in gateway


def test_a_lost_administrator_gets_in_again_from_the_server(app: Flask, new_browser: NewBrowser) -> None:
    root = new_browser()
    root.log_in(ROOT)
    set_up(root, "/admin/security/second-factor")
    answer = app.test_cli_runner().invoke(args=["administrator", "create", "root"])
    password = answer.output.splitlines()[-1]
    again = new_browser()
    assert again.log_in(ROOT, password).location == "/admin/login/enrol?next=/admin/"
    assert len(events(app, "factor.reset")) == 1


def test_reset_in_the_middle_of_a_log_in_ends_that_log_in__TOTP_08(
    app: Flask, gold: None, new_browser: NewBrowser
) -> None:
    key, _codes = enrol(new_browser(), ABC)
    abc, helen = new_browser(), new_browser()
    abc.log_in(ABC)
    token = abc.token("/login/code")
    helen.log_in(HELEN)
    helen.post(OF_ABC, page="/admin/customers")
    answer = abc.client.post("/login/code", data={"csrf_token": token, "code": code(key)})
    assert answer.location == "/login"
    assert "/login/enrol" in abc.log_in(ABC).location


def test_a_remembered_device_is_asked_for_the_password_alone_for_thirty_days(
    app: Flask, gold: None, new_browser: NewBrowser
) -> None:
    with time_machine.travel(clock.now(), tick=False) as traveller:
        key, _codes = enrol(new_browser(), ABC)
        abc = new_browser()
        answer = log_in_with(abc, ABC, code(key), remember="y")
        (cookie,) = [text for text in answer.headers.getlist("Set-Cookie") if text.startswith("device=")]
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert f"Max-Age={30 * 24 * 3600}" in cookie
        secret = cookie.partition("=")[2].partition(";")[0]
        assert secret.encode() not in {bytes(row.key) for row in rows(app, select(Device.key))}
        assert log_out(abc).log_in(ABC).location == "/"
        wrong_password = new_browser()
        wrong_password.client.set_cookie("device", secret)
        assert wrong_password.log_in(ABC, "wrong").status_code == 422, "the password always"
        assert "/login/enrol" in log_out(abc).log_in(JOHN).location, "of abc, not of everybody"
        with house_of(app).database.reading() as reader:
            assert devices.is_known(reader, "abc", secret, clock.now())
            assert not devices.is_known(reader, "john", secret, clock.now())
            assert not devices.is_known(reader, "abc", None, clock.now())
        traveller.shift(timedelta(days=30, seconds=1))
        assert "/login/code" in abc.log_in(ABC).location


def test_one_browser_is_remembered_for_several_and_nobody_brings_a_cookie_along(
    app: Flask, gold: None, new_browser: NewBrowser
) -> None:
    abc_key, _codes = enrol(new_browser(), ABC)
    john_key, _codes = enrol(new_browser(), JOHN)
    shared = new_browser()
    shared.client.set_cookie("device", "known-to-somebody-else")
    log_in_with(shared, ABC, code(abc_key), remember="y")
    first = shared.client.get_cookie("device")
    log_out(shared)
    log_in_with(shared, JOHN, code(john_key), remember="y")
    second = shared.client.get_cookie("device")
    assert first
    assert second
    assert len({first.value, second.value, "known-to-somebody-else"}) == 3
    assert log_out(shared).log_in(ABC).location == "/"
    assert log_out(shared).log_in(JOHN).location == "/"
    thief = new_browser()
    thief.client.set_cookie("device", first.value)
    assert "/login/code" in thief.log_in(ABC).location


def test_a_class_may_forbid_remembered_devices(app: Flask, gold: None, new_browser: NewBrowser) -> None:
    key, _codes = enrol(new_browser(), ABC)
    abc = new_browser()
    log_in_with(abc, ABC, code(key), remember="y")
    with working(app) as work:
        work.execute(update(CustomerClass).where(CustomerClass.id == "gold").values(remembered_devices=False))
    assert "/login/code" in log_out(abc).log_in(ABC).location
    assert 'name="remember"' not in abc.get("/login/code").text
    abc.post("/login/code", {"code": code(key, 1), "remember": "y"})
    assert rows(app, select(func.count()).select_from(Device))[0][0] == 1


def test_devices_are_listed_and_forgotten_one_or_all(app: Flask, gold: None, new_browser: NewBrowser) -> None:
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    key, codes = enrol(new_browser(), ABC)
    here = Browser(app, HTTP_USER_AGENT=firefox)
    log_in_with(here, ABC, code(key), remember="y")
    log_in_with(new_browser(), ABC, codes[0], remember="y")
    page = here.get(OWN).text
    assert "Firefox, Linux" in page
    mine = rows(app, select(Device.id).where(Device.name == "Firefox, Linux"))[0].id
    stranger = new_browser()
    stranger.log_in(GLOBEX)
    assert stranger.post(f"{OWN}/devices/{mine}/forget", page=OWN).status_code == 404
    assert here.post(f"{OWN}/devices/{mine}/forget", page=OWN).status_code == 303
    assert len(rows(app, select(Device.id))) == 1
    assert here.post(f"{OWN}/devices/forget", page=OWN).status_code == 303
    assert rows(app, select(Device.id)) == []
    assert "/login/code" in log_out(here).log_in(ABC).location


def test_a_secret_opens_only_where_it_was_put_and_only_with_its_key__KEY_02() -> None:
    old, both = Vault({"old": b"1" * 32}), Vault({"old": b"1" * 32, "new": b"2" * 32})
    sealed = old.seal(b"secret", "table", "column", "row")
    assert b"secret" not in sealed.text
    assert old.seal(b"secret", "table", "column", "row") != sealed
    assert both.open(sealed, "table", "column", "row") == b"secret"
    assert both.seal(b"x", "a").key_id == "new"
    for place in (("table", "column", "other"), ("table", "other", "row"), ("other", "column", "row")):
        with pytest.raises(Tampered):
            old.open(sealed, *place)
    for bent in (sealed.text[:-1], b"", sealed.text[::-1]):
        with pytest.raises(Tampered):
            old.open(Sealed("old", bent), "table", "column", "row")
    with pytest.raises(KeyMissing):
        Vault({"new": b"2" * 32}).open(sealed, "table", "column", "row")


def test_no_key_of_an_app_is_readable_in_the_database__KEY_02(
    app: Flask, gold: None, new_browser: NewBrowser, tmp_path: Path
) -> None:
    key, codes = enrol(new_browser(), ABC)
    stored = rows(app, select(AppKey.__table__))
    assert key not in str(stored)
    file = tmp_path / "house.db"
    if file.exists():
        raw = b"".join(path.read_bytes() for path in tmp_path.glob("house.db*"))
        assert not any(text.encode() in raw for text in (key, *codes))


@pytest.mark.parametrize("swapped", ["sealed", "identity_id"])
def test_keys_of_two_swapped_by_hand_are_refused_and_told_and_it_stays_on__KEY_02(
    app: Flask, gold: None, new_browser: NewBrowser, swapped: str
) -> None:
    keys = {member.login: enrol(new_browser(), member)[0] for member in (ABC, JOHN)}
    _swap(app, swapped)
    for member in (ABC, JOHN):
        for key in keys.values():
            answer = log_in_with(new_browser(), member, code(key))
            assert answer.status_code == 422
            assert "cannot be checked" in answer.text
    assert {row.subject_id for row in events(app, "key.tampered")} == {"abc", "john"}


def _swap(app: Flask, column: str) -> None:
    """Swap a column of the two keys, and nothing else."""
    first, second = rows(app, select(AppKey.__table__))
    one, other = getattr(first, column), getattr(second, column)
    with working(app) as work:
        if column == "identity_id":
            work.execute(update(AppKey).where(AppKey.id == first.id).values(identity_id="initech"))
        else:
            work.execute(update(AppKey).where(AppKey.id == first.id).values({column: other}))
        work.execute(update(AppKey).where(AppKey.id == second.id).values({column: one}))
        work.execute(update(AppKey).where(AppKey.id == first.id).values({column: other}))


def test_an_older_key_still_opens_and_the_newest_seals__KEY_03(
    app: Flask, gold: None, new_browser: NewBrowser, make_app: Callable[..., Flask]
) -> None:
    key, _codes = enrol(new_browser(), ABC)
    rotated = make_app(secret_keys=(OTHER_SECRET, SECRET))
    assert log_in_with(Browser(rotated), ABC, code(key)).status_code == 303
    enrol(Browser(rotated), JOHN)
    used = {row.identity_id: row.key_id for row in rows(app, select(AppKey.identity_id, AppKey.key_id))}
    assert used == {"abc": house_of(app).vault.newest, "john": house_of(rotated).vault.newest}


def test_a_key_taken_away_too_early_fails_closed_and_is_told__KEY_03(
    app: Flask, gold: None, new_browser: NewBrowser, make_app: Callable[..., Flask]
) -> None:
    key, codes = enrol(new_browser(), ABC)
    without = make_app(secret_keys=(OTHER_SECRET,))
    answer = log_in_with(Browser(without), ABC, code(key))
    assert answer.status_code == 503
    assert [(row.subject_id, row.outcome) for row in events(app, "key.missing")] == [("abc", "refused")]
    assert "/login/code" in Browser(without).log_in(ABC).location, "never off"
    assert log_in_with(Browser(without), ABC, codes[0]).status_code == 303


def test_re_encryption_is_stopped_and_resumed__KEY_03(
    app: Flask, gold: None, new_browser: NewBrowser, make_app: Callable[..., Flask]
) -> None:
    keys = {member.login: enrol(new_browser(), member)[0] for member in (ABC, JOHN, MARK)}
    rotated = make_app(secret_keys=(OTHER_SECRET, SECRET))
    vault = house_of(rotated).vault
    with working(rotated) as work:
        after, renewed, lost = app_keys.renew_seals(work, vault, "", 1)
    assert (renewed, lost) == (1, 0)
    with house_of(rotated).database.writing() as work:
        app_keys.renew_seals(work, vault, str(after), 1)  # killed before it was committed
    assert [row.key_id for row in rows(app, select(AppKey.key_id))].count(vault.newest) == 1
    answer = rotated.test_cli_runner().invoke(args=["keys", "re-encrypt"])
    assert answer.exit_code == 0, answer.output
    assert "2 re-encrypted" in answer.output
    assert {row.key_id for row in rows(app, select(AppKey.key_id))} == {vault.newest}
    alone = make_app(secret_keys=(OTHER_SECRET,))
    for member in (ABC, JOHN, MARK):
        assert log_in_with(Browser(alone), member, code(keys[member.login])).status_code == 303


def test_re_encryption_leaves_what_it_cannot_read_and_says_so__KEY_03(
    app: Flask, gold: None, new_browser: NewBrowser, make_app: Callable[..., Flask]
) -> None:
    enrol(new_browser(), ABC)
    before = rows(app, select(AppKey.__table__))
    without = make_app(secret_keys=(OTHER_SECRET,))
    answer = without.test_cli_runner().invoke(args=["keys", "re-encrypt"])
    assert answer.exit_code == 1
    assert "1 cannot be read" in answer.output
    assert rows(app, select(AppKey.__table__)) == before


def test_a_process_killed_while_it_re_encrypts_leaves_every_key_readable__KEY_03(
    gold: None, app: Flask, database_url: str, new_browser: NewBrowser, make_app: Callable[..., Flask]
) -> None:
    key, _codes = enrol(new_browser(), ABC)
    vault = house_of(app).vault
    with working(app) as work:
        for number in range(600):
            add_identity(work, Kind.CUSTOMER, f"c{number}", f"Customer {number}", "owner", clock.now())
            app_keys.begin(work, vault, f"c{number}", b"0" * 32, clock.now())
    env = {
        **{name: text for name, text in os.environ.items() if not name.startswith("GATEWAY_")},
        "GATEWAY_SECRET_KEYS": f"{OTHER_SECRET},{SECRET}",
        "GATEWAY_AUDIT_KEYS": house_of(app).settings.audit_keys[0],
        "GATEWAY_DATABASE_URL": database_url,
        "GATEWAY_BASE_URL": "http://localhost",
    }
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "keys", "re-encrypt"]
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    newest = house_of(make_app(secret_keys=(OTHER_SECRET, SECRET))).vault.newest
    done = select(func.count()).select_from(AppKey).where(AppKey.key_id == newest)
    for _ in range(600):
        if rows(app, done)[0][0] or process.poll() is not None:
            break
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    half = make_app(secret_keys=(OTHER_SECRET, SECRET))
    assert log_in_with(Browser(half), ABC, code(key)).status_code == 303
    answer = half.test_cli_runner().invoke(args=["keys", "re-encrypt"])
    assert answer.exit_code == 0, answer.output
    assert rows(app, select(func.count()).select_from(AppKey).where(AppKey.key_id != newest))[0][0] == 0


def test_a_file_that_is_imported_again_leaves_what_somebody_chose__TOTP_02(
    app: Flask, new_browser: NewBrowser, tmp_path: Path
) -> None:
    abc = new_browser()
    abc.log_in(ABC)
    set_up(abc)
    path = tmp_path / "customers.csv"
    path.write_text("login,name,customer_class,role\nabc,ABC Company,Standard,owner\n", encoding="utf-8")
    house, importers = house_of(app), cli.importers(app.extensions["portico.registry"])
    run(house.database, house.audit_keys, importers["customers"], path)
    assert "/login/code" in new_browser().log_in(ABC).location
