"""The explainer's page and call: what stands on them, who may ask, and letting a refused address in."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import insert, select

from gateway import clock
from gateway.access.operations import set_portal_enabled
from gateway.admin.refusals import REASONS
from gateway.audit.models import AuditEvent
from gateway.audit.operations import Stamp, record
from gateway.identity import networks, throttle
from gateway.identity.models import Counted, CustomerStatus, Identity, NetworkList, Realm, Throttle, TrustedNetwork
from tests.cast import ABC, AUDREY, EVE, HELEN, JOHN, ROOT, Member
from tests.house import Browser, change, counting, rows, value, working
from tests.programs import Program
from tests.second_factor import code, log_in_with, set_up, wrong
from tests.test_lists import faults, plan_of, sent

NewBrowser = Callable[[], Browser]
OUTSIDE = "203.0.113.7"
CUSTOMER = "/admin/customers/abc/explain"
INDIVIDUAL = "/admin/customers/abc/individuals/john/explain"


@pytest.fixture
def root(app: Flask) -> Browser:
    """Root, logged in."""
    found = Browser(app)
    found.log_in(ROOT)
    return found


def trust(app: Flask, identity: str, which: NetworkList = NetworkList.PROVIDER) -> None:
    """Let somebody in from 10.0.0.0/8 only."""
    with working(app) as work:
        networks.save(work, identity, which, ["10.0.0.0/8"], None, clock.now())


def logged_in(app: Flask, member: Member) -> Browser:
    """Return a browser of somebody who is logged in."""
    found = Browser(app)
    assert found.log_in(member).status_code == 303
    return found


def refused_from(app: Flask, member: Member, address: str) -> None:
    """Try to log in from an address, in vain."""
    assert Browser(app, REMOTE_ADDR=address).log_in(member).status_code == 422


def listed(app: Flask, identity: str) -> list[tuple[str, str | None]]:
    """Return the entries of a provider's list with their authors."""
    entry = select(TrustedNetwork.network, TrustedNetwork.author_id).order_by(TrustedNetwork.position)
    found = entry.where(TrustedNetwork.identity_id == identity, TrustedNetwork.list == NetworkList.PROVIDER)
    return [(row.network, row.author_id) for row in rows(app, found)]


def test_without_a_choice_every_page_of_every_portal_stands_there_with_its_level(root: Browser) -> None:
    page = root.get(INDIVIDUAL).text
    assert "They can log in: nothing stops them." in page
    for portal, node in (("pbx", "configuration.extensions"), ("iot", "devices"), ("self-care", "tokens")):
        assert f'href="{INDIVIDUAL}?portal={portal}&amp;node={node}"' in page
    finance = page.partition("node=finance")[2].partition("</li>")[0]
    assert "Forbidden" in finance
    assert "Full" in page.partition("node=configuration")[2].partition("</li>")[0]


def test_a_page_is_explained_rule_by_rule_with_the_one_change_that_opens_it(root: Browser) -> None:
    page = root.get(f"{INDIVIDUAL}?portal=pbx&node=finance.invoices").text
    assert "They can log in, but cannot see it." in page
    assert page.count("Stops here") == 1
    assert '<a href="/admin/roles/itlead#tree-pbx">Open the page in the role, or give them another role.</a>' in page
    open_page = root.get(f"{INDIVIDUAL}?portal=pbx&node=configuration.extensions").text
    assert "They can see it: nothing stops them." in open_page
    assert "inherited from <bdi>Configuration</bdi>" in open_page
    whole = root.get(f"{CUSTOMER}?portal=iot").text
    assert "At least one of its pages is open." in whole


def test_the_first_of_several_stops_is_marked_and_the_others_are_counted(app: Flask, root: Browser) -> None:
    change(app, "abc", status=CustomerStatus.BLOCKED)
    change(app, "john", suspended=True)
    page = root.get(f"{INDIVIDUAL}?portal=pbx&node=finance.invoices").text
    assert "They cannot log in." in page
    assert page.count("Stops here") == 1
    assert "2 other rules stop them too." in page
    assert '<a href="/admin/customers/abc/status">Change the status of the customer.</a>' in page


