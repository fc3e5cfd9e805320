"""What is done beside the server: mail, log-outs told to portals elsewhere, and what is long over taken away."""

import secrets
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session as Work

from gateway import clock
from gateway.access import support
from gateway.api import operations as answers
from gateway.audit import alarms
from gateway.audit.operations import Stamp, record
from gateway.audit.patrol import Patrol
from gateway.errors import KeyMissing, Tampered, Unrecordable
from gateway.identity import api_tokens, arrivals, expiry, links, resets, second_factor, sessions, throttle
from gateway.launch import operations as visits
from gateway.launch import requests
from gateway.mail import operations as outbox
from gateway.mail.queries import is_due
from gateway.mail.smtp import NotSent, Server, message
from gateway.oidc import logouts
from gateway.portal.declaration import Portal
from gateway.retention import Sweep
from gateway.web.current import House
from gateway.web.letters import written

T = TypeVar("T")

log = structlog.get_logger()

ROUND_SECONDS = 2
SWEEP_SECONDS = 10
TIDY_SECONDS = 60
MAIL_SECONDS = 5


def run(house: House, portals: Sequence[Portal]) -> None:
    """Go round for ever, log-outs first. A database that is away for a while ends nothing: the next round goes on."""
    swept = tidied = 0.0
    walk = Patrol(house.audit_keys)
    sweep = Sweep(house, portals)
    while True:
        try:
            if time.monotonic() - swept > SWEEP_SECONDS:
                logouts.end_what_is_over(house.database, house.rights, partial(_in_work, house), clock.now())
                swept = time.monotonic()
            tell_portals_elsewhere(house)
            answer_resets(house)
            send_mail(house)
            if time.monotonic() - tidied > TIDY_SECONDS:
                tidy(house)
                patrol(house, walk)
                tidied = time.monotonic()
                sweep.go_on(clock.now())
        except (DBAPIError, KeyMissing, Tampered, Unrecordable) as error:
            log.error("worker.failed", error=type(error).__name__)
        time.sleep(ROUND_SECONDS + secrets.randbelow(1000) / 1000)


def answer_resets(house: House) -> None:
    """Write the letters to those who forgot a password; nothing is written while nobody asks."""
    with house.database.reading() as reader:
        if not resets.asked(reader):
            return
    with house.database.writing() as work:
        resets.answer(house.stamped(work, Stamp()), clock.now())
        work.commit()


def send_mail(house: House) -> None:
    """Send the letters that are due, for some seconds: log-outs come in between. Without a mail server they wait."""
    url = house.settings.mail_url
    if url is None:
        return
    server, until = Server.at(url, house.settings.base_url), time.monotonic() + MAIL_SECONDS
    with house.database.reading() as reader:
        while is_due(reader, clock.now()) and _send_one(house, server) and time.monotonic() < until:
            pass


def _send_one(house: House, server: Server) -> bool:
    """Send the next letter; tells whether to go on: not when the server is away, or another worker took the letter.

    It is this worker's from a commit on, so that no transaction is open while the mail server is waited for.
    """
    with house.database.writing() as work:
        letter = outbox.claim(work, clock.now())
        work.commit()
    if letter is None:
        return False
    try:
        with house.database.reading() as reader:
            words = written(reader, house, letter)
        if words is None:
            raise NotSent("whom it was for is gone", for_good=True)
        server.send(message(letter.id, words, letter.address, house.settings.brand, server, clock.now()))
    except NotSent as refused:
        log.warning("mail.failed", mail=letter.id, reason=refused.reason)
        with house.database.writing() as work:
            outbox.failed(work, letter, refused.reason, clock.now(), for_good=refused.for_good)
            work.commit()
        return not refused.all
    with house.database.writing() as work:
        outbox.sent(work, letter.id, clock.now())
        work.commit()
    return True


def tell_portals_elsewhere(house: House) -> None:
    """Tell portals elsewhere of log-outs, and ask whether they answer."""
    in_work = partial(_in_work, house)
    logouts.send_logouts(house.settings, house.vault, in_work, clock.now())
    logouts.check_health(house.database, house.settings, in_work, clock.now())


def _in_work(house: House, do: Callable[[Work], T]) -> T:
    with house.database.writing() as work:
        found = do(house.stamped(work, Stamp()))
        work.commit()
    return found


def patrol(house: House, walk: Patrol) -> None:
    """Walk the chain of the record on; where it does not hold, say so on the record, which rings the bell."""
    with house.database.reading() as reader:
        fault = walk.go_on(reader, clock.now())
    if fault is None:
        return
    log.error("record.broken", seq=fault.seq, what=fault.what)
    with house.database.writing() as work:
        record(house.stamped(work, Stamp()), "audit.broken", outcome="refused", row=fault.seq, what=fault.what)
        work.commit()
    walk.told()


def tidy(house: House) -> None:
    """End sessions and visits that ran out, take away what is long over, tell of many failed log-ins."""
    now = clock.now()
    ended = expiry.AT_ONCE
    while ended >= expiry.AT_ONCE:
        with house.database.writing() as work:
            ended = expiry.end_over(house.stamped(work, Stamp()), now)
            work.commit()
    with house.database.writing() as work:
        house.stamped(work, Stamp())
        visits.end_over(work, now)
        support.end_lapsed(work, now)
        for room in (sessions, outbox, throttle, second_factor, api_tokens, answers, requests, support, alarms):
            room.forget_old(work, now)
        links.forget_old(work, now - sessions.KEPT)
        logouts.clean_up(work, house.vault, now)
        arrivals.tell_of_many(work, now)
        requests.report_many(work, now)
        work.commit()
