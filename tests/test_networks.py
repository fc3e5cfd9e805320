"""Trusted networks: how a list is read, and whom it admits."""

import random
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway import clock
from gateway.identity.networks import LONGEST_BYTES, MOST, Unreadable, admits, as_text, kept, parse

NOW = clock.now()
READ = {
    "": [],
    " \r\n ; ;;\t\n": [],
    "10.10.10.1;": ["10.10.10.1"],
    "10.10.10.1": ["10.10.10.1"],
    "10.10.10.1/32;": ["10.10.10.1"],
    "192.168.192.0/24;": ["192.168.192.0/24"],
    "192.168.192.0/255.255.255.0;": ["192.168.192.0/24"],
    "10.0.0.1/255.255.255.255;": ["10.0.0.1"],
    "128.0.0.0/128.0.0.0;": ["128.0.0.0/1"],
    "192.168.192.77/24;": ["192.168.192.0/24"],
    "192.168.192.0 / 24 ;": ["192.168.192.0/24"],
    "10.0.0.1;\r\n10.0.0.2;\r\n": ["10.0.0.1", "10.0.0.2"],
    "10.0.0.1;\n\n\n10.0.0.2": ["10.0.0.1", "10.0.0.2"],
    "10.0.0.1;\r10.0.0.2;": ["10.0.0.1", "10.0.0.2"],
    "10.0.0.1; 10.0.0.2;10.0.0.3": ["10.0.0.1", "10.0.0.2", "10.0.0.3"],
    "10.0.0.2;\n10.0.0.1;\n10.0.0.2;": ["10.0.0.2", "10.0.0.1"],
    "10.0.0.7/24;\n10.0.0.0/24;": ["10.0.0.0/24"],
    "2001:DB8::1;": ["2001:db8::1"],
    "2001:db8:0:0::1/128;": ["2001:db8::1"],
    "2001:db8::1/32;": ["2001:db8::/32"],
    "::1;": ["::1"],
    "::ffff:10.0.0.1;": ["10.0.0.1"],
    "::ffff:10.0.0.0/104;": ["10.0.0.0/8"],
}
BAD = {
    "nonsense;": 1,
    "10.0.0.1;\nnonsense;": 2,
    "10.0.0.1;\n\n10.0.0.2;\n10.0.0.300;": 4,
    "10.0.0.1 10.0.0.2;": 1,
    "10.0.0.1\n10.0.0.2;": 1,
    "10.0.0.1;\n10.0.0.2, 10.0.0.3;": 2,
    "10.0.0.0/0.0.0.255;": 1,
    "10.0.0.0/255.0.255.0;": 1,
    "10.0.0.0/0;": 1,
    "0.0.0.0/0.0.0.0;": 1,
    "::/0;": 1,
    "10.0.0.0/024;": 1,
    "10.0.0.0/33;": 1,
    "2001:db8::/129;": 1,
    "2001:db8::/ffff::;": 1,
    "10.0.0.0/-8;": 1,
    "10.0.0.0/;": 1,
    "/24;": 1,
    "10.0.0.0/8/8;": 1,
    "::ffff:10.0.0.0/8;": 1,
    "::ffff:0.0.0.0/96;": 1,
    "fe80::1%eth0;": 1,
    "010.0.0.1;": 1,
    "0x7f.0.0.1;": 1,
    "127.1;": 1,
    "2130706433;": 1,
    "\uff11\uff10.0.0.1;": 1,
    "10.0.0.\u0661;": 1,
    "10.0.0.0/\uff12\uff14;": 1,
    "10.0.0.1\0;": 1,
    "10.0.0.1:443;": 1,
    "[::1];": 1,
    "localhost;": 1,
    "*;": 1,
}


def listed(networks: list[str]) -> str | None:
    """Write networks without an end as a list is kept."""
    return kept((network, None) for network in networks)


@pytest.mark.parametrize("typed", READ)
def test_a_list_is_read_as_it_is_meant_and_reads_back_the_same__TIP_01__TIP_04(typed: str) -> None:
    assert parse(typed) == READ[typed]
    assert parse(as_text(parse(typed))) == READ[typed]


@pytest.mark.parametrize("typed", BAD)
def test_what_is_no_network_refuses_the_whole_and_names_the_line__TIP_02__TIP_03__TIP_05(typed: str) -> None:
    with pytest.raises(Unreadable, match=f"^Line {BAD[typed]}: "):
        parse(typed)


