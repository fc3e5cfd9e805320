"""Outgoing mail: sent once, tried again later, given up with the reason; nothing in a letter becomes a header."""

import os
import secrets
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from gateway import clock, worker
from gateway.identity.models import Identity
from gateway.mail import operations
from gateway.mail.letters import LETTERS, Letter
from gateway.mail.models import Mail
from gateway.mail.smtp import Server
from tests.cast import AUDREY, HELEN, PASSWORD, ROOT
from tests.house import Browser, change, house_of, rows, working
from tests.post import Sink, listening, outbox, send, text_of

NewBrowser = Callable[[], Browser]
ROOT_FOLDER = Path(__file__).parent.parent
MakeApp = Callable[..., Flask]
AT = {"at": "2026-11-26T12:00:00+00:00"}


def put(app: Flask, identity: str = "john", address: str = "john@example.com", **values: Any) -> None:
    """Write a letter that tells of a changed password."""
    with working(app) as work:
        operations.put(work, identity, address, Letter.PASSWORD_CHANGED, clock.now(), **AT, **values)


def test_a_letter_is_sent_once_in_the_recipients_language_and_formats(make_app: MakeApp) -> None:
    sink = Sink()
    with listening(sink) as port:
        app = make_app(mail_url=f"smtp://127.0.0.1:{port}?from=portal@provider.example", brand="Příčka & Co")
        change(app, "john", language="de", time_zone="Asia/Tokyo", output_date_format="DD/MM/YYYY")
        put(app)
        send(app)
        send(app)
    (letter,), ((sender, to),) = sink.letters, sink.envelopes
    assert (sender, to) == ("portal@provider.example", ["john@example.com"])
    assert letter["From"] == "Příčka & Co <portal@provider.example>"
    assert letter["To"] == "john@example.com"
    assert letter["Message-ID"].endswith("@provider.example>")
    assert letter["Date"]
    assert letter.get_content_type() == "text/plain"
    assert "26/11/2026 21:00" in letter.get_content()
    assert "(Tokio, UTC+09:00)" in letter.get_content()
    (row,) = outbox(app)
    assert row.sent_at is not None
    assert row.due_at is None


def test_without_an_address_of_our_own_letters_come_from_the_gateways_host() -> None:
    server = Server.at("smtps://na%40me:p%2Fw@mail.example", "https://portal.provider.example:8443")
    assert (server.sender, server.port, server.tls) == ("no-reply@portal.provider.example", 465, True)
    assert (server.login, server.password) == ("na@me", "p/w")


def test_thirty_workers_at_once_send_a_letter_once(app: Flask) -> None:
    put(app)
    taken = []

    def take() -> None:
        with house_of(app).database.writing() as work:
            found = operations.claim(work, clock.now())
            work.commit()
        taken.append(found)

    with ThreadPoolExecutor(30) as pool:
        for future in [pool.submit(take) for _ in range(30)]:
            future.result()
    assert len([found for found in taken if found is not None]) == 1


def test_two_workers_share_the_letters_between_them(make_app: MakeApp) -> None:
    sink = Sink()
    with listening(sink) as port:
        app = make_app(mail_url=f"smtp://127.0.0.1:{port}")
        for _ in range(12):
            put(app)
        both = [threading.Thread(target=send, args=(app,)) for _ in range(2)]
        for one in both:
            one.start()
        for one in both:
            one.join()
        send(app)
    assert len(sink.letters) == 12
    assert len({letter["Message-ID"] for letter in sink.letters}) == 12


def test_a_worker_that_dies_on_the_way_leaves_its_letter_to_another_after_ten_minutes(app: Flask) -> None:
    put(app)
    now = clock.now()
    with working(app) as work:
        assert operations.claim(work, now) is not None
    for minutes, found in ((9, False), (11, True)):
        with working(app) as work:
            assert (operations.claim(work, now + timedelta(minutes=minutes)) is not None) is found