def test_who_may_not_make_the_change_is_told_who_may(app: Flask) -> None:
    helen, audrey = Browser(app), Browser(app)
    helen.log_in(HELEN)
    audrey.log_in(AUDREY)
    page = helen.get(f"{INDIVIDUAL}?portal=pbx&node=finance.invoices").text
    assert "Whoever has full rights at “Roles” in the console can do this." in page
    assert "/admin/roles" not in page
    assert 'aria-description="Your role does not show roles."' in page
    looking = audrey.get(f"{INDIVIDUAL}?portal=pbx&node=finance.invoices").text
    assert "Whoever has full rights at “Roles” in the console can do this." in looking
    assert 'href="/admin/roles/itlead#tree-pbx">Page</a>' in looking
    with working(app) as work:
        set_portal_enabled(work, "pbx", enabled=False)
    assert "Whoever has full rights at “Portals”" in helen.get(f"{CUSTOMER}?portal=pbx").text


def test_what_a_visit_would_give_is_what_the_menu_offers(app: Flask, root: Browser) -> None:
    page = root.get(f"{INDIVIDUAL}?portal=pbx&node=finance.invoices").text
    assert page.count("You may open it") == 3
    helen = Browser(app)
    helen.log_in(HELEN)
    page = helen.get(f"{INDIVIDUAL}?portal=pbx&node=finance.invoices").text
    assert "Your role does not let you use full access." in page
    assert page.count("You may open it") == 2


def test_roles_are_compared_from_here(root: Browser) -> None:
    page = root.get(INDIVIDUAL).text
    link = "/admin/roles/compare?left=itlead&amp;right=default-selfcare"
    assert f'href="{link}"' in page
    compared = root.get(link.replace("&amp;", "&")).text
    assert "They differ" in compared


def test_failed_log_ins_stand_there_with_the_true_reason(app: Flask, root: Browser) -> None:
    Browser(app).log_in(JOHN, "wrong")
    change(app, "john", suspended=True)
    refused_from(app, JOHN, "127.0.0.1")
    page = root.get(INDIVIDUAL).text
    assert "The password was wrong." in page
    assert page.count("The individual is suspended.") == 3
    assert "The password was wrong." not in root.get(CUSTOMER).text


@pytest.mark.parametrize("cause", ["wrong", "used", "clock", "wait", "locked", "broken", "passkey"])
def test_a_refused_second_factor_stands_there_with_the_true_reason(app: Flask, root: Browser, cause: str) -> None:
    about = Stamp(realm="self-care", actor_id="john", subject_id="john", customer_id="abc", address=OUTSIDE)
    with working(app) as work:
        record(work, "factor.refused", outcome="refused", reason=cause, of=about)
    for path in (INDIVIDUAL, "/admin/customers/abc", "/admin/customers/abc/individuals/john"):
        page = root.get(path).text
        assert REASONS[cause] in page, path
        assert "/admin/audit?event=login.refused" not in page, path
    (told,) = Program(app, "root").get("/individuals/john/explain").json["refused"]
    assert (told["address"], told["detail"]) == (OUTSIDE, REASONS[cause])


def verdict_of(app: Flask, rule: str, query: str = "") -> dict[str, str]:
    """Return what the call says of John in one rule."""
    said = Program(app, "root").get(f"/individuals/john/explain{query}").json
    assert said["opens"] is all(one["verdict"] != "stops" for one in said["rules"])
    return next(one for one in said["rules"] if one["rule"] == rule)


def test_who_waits_elsewhere_is_named_and_stops_nobody_else(app: Flask, root: Browser) -> None:
    for _ in range(7):
        Browser(app, REMOTE_ADDR=OUTSIDE).log_in(JOHN, "wrong")
    logged_in(app, JOHN)
    page = root.get(INDIVIDUAL).text
    assert "They can log in: nothing stops them." in page
    assert f"They need not wait. Whoever tries from <bdi>{OUTSIDE}</bdi> has to wait." in page
    assert verdict_of(app, "attempts")["verdict"] == "passes"
    assert OUTSIDE in verdict_of(app, "attempts", "?address=10.0.0.7")["detail"]
    from_there = verdict_of(app, "attempts", f"?address={OUTSIDE}")
    assert (from_there["verdict"], from_there["reason"]) == ("stops", "throttled")
    assert OUTSIDE not in from_there["detail"]
    assert "They cannot log in." in root.get(f"{INDIVIDUAL}?address={OUTSIDE}").text