def test_a_list_has_an_end__TIP_08() -> None:
    assert len(parse("".join(f"10.0.{n // 200}.{n % 200};" for n in range(MOST)))) == MOST
    with pytest.raises(Unreadable, match="at most 200 entries"):
        parse("".join(f"10.0.{n // 200}.{n % 200};" for n in range(MOST + 1)))
    with pytest.raises(Unreadable, match="at most 8192 bytes"):
        parse(";" * (LONGEST_BYTES + 1))


@pytest.mark.parametrize(
    ("networks", "address", "admitted"),
    [
        ([], None, True),
        (["10.0.0.1"], "10.0.0.1", True),
        (["10.0.0.1"], "::ffff:10.0.0.1", True),
        (["10.0.0.1"], None, False),
        (["10.0.0.1"], "nonsense", False),
        (["2001:db8::/32"], "2001:db8::7", True),
        (["2001:db8::/32"], "10.0.0.1", False),
        (["::/1"], "::ffff:10.0.0.1", False),
    ],
)
def test_an_unknown_address_passes_an_empty_list_only__TIP_04(
    networks: list[str], address: str | None, admitted: bool
) -> None:
    assert admits(listed(networks), address, clock.now()) is admitted


def test_an_entry_counts_until_its_end_and_a_list_of_the_past_admits_nobody__TIP_07() -> None:
    now = clock.now()
    soon, gone = now + timedelta(hours=1), now - timedelta(seconds=1)
    assert admits(kept([("10.0.0.1", soon)]), "10.0.0.1", now)
    assert not admits(kept([("10.0.0.1", soon)]), "10.0.0.1", soon)
    assert not admits(kept([("10.0.0.1", gone)]), "10.0.0.1", now)
    assert not admits(kept([("10.0.0.1", gone)]), "10.0.0.2", now)
    assert admits(kept([("10.0.0.1", gone), ("10.0.0.0/8", None)]), "10.0.0.1", now)


@pytest.mark.parametrize("spoilt", ["nonsense", "10.0.0.1@someday", ";", "10.0.0.1/99"])
def test_a_list_that_cannot_be_read_admits_nobody__ERR_02(spoilt: str) -> None:
    assert not admits(spoilt, "10.0.0.1", clock.now())


@settings(max_examples=10_000, deadline=None, database=None)
@given(
    st.lists(st.tuples(st.integers(0, 2**128 - 1), st.integers(1, 128)), min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(1, 32)), min_size=1, max_size=3),
    st.integers(0, 5),
    st.integers(0, 127),
    st.integers(0, 2**128 - 1),
)
def test_membership_in_a_mixed_list_is_what_the_bits_say__TIP_05(
    six: list[tuple[int, int]], four: list[tuple[int, int]], near: int, flipped: int, far: int
) -> None:
    typed = [f"{IPv6Address(base)}/{bits};" for base, bits in six if base >> 32 != 0xFFFF]
    typed += [f"{IPv4Address(base)}/{bits};" for base, bits in four]
    base_six, base_four = six[near % len(six)][0], four[near % len(four)][0]
    clients: list[IPv6Address | IPv4Address] = [
        IPv6Address(base_six ^ (1 << flipped)),
        IPv4Address(base_four ^ (1 << flipped % 32)),
        IPv6Address(far),
    ]
    for client in clients:
        bits = int(client)
        own = four if client.version == 4 else [entry for entry in six if entry[0] >> 32 != 0xFFFF]
        if client.version == 6 and bits >> 32 == 0xFFFF:
            own, bits = four, bits & 0xFFFFFFFF
        width = 32 if own is four else 128
        expected = any(base >> (width - length) == bits >> (width - length) for base, length in own)
        assert admits(listed(parse("".join(typed))), str(client), NOW) is expected


def test_membership_is_what_the_bits_say__TIP_05() -> None:
    dice, now = random.Random(4), clock.now()
    for _ in range(10_000):
        bits, base = dice.randrange(1, 33), dice.getrandbits(32)
        client = base ^ dice.getrandbits(dice.randrange(33)) if dice.random() < 0.7 else dice.getrandbits(32)
        shift = 32 - bits
        typed = f"{ip_address(base)}/{bits};"
        assert admits(listed(parse(typed)), str(ip_address(client)), now) is (base >> shift == client >> shift)
        assert str(ip_network(f"{ip_address(base)}/{bits}", strict=False)).removesuffix("/32") in parse(typed)