def test_a_mail_server_that_is_away_is_tried_again_each_time_later_and_given_up(make_app: MakeApp) -> None:
    app = make_app(mail_url="smtp://127.0.0.1:9")
    put(app)
    with time_machine.travel(clock.now() + timedelta(seconds=1), tick=False) as travel:
        waits = []
        for _ in range(operations.MOST_TRIES):
            send(app)
            (mail,) = outbox(app)
            if mail.due_at is not None:
                waits.append(mail.due_at - clock.now())
                travel.move_to(mail.due_at)
        assert waits[:4] == [timedelta(minutes=2**tries) for tries in range(4)]
        assert len(waits) == operations.MOST_TRIES - 1
    assert mail.due_at is None
    assert mail.sent_at is None
    assert "refused" in mail.failure.lower()


def test_a_server_that_is_away_keeps_nobody_waiting_for_every_letter(make_app: MakeApp) -> None:
    app = make_app(mail_url="smtp://127.0.0.1:9")
    for _ in range(5):
        put(app)
    send(app)
    assert sorted(mail.tries for mail in outbox(app)) == [0, 0, 0, 0, 1]


def test_a_slow_server_keeps_log_outs_waiting_for_some_seconds_and_not_for_every_letter(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = Sink()
    monkeypatch.setattr(worker, "MAIL_SECONDS", 0)
    with listening(sink) as port:
        app = make_app(mail_url=f"smtp://127.0.0.1:{port}")
        for _ in range(3):
            put(app)
        for sent in (1, 2, 3, 3):
            send(app)
            assert len(sink.letters) == sent


def test_what_the_server_will_never_take_is_given_up_at_once_and_sent_again_by_hand(
    make_app: MakeApp, new_browser: NewBrowser
) -> None:
    sink = Sink(refusal="550 no such \x1b[31m mailbox")
    with listening(sink) as port:
        app = make_app(mail_url=f"smtp://127.0.0.1:{port}")
        put(app)
        send(app)
        (mail,) = outbox(app)
        assert (mail.due_at, mail.tries) == (None, 1)
        assert mail.failure.startswith("550 no such")
        root, audrey = Browser(app), Browser(app)
        root.log_in(ROOT)
        audrey.log_in(AUDREY)
        page = root.get("/admin/mail").text
        assert "Given up" in page
        assert "550 no such" in page
        again = f"/admin/mail/{mail.id}/again"
        assert audrey.post(again, page="/admin/mail").status_code == 403
        assert root.post(again, page="/admin/mail").status_code == 303
        assert root.post(again, page="/admin/mail").status_code == 404
        sink.refusal = None
        send(app)
    assert len(sink.letters) == 1
    assert root.post(again, page="/admin/mail").status_code == 404


def test_a_server_that_is_busy_is_tried_again(make_app: MakeApp) -> None:
    sink = Sink(refusal="451 later")
    with listening(sink) as port:
        app = make_app(mail_url=f"smtp://127.0.0.1:{port}")
        put(app)
        send(app)
        (mail,) = outbox(app)
        assert mail.due_at is not None
        assert mail.failure == "451 later"


@pytest.mark.parametrize(
    "address",
    [
        "john@example.com\r\nBcc: eve@example.com",
        "john@example.com\nBcc: eve@example.com",
        "john@example.com, eve@example.com",
        "john@example.com\u2028Bcc: eve@example.com",
        "",
        "john",
    ],
)
def test_no_address_adds_a_header_or_a_recipient__INJ_06(make_app: MakeApp, address: str) -> None:
    sink = Sink()
    with listening(sink) as port:
        app = make_app(mail_url=f"smtp://127.0.0.1:{port}")
        put(app, address=address)
        send(app)
    assert sink.letters == []
    (mail,) = outbox(app)
    assert (mail.due_at, mail.failure) == (None, "this is no address that mail can be sent to")


def test_no_name_login_or_browser_adds_a_header__INJ_06(make_app: MakeApp) -> None:
    sink = Sink()
    evil = "x\r\nBcc: eve@example.com\r\n\r\nHello\u2028Subject: y\x1b"
    with listening(sink) as port:
        app = make_app(mail_url=f"smtp://127.0.0.1:{port}")
        change(app, "john", name=evil, login=evil[:60])
        put(app, agent=evil, source=evil)
        send(app)
    (letter,) = sink.letters
    assert set(letter.keys()) == {
        *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"),
        *("Content-Type", "Content-Transfer-Encoding", "MIME-Version", "X-Peer", "X-MailFrom", "X-RcptTo"),
    } & set(letter.keys())
    assert letter["Bcc"] is None
    assert sink.envelopes[0][1] == ["john@example.com"]


def test_tls_is_used_where_it_is_offered(make_app: MakeApp, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    sink = Sink()
    with listening(sink, tls_context=context, require_starttls=True) as port:
        app = make_app(mail_url=f"smtp://127.0.0.1:{port}")
        put(app)
        send(app)
    assert len(sink.letters) == 1


def test_a_password_for_the_server_does_not_travel_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.mail.smtp.LOOPBACK", frozenset())
    sink = Sink()
    with listening(sink) as port:
        server = Server.at(f"smtp://name:word@127.0.0.1:{port}", "http://localhost")
        with pytest.raises(Exception, match="no TLS: the password stays here"):
            server.send(None)  # type: ignore[arg-type]


def test_letters_are_kept_for_thirty_days(app: Flask) -> None:
    put(app)
    for days, left in ((29, 1), (31, 0)):
        with time_machine.travel(clock.now() + timedelta(days=days), tick=False):
            worker.tidy(house_of(app))
            assert len(outbox(app)) == left


@pytest.mark.parametrize("letter", Letter)
@pytest.mark.parametrize("identity", ["john", "root"])
def test_every_letter_reads_well_for_customers_and_staff(app: Flask, letter: Letter, identity: str) -> None:
    values = {
        **AT,
        "until": AT["at"],
        "secret": "s",
        "failures": 12,
        "actor": "Helen Desk",
        "reason": "asked for",
        "what": "app",
        "mode": "full",
        "subject": "John Carter",
    }
    with working(app) as work:
        operations.put(work, identity, "x@example.com", letter, clock.now(), **values)
    (mail,) = outbox(app)
    text = text_of(app, mail)
    assert set(LETTERS) == set(Letter)
    assert "%(" not in text
    assert f"Hello {'John Carter' if identity == 'john' else 'Rosa Root'}," in text
    assert PASSWORD not in text


def test_a_letter_to_somebody_who_is_gone_is_given_up(make_app: MakeApp) -> None:
    sink = Sink()
    with listening(sink) as port:
        app = make_app(mail_url=f"smtp://127.0.0.1:{port}")
        put(app)
        with working(app) as work:
            work.delete(work.get(Identity, "john"))
        send(app)
    assert sink.letters == []
    assert outbox(app)[0].failure == "whom it was for is gone"


def test_without_a_mail_server_letters_wait(app: Flask) -> None:
    put(app)
    send(app)
    (mail,) = outbox(app)
    assert mail.due_at is not None
    assert mail.tries == 0


def test_the_command_answers_and_sends(make_app: MakeApp, database_url: str, new_browser: NewBrowser) -> None:
    sink, app = Sink(), make_app()
    new_browser().post("/login/forgotten", {"login": "john"})
    with listening(sink) as port:
        env = {
            "GATEWAY_SECRET_KEYS": secrets.token_urlsafe(48),
            "GATEWAY_AUDIT_KEYS": secrets.token_urlsafe(48),
            "GATEWAY_DATABASE_URL": database_url,
            "GATEWAY_BASE_URL": "http://localhost",
            "GATEWAY_MAIL_URL": f"smtp://127.0.0.1:{port}",
            "PATH": os.environ["PATH"],
        }
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "work"]
        process = subprocess.Popen(command, cwd=ROOT_FOLDER, env=env, stderr=subprocess.DEVNULL)
        try:
            until = time.monotonic() + 60
            while not sink.letters and time.monotonic() < until:
                time.sleep(0.2)
        finally:
            process.terminate()
            assert process.wait(5) == -signal.SIGTERM
    (letter,) = sink.letters
    assert "http://localhost/login/reset/" in letter.get_content()
    assert outbox(app)[0].tries == 1


def test_the_help_desk_does_not_see_the_outbox(app: Flask, new_browser: NewBrowser) -> None:
    put(app)
    helen = new_browser()
    helen.log_in(HELEN)
    assert helen.get("/admin/mail").status_code == 404
    (mail,) = outbox(app)
    assert helen.post(f"/admin/mail/{mail.id}/again", page="/admin/customers").status_code == 404
    assert rows(app, select(func.count()).select_from(Mail))[0][0] == 1
