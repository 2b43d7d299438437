"""Both servers take the same addresses: who can register at one can sign in at the other."""

import pytest

from tests.better_auth.browser import Browser
from tests.better_auth.pair import Pair

TAKEN = [
    "ada@example.com",
    "Ada.Lovelace@Example.COM",
    "a+b_c-d'e@sub.example.co.uk",
    "x@1.example.org",
    "-@example.org",
    "a@b-.example.org",
    "l" * 64 + "@example.org",
    "a@xn--bcher-kva.example",
]
REFUSED = [
    "ada",
    "ada@localhost",
    "ada@example.c",
    "ada@example.c0m",
    "ada@-example.org",
    "ada@example..org",
    "ada@example.org.",
    ".ada@example.org",
    "ada.@example.org",
    "ada..l@example.org",
    "ada'@example.org",
    "a#b@example.org",
    "a b@example.org",
    "ada@exa_mple.org",
    "ada@example.org\n",
    " ada@example.org",
    '"ada"@example.org',
    "ada@[127.0.0.1]",
    "ádá@example.org",
    "ada@exämple.org",
    "\u212a@example.org",  # the Kelvin sign, whose lower case is k
    "ada@example.org\0",
    "",
]


@pytest.mark.parametrize("email", TAKEN + REFUSED, ids=ascii)
def test_an_address_is_taken_by_both_or_refused_by_both(pair: Pair, email: str) -> None:
    """An address that is fine, and unknown, is a failed login; one that is not, a bad request."""
    browser, credentials = Browser(pair), {"email": email, "password": "nobody's password"}
    there = browser.better_auth.send("POST", "/sign-in/email", **credentials).status_code
    here = browser.footnote.send("POST", "/login", **credentials).status_code

    assert (there, here) == ((401, 401) if email in TAKEN else (400, 422))


def test_case_makes_no_other_account(pair: Pair) -> None:
    """Both store an address in lower case."""
    assert Browser(pair).better_auth.register("Grace.Hopper@Example.com")
    assert not Browser(pair).footnote.register("grace.HOPPER@example.com")
    assert Browser(pair).footnote.login("GRACE.hopper@example.com")
    assert not Browser(pair).better_auth.register("grace.hopper@EXAMPLE.com")
