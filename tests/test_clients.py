"""Who is asking: one spelling an address, and nobody chooses the bucket he is counted in."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from clients import UNKNOWN, client_ip

NETWORK = "2001:db8:1:2::/64"


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:51234", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::FFFF:c000:0201", "192.0.2.1"),
        ("[::ffff:192.0.2.1]:443", "192.0.2.1"),
        ("2001:db8:1:2::1", NETWORK),
        ("2001:DB8:1:2:0:0:0:1", NETWORK),
        ("2001:0db8:0001:0002:ffff:ffff:ffff:ffff", NETWORK),
        ("[2001:db8:1:2::1]", NETWORK),
        ("[2001:db8:1:2::1]:51234", NETWORK),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("[fe80::1%eth0.7]:80", "fe80::/64"),
        ("::1", "::/64"),
    ],
)
def test_an_address_has_one_spelling(address: str, counted: str) -> None:
    """As a connection's peer and as the trusted header's value."""
    assert client_ip(address, {}, None) == counted
    assert client_ip("203.0.113.9", {"x-real-ip": address}, "x-real-ip") == counted


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "192.0.2.1, 198.51.100.7",
        "192.0.2.1,198.51.100.7",
        ",192.0.2.1",
        ", 192.0.2.1",
        "192.0.2.1,",
        "192.0.2.1 ",
        " 192.0.2.1",
        "192.0.2.1\n",
        "192.0.2.1\r\nx-real-ip: 198.51.100.7",
        "192.0.2.1\t198.51.100.7",
        "192.0.2.1\x00",
        "192.0.2",
        "192.0.2.256",
        "192.0.2.01",
        "3221225985",
        "0xc0.0.2.1",
        "192.0.2.1/32",
        "192.0.2.1:",
        "192.0.2.1:http",
        "192.0.2.1:8:9",
        "192.0.2.1%eth0",
        "[192.0.2.1]:80",
        "[2001:db8::1",
        "2001:db8::1]",
        "[2001:db8::1]:",
        "[2001:db8::1]]:80",
        "2001:db8::1%",
        "2001:db8::1%a, 192.0.2.1",
        "2001:db8::1%a b",
        "2001:db8::12345",
        "2001::db8::1",
        "1" * 100_000,
        "١٩٢.٠.٢.١",
        "unknown",
        "_hidden",
        "for=192.0.2.1",
        "localhost",
        "testclient",
        '"192.0.2.1"',
    ],
)
def test_anything_but_one_address_is_the_shared_bucket(value: str) -> None:
    """It fails closed: such callers share the tokens of one."""
    assert client_ip("203.0.113.9", {"x-real-ip": value}, "x-real-ip") == UNKNOWN
    assert client_ip(value, {}, None) == UNKNOWN


def test_a_stranger_s_headers_are_not_believed() -> None:
    """Unless the operator names one, the connection's own end counts."""
    forged = {
        "x-forwarded-for": "192.0.2.1",
        "x-real-ip": "192.0.2.1",
        "forwarded": "for=192.0.2.1",
    }

    assert client_ip("203.0.113.9", forged, None) == "203.0.113.9"
    assert client_ip("203.0.113.9", forged, "") == "203.0.113.9"


def test_a_chain_of_forwarders_is_not_read() -> None:
    """Its first entry is what the caller wrote, so a longer list must not become a new caller."""
    for first in ("192.0.2.1", "192.0.2.2", "2001:db8::1"):
        chain = {"x-forwarded-for": f"{first}, 203.0.113.9"}

        assert client_ip("10.0.0.1", chain, "x-forwarded-for") == UNKNOWN


def test_the_trusted_header_missing_is_not_the_peer() -> None:
    """Who gets around our proxy shares a bucket, and the proxy is no caller."""
    assert client_ip("203.0.113.9", {}, "x-real-ip") == UNKNOWN
    assert client_ip(None, {}, "x-real-ip") == UNKNOWN


def test_a_header_sent_twice_is_not_one_value() -> None:
    """A proxy that adds its own line must not be outvoted by the caller's, in either order."""
    lines = [(b"x-real-ip", b"192.0.2.1"), (b"x-real-ip", b"203.0.113.9")]

    for raw in (lines, lines[::-1]):
        assert client_ip("10.0.0.1", Headers(raw=raw), "x-real-ip") == UNKNOWN


def test_a_header_s_case_does_not_matter() -> None:
    """As HTTP has it, whatever mapping comes."""
    assert client_ip(None, {"X-Real-IP": "192.0.2.1"}, "x-real-ip") == "192.0.2.1"


def test_a_connection_without_a_peer_is_the_shared_bucket() -> None:
    """As on a Unix socket."""
    assert client_ip(None, {}, None) == UNKNOWN


@given(st.ip_addresses(v=6), st.integers(0, 2**64 - 1))
def test_a_household_is_one_caller(address: ipaddress.IPv6Address, host: int) -> None:
    """Addresses of one /64 count together, however they are spelled."""
    neighbour = ipaddress.IPv6Address((int(address) >> 64 << 64) | host)
    counted = {
        client_ip(spelling, {}, None)
        for one in (address, neighbour)
        if one.ipv4_mapped is None
        for spelling in (one.compressed, one.exploded.upper(), f"[{one}]:1")
    }

    assert len(counted) <= 1
    assert UNKNOWN not in counted


@given(st.text() | st.text(alphabet="0123456789abcdef.:[]%, "))
def test_nothing_that_is_sent_raises(value: str) -> None:
    """And what is counted is an address, a network or the shared bucket."""
    counted = client_ip(None, {"x-real-ip": value}, "x-real-ip")

    assert counted == UNKNOWN or ipaddress.ip_network(counted)