@pytest.mark.parametrize(("counted", "stops"), [(Counted.LOGIN, True), (Counted.DEVICE, False)])
def test_who_waits_wherever_they_come_from_is_stopped_with_and_without_an_address(
    app: Flask, root: Browser, counted: Counted, stops: bool
) -> None:
    account, now = throttle.account_of(Realm.SELF_CARE, "john"), clock.now()
    until = now + timedelta(minutes=10)
    with working(app) as work:
        work.add(
            Throttle(
                key=throttle.Bucket(counted, account, None).key,
                counted=counted,
                account=account,
                failures=100,
                since=now,
                until=until,
            )
        )
    for query in ("", "?address=10.0.0.7"):
        told = verdict_of(app, "attempts", query)
        assert told["verdict"] == ("stops" if stops else "passes"), query
        assert ("In a browser that they used before" in told["detail"]) is not stops


def test_who_waits_after_wrong_codes_is_stopped_until_then(app: Flask, root: Browser, in_mid_step: None) -> None:
    key, _codes = set_up(logged_in(app, JOHN))
    john = Browser(app)
    assert log_in_with(john, JOHN, wrong(key)).status_code == 422
    for _ in range(4):
        assert john.post("/login/code", {"code": wrong(key)}).status_code == 422
    assert verdict_of(app, "second-factor")["reason"] == "codes-wait"
    assert john.post("/login/code", {"code": code(key)}).status_code == 429
    page = root.get(INDIVIDUAL).text
    assert "They cannot log in." in page
    assert "Too many codes were wrong: no other is looked at until" in page
    assert "Wait until then, or reset the second factor." in page
    assert "Too many codes were wrong before: this one was not looked at." in page
    with time_machine.travel(clock.now() + timedelta(seconds=30)):
        assert verdict_of(app, "second-factor")["verdict"] == "passes"


def test_wrong_codes_of_the_app_stand_there(app: Flask, root: Browser, in_mid_step: None) -> None:
    key, _codes = set_up(logged_in(app, JOHN))
    john = Browser(app, REMOTE_ADDR=OUTSIDE)
    assert log_in_with(john, JOHN, wrong(key)).status_code == 422
    page = root.get(INDIVIDUAL).text
    assert "The code of the second factor was wrong." in page
    assert page.count(f"<bdi>{OUTSIDE}</bdi>") == 1


def test_a_refused_address_is_let_in_for_one_hour_by_one_click(app: Flask, root: Browser) -> None:
    trust(app, "john")
    refused_from(app, JOHN, OUTSIDE)
    page = root.get(INDIVIDUAL).text
    assert f"<bdi>{OUTSIDE}</bdi> is not on the provider&#39;s list." in page.replace("'", "&#39;")
    assert f"Allow {OUTSIDE} for one hour" in page
    answer = root.post(f"{INDIVIDUAL}/allow", {"address": OUTSIDE}, page=INDIVIDUAL)
    assert (answer.status_code, answer.location) == (303, f"{INDIVIDUAL}?done=allowed")
    assert "Let in now" in root.get(INDIVIDUAL).text
    assert listed(app, "john") == [("10.0.0.0/8", None), (OUTSIDE, "root")]
    john = Browser(app, REMOTE_ADDR=OUTSIDE)
    assert john.log_in(JOHN).status_code == 303
    event = rows(app, select(AuditEvent).where(AuditEvent.event == "networks.changed"))[-1]
    assert (event.actor_id, event.subject_id, event.details["network"]) == ("root", "john", OUTSIDE)
    assert event.details["before"] == ["10.0.0.0/8"]
    assert "John" not in str(event.details)
    with time_machine.travel(clock.now() + timedelta(minutes=61)):
        refused_from(app, JOHN, OUTSIDE)


def test_an_address_goes_on_the_list_that_is_in_force(app: Flask, root: Browser) -> None:
    trust(app, "abc")
    refused_from(app, JOHN, OUTSIDE)
    page = root.get(INDIVIDUAL).text
    assert "It goes on the list of ABC Company for one hour, which counts for its individuals too." in page
    version = value(app, Identity.version, "abc")
    assert root.post(f"{INDIVIDUAL}/allow", {"address": OUTSIDE}, page=INDIVIDUAL).status_code == 303
    assert listed(app, "john") == []
    assert listed(app, "abc") == [("10.0.0.0/8", None), (OUTSIDE, "root")]
    assert value(app, Identity.version, "abc") == version + 1


