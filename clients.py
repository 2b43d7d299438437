"""Whom a request comes from, as far as an address can tell, in the form that limits count by.

Knows nothing of limits, settings and HTTP libraries.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address

UNKNOWN = "unknown"

# 192.0.2.1, 192.0.2.1:443, 2001:db8::1, fe80::1%eth0, [2001:db8::1], [2001:db8::1]:443
ADDRESS = re.compile(
    r"(?P<v4>[0-9.]{7,15})(?::[0-9]{1,5})?"
    r"|(?P<v6>[0-9a-fA-F:.]{2,45})(?:%[\w.~-]{1,32})?"
    r"|\[(?P<bracketed>[0-9a-fA-F:.]{2,45})(?:%[\w.~-]{1,32})?\](?::[0-9]{1,5})?",
    re.ASCII,
)


def client_ip(peer: str | None, headers: Mapping[str, str], trusted_header: str | None) -> str:
    """An IPv4 address, an IPv6 network (/64: one household's), or ``"unknown"``. Never raises.

    *trusted_header*, in lower case, names the one that our own proxy sets; without it a header is
    whatever a stranger wrote, and the connection's *peer* counts. A header that is not there once,
    with one address, is ``"unknown"``: a bucket that all such callers share. Lists such as
    X-Forwarded-For are not read, since their first entries are the caller's own words.
    """
    if not trusted_header:
        return canonical(peer or "")
    # items(), not get(): of a header sent twice, get() shows one.
    values = [value for name, value in headers.items() if name.lower() == trusted_header]
    return canonical(values[0]) if len(values) == 1 else UNKNOWN


@lru_cache(maxsize=4096)
def canonical(address: str) -> str:
    """One spelling for every way to write *address*; without port and zone."""
    match = ADDRESS.fullmatch(address)
    if match is None:
        return UNKNOWN
    try:
        if match["v4"]:
            return str(IPv4Address(match["v4"]))
        v6 = IPv6Address(match["v6"] or match["bracketed"])
    except ValueError:
        return UNKNOWN
    # An IPv6Network would say the same, for the price of two more addresses.
    return str(v6.ipv4_mapped or f"{IPv6Address(int(v6) >> 64 << 64)}/64")
