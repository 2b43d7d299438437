"""Which passwords are refused, and which must not be."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credentials.passwords import Passwords, common_passwords, is_decorated

pytestmark = pytest.mark.anyio
EMAIL = "amna.qadir@example.com"


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    passwords = Passwords(4)
    yield passwords
    passwords.close()


@pytest.mark.parametrize(
    ("password", "about"),
    [
        ("password1", "common"),
        ("PassWord1", "common"),
        ("iloveyou", "common"),
        ("aaaaaaaaaa", "repeated"),
        ("AaAaAaAaAa", "repeated"),
        ("🚒🚒🚒🚒🚒🚒🚒🚒", "repeated"),
        ("amna.qadir@example.com", "e-mail"),
        ("Amna.Qadir", "e-mail"),
        ("amna.qadir2026!", "e-mail"),
        ("Footnote", "service"),
        ("footnote-123", "service"),
    ],
)
async def test_what_is_tried_first_is_refused_with_a_reason(
    password: str, about: str, passwords: Passwords
) -> None:
    """One sentence that a reader can act on (ASVS 6.2.4, 6.2.11)."""
    reason = await passwords.weakness(password, EMAIL)

    assert reason is not None
    assert about in reason
    assert reason.endswith(".")


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "all lower case letters",
        "qadir.amna.was.here",
        "footnotes are read last",
        "aaaaaaaaab",
        "ایک اچھا پاس ورڈ",
        "🚒🔥" * 8,
        "lone \ud800 surrogate",
    ],
)
async def test_no_rule_of_composition_refuses_a_password(
    password: str, passwords: Passwords
) -> None:
    """Length and rarity count; digits, capitals and signs are nobody's duty (ASVS 6.2.5)."""
    assert await passwords.weakness(password, EMAIL) is None


async def test_a_short_name_before_the_at_forbids_nothing(passwords: Passwords) -> None:
    """Else half of all generated passwords would be refused to a@example.com."""
    assert await passwords.weakness("a8#4!29@153", "a@example.com") is None
    assert await passwords.weakness("bob12345!", "bob@example.com") is not None


@given(st.text(min_size=8, max_size=128))
def test_only_names_with_digits_and_signs_count_as_decorated(password: str) -> None:
    """The law behind the examples."""
    folded = password.casefold()

    assert not is_decorated("x" + folded, EMAIL)
    assert not is_decorated(EMAIL + folded + "x", EMAIL)


def test_the_list_is_long_and_in_lower_case() -> None:
    """It is compared with a password in lower case."""
    common = common_passwords()

    assert len(common) == 30_000
    assert all(password == password.casefold() for password in common)