@pytest.mark.parametrize("address", ["", "nonsense", "10.0.0.0/8", "203.0.113.7;203.0.113.8", "fe80::1%eth0", OUTSIDE])
def test_what_is_no_address_or_would_narrow_an_empty_list_is_refused(app: Flask, root: Browser, address: str) -> None:
    answer = root.post(f"{CUSTOMER}/allow", {"address": address}, page=CUSTOMER)
    assert answer.status_code == 422
    assert ("The list lets this address in already." if address == OUTSIDE else "This is no address.") in answer.text
    assert listed(app, "abc") == []
    assert value(app, Identity.provider_networks, "abc") is None


def test_an_entry_that_is_over_counts_again_and_a_full_list_takes_no_more(app: Flask, root: Browser) -> None:
    trust(app, "john")
    now = clock.now()
    with working(app) as work:
        networks.allow(work, "john", OUTSIDE, now - timedelta(minutes=1), "", now - timedelta(hours=1))
    assert root.post(f"{INDIVIDUAL}/allow", {"address": OUTSIDE}, page=INDIVIDUAL).status_code == 303
    assert [network for network, _author in listed(app, "john")] == ["10.0.0.0/8", OUTSIDE]
    with working(app) as work:
        full = [f"10.0.{number // 250}.{number % 250 + 1}" for number in range(networks.MOST)]
        networks.save(work, "john", NetworkList.PROVIDER, full, None, now)
    assert root.post(f"{INDIVIDUAL}/allow", {"address": OUTSIDE}, page=INDIVIDUAL).status_code == 422


def test_an_own_list_is_named_and_not_opened_by_staff(app: Flask, root: Browser) -> None:
    trust(app, "john", NetworkList.OWN)
    refused_from(app, JOHN, OUTSIDE)
    page = root.get(INDIVIDUAL).text
    assert "Their own list keeps it out" in page
    assert "Only they can change their own list, from an address that it lets in." in page
    assert "Allow for one hour" not in page


def test_a_session_used_outside_is_seen_and_a_log_in_since_makes_it_past(app: Flask, root: Browser) -> None:
    trust(app, "john")
    john = Browser(app, REMOTE_ADDR="10.0.0.7")
    john.log_in(JOHN)
    john.client.environ_base["REMOTE_ADDR"] = OUTSIDE
    assert john.get("/portals/self-care/profile").status_code == 303
    page = root.get(INDIVIDUAL).text
    assert "on a page, while logged in" in page
    assert "They cannot log in." in page
    john.client.environ_base["REMOTE_ADDR"] = "10.0.0.8"
    Browser(app, REMOTE_ADDR="10.0.0.8").log_in(JOHN)
    page = root.get(INDIVIDUAL).text
    assert "They can log in: nothing stops them." in page
    assert f"<bdi>{OUTSIDE}</bdi>" in page
    assert f'value="{OUTSIDE}"' in root.get(f"{INDIVIDUAL}?address={OUTSIDE}").text


def test_what_staff_met_in_a_visit_is_not_theirs(app: Flask) -> None:
    about = Stamp(realm="self-care", actor_id="root", subject_id="john", customer_id="abc", address=OUTSIDE)
    with working(app) as work:
        record(work, "access.refused", outcome="refused", reason="network", of=about)
    root = Browser(app)
    root.log_in(ROOT)
    assert OUTSIDE not in root.get(INDIVIDUAL).text


def test_only_a_proof_of_late_lets_an_address_in__SES_11(app: Flask, root: Browser) -> None:
    trust(app, "john")
    with time_machine.travel(clock.now() + timedelta(minutes=12)):
        answer = root.post(f"{INDIVIDUAL}/allow", {"address": OUTSIDE}, page=INDIVIDUAL)
        assert answer.status_code == 403
        led = root.post(
            f"{INDIVIDUAL}/allow", {"address": OUTSIDE}, page=INDIVIDUAL, headers={"Sec-Fetch-Mode": "navigate"}
        )
        assert led.location == f"/admin/reauthenticate?next={INDIVIDUAL}"
    assert listed(app, "john") == [("10.0.0.0/8", None)]


