"""The cost of hashing is bounded: a few at once, a short queue, nothing for what is too long (RATE-06)."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from gateway.errors import TooBusy
from gateway.identity import passwords
from gateway.identity.models import Counted, Throttle
from tests.cast import ABC, PASSWORD
from tests.house import Browser, form_token, rows

NewBrowser = Callable[[], Browser]
pytestmark = pytest.mark.usefixtures("hashing_for_real")


@contextmanager
def every_turn_taken() -> Iterator[None]:
    """Keep others from hashing meanwhile."""
    over = threading.Event()
    taken = [passwords._threads.submit(over.wait) for _ in range(passwords.AT_ONCE)]
    try:
        yield
    finally:
        over.set()
        wait(taken)


def test_no_more_hash_at_once_than_there_are_turns__RATE_06() -> None:
    inside, most, lock = 0, 0, threading.Lock()

    def one() -> None:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        time.sleep(0.01)
        with lock:
            inside -= 1

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: passwords._in_turn(one), range(32)))
    assert most == passwords.AT_ONCE


def test_the_queue_has_an_end_and_whoever_finds_it_full_is_told_at_once__RATE_06() -> None:
    most = passwords.AT_ONCE + passwords.WAITING
    with every_turn_taken(), ThreadPoolExecutor(most) as pool:
        queue = [pool.submit(passwords.hashed, "x") for _ in range(most)]
        begun = time.monotonic()
        while passwords._queue._value:  # type: ignore[attr-defined]
            assert time.monotonic() - begun < passwords.WAIT_SECONDS
            time.sleep(0.001)
        begun = time.monotonic()
        with pytest.raises(TooBusy):
            passwords.hashed("x")
        assert time.monotonic() - begun < passwords.WAIT_SECONDS / 2
        assert all(isinstance(waiting.exception(), TooBusy) for waiting in queue)
    assert passwords.hashed("x")


def test_too_many_log_ins_at_once_are_told_when_to_come_back_and_count_as_no_failure__RATE_06(
    app: Flask, new_browser: NewBrowser
) -> None:
    browser = new_browser()
    with every_turn_taken():
        busy = browser.log_in(ABC)
    assert busy.status_code == 503
    assert int(busy.headers["Retry-After"]) > 0
    assert rows(app, select(Throttle.key)) == []
    assert browser.log_in(ABC).status_code == 303


def resident() -> int:
    """Return the memory of this process, in MiB."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096 // 2**20


def test_sixty_four_log_ins_at_once_take_little_memory_and_other_pages_go_on__RATE_06(app: Flask) -> None:
    browsers = [Browser(app, REMOTE_ADDR=f"198.51.100.{number}") for number in range(64)]
    tokens = [browser.token("/login") for browser in browsers]
    Browser(app).log_in(ABC)
    before, most, over = resident(), 0, threading.Event()
    waits: list[float] = []

    def log_in(number: int) -> int:
        form = {"csrf_token": tokens[number], "login": "abc", "password": "wrong"}
        return int(browsers[number].client.post("/login", data=form).status_code)

    def look() -> None:
        nonlocal most
        reader = Browser(app)
        while not over.is_set():
            begun = time.monotonic()
            assert reader.get("/login").status_code == 200
            waits.append(time.monotonic() - begun)
            most = max(most, resident())
            time.sleep(0.01)

    looking = threading.Thread(target=look)
    looking.start()
    with ThreadPoolExecutor(64) as pool:
        statuses = list(pool.map(log_in, range(64)))
    over.set()
    looking.join()
    assert set(statuses) <= {422, 429, 503}
    assert 422 in statuses
    assert most - before < passwords.AT_ONCE * 64 * 1.2 + 64
    assert sorted(waits)[int(len(waits) * 0.95)] < 1


@pytest.mark.parametrize("length", [passwords.LONGEST_BYTES + 1, 400_000])
def test_what_is_too_long_is_refused_and_never_hashed__RATE_06(app: Flask, length: int) -> None:
    browser = Browser(app)
    form = {"csrf_token": form_token(browser.get("/login").text), "login": "abc", "password": "x" * length}
    with every_turn_taken():
        begun = time.monotonic()
        assert browser.client.post("/login", data=form).status_code == 422
        assert time.monotonic() - begun < passwords.WAIT_SECONDS
    counted = select(Throttle.failures).where(Throttle.counted == Counted.PAIR)
    assert [row.failures for row in rows(app, counted)] == [1]
    assert browser.log_in(ABC, PASSWORD).status_code == 303