def test_strangers_customers_and_other_records_are_turned_away(app: Flask, root: Browser) -> None:
    assert Browser(app).get(CUSTOMER).status_code == 303
    abc = Browser(app)
    abc.log_in(ABC)
    assert abc.get(CUSTOMER).status_code == 303
    for path in (
        *("/admin/customers/john/explain", "/admin/customers/root/explain", "/admin/customers/nobody/explain"),
        *("/admin/customers/globex/individuals/john/explain", "/admin/customers/abc/individuals/abc/explain"),
        *(f"{CUSTOMER}?portal=none", f"{CUSTOMER}?portal=pbx&node=none", f"{CUSTOMER}?node=calls"),
        f"{CUSTOMER}?portal=console",
    ):
        assert root.get(path).status_code == 404, path
    assert root.get(f"{CUSTOMER}/allow").status_code == 405
    answer = root.get(f"{CUSTOMER}?address=nonsense")
    assert answer.status_code == 422
    assert "This is no address." in answer.text
    audrey = Browser(app)
    audrey.log_in(AUDREY)
    trust(app, "abc")
    refused_from(app, ABC, OUTSIDE)
    page = audrey.get(CUSTOMER).text
    assert 'aria-disabled="true"' in page
    assert f"{CUSTOMER}/allow" in page
    assert audrey.post(f"{CUSTOMER}/allow", {"address": OUTSIDE}, page="/admin/customers").status_code == 403


def test_the_call_says_what_the_page_says(app: Flask) -> None:
    trust(app, "eve")
    refused_from(app, EVE, OUTSIDE)
    said = Program(app, "root").get("/individuals/eve/explain?portal=pbx&node=calls").json
    assert (said["opens"], said["level"], said["address"]) == (False, "view", OUTSIDE)
    stops = [rule for rule in said["rules"] if rule["verdict"] == "stops"]
    assert [(rule["rule"], rule["reason"]) for rule in stops] == [("networks", "network")]
    assert stops[0]["detail"] == f"{OUTSIDE} is not on the provider's list. The provider's list: 10.0.0.0/8."
    assert said["change"]["url"] == "http://localhost/admin/customers/globex/individuals/eve/self-care"
    assert said["outside"][0]["address"] == OUTSIDE
    assert said["refused"][0]["detail"] == "The address is not in the trusted networks."
    inside = Program(app, "helen").get("/individuals/eve/explain?portal=pbx&node=finance&address=10.0.0.1").json
    assert inside["change"] == {"detail": "Open the page in the role, or give them another role.", "url": None}
    assert Program(app, "root").get("/customers/abc/explain").json["level"] is None


def test_the_call_refuses_what_there_is_not(app: Flask) -> None:
    program = Program(app, "root")
    for path, status in (
        *(("/customers/john/explain", 404), ("/individuals/abc/explain", 404), ("/individuals/root/explain", 404)),
        *(("/customers/abc/explain?portal=none", 404), ("/customers/abc/explain?address=x", 422)),
        ("/customers/abc/explain?other=1", 422),
    ):
        assert program.get(path).status_code == status, path
    assert Program(app, "abc").get("/customers/abc/explain").status_code == 404


def test_a_long_record_costs_the_explainer_no_more(app: Flask, root: Browser) -> None:
    paths = (CUSTOMER, f"{INDIVIDUAL}?portal=pbx&node=calls", f"{INDIVIDUAL}?portal=pbx&address={OUTSIDE}")
    for who, member in (("john", JOHN), ("abc", ABC)):
        trust(app, who)
        refused_from(app, member, OUTSIDE)
    for path in paths:
        root.get(path)
    with counting(app) as few:
        assert [root.get(path).status_code for path in paths] == [200, 200, 200]
    about = {
        "event": "login.refused",
        "outcome": "refused",
        "reason": "network",
        "details": {},
        "key_id": "",
        "mac": "",
    }
    with working(app) as work:
        last = work.scalar(select(AuditEvent.seq).order_by(AuditEvent.seq.desc()).limit(1)) or 0
        more = [
            {**about, "seq": last + n, "at": clock.now(), "subject_id": who, "actor_id": who, "customer_id": "abc"}
            | {"address": f"198.51.100.{n % 200}"}
            for n, who in enumerate(["john", "abc", "mark"] * 400, start=1)
        ]
        work.execute(insert(AuditEvent), more)
    with counting(app) as many:
        page = root.get(paths[0]).text
        assert [root.get(path).status_code for path in paths[1:]] == [200, 200]
    assert page.count("<bdi>198.51.100.") >= 6
    assert len(many) == len(few)
    for path in (*paths, "/admin/customers/abc"):
        for statement, parameters in sent(app, root, path):
            plan = plan_of(app, statement, parameters)
            assert faults(plan) == [], statement
            if "'factor.refused'" in statement:
                assert "ix_audit_event_refused" in plan, plan
            if "reason = 'network'" in statement:
                assert "ix_audit_event_outside" in plan
                assert "ix_audit_event_at" in plan
