"""URLs as hosts show them and people paste them."""

import ssl
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postgres_url import KNOWN, bare, normalise

NEON = "postgresql://u:p%40ss@ep-x-pooler.eu.aws.neon.tech/db"


@pytest.mark.parametrize(
    ("pasted", "usable"),
    [
        (f"{NEON}?sslmode=require&channel_binding=require", NEON),
        (f"psql '{NEON}?sslmode=require'", NEON),
        (f'DATABASE_URL="{NEON}"', NEON),
        (f" {NEON}\n", NEON),
        ("postgres://u@h/db", "postgresql://u@h/db"),
        ("postgresql+asyncpg://u@h/db?ssl=require", "postgresql://u@h/db?sslmode=require"),
        ("postgresql://u@h:6543/db?pgbouncer=true&connection_limit=1", "postgresql://u@h:6543/db"),
        ("postgresql://u@h/db?connect_timeout=10&schema=public", "postgresql://u@h/db"),
        ("postgresql://u@h/db?sslmode=require&supa=base", "postgresql://u@h/db?sslmode=require"),
        ("postgresql://u@/db?host=%2Frun%2Fpg", "postgresql://u@/db?host=%2Frun%2Fpg"),
    ],
)
def test_a_pasted_url_is_made_usable(pasted: str, usable: str) -> None:
    """What hosts add for other clients, asyncpg would send to the server as a setting."""
    normalised = normalise(pasted)

    assert normalised.dsn in (usable, f"{usable}?sslmode=require")
    assert normalise(normalised.dsn).dsn == normalised.dsn


@pytest.mark.parametrize("pasted", ["", "mysql://u@h/db", "h:5432/db", "https://h/db"])
def test_another_url_is_none_of_postgres(pasted: str) -> None:
    with pytest.raises(ValueError, match="postgresql://"):
        bare(pasted)


def test_neon_is_verified_however_its_url_reads() -> None:
    """Its channel binding cannot be had; a verified certificate protects as well."""
    for query in ("", "?sslmode=require", "?sslmode=require&channel_binding=require"):
        url = normalise(NEON + query)
        context = url.ssl

        assert context
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname
        assert "sslmode" not in url.dsn


@pytest.mark.parametrize(
    ("query", "verifies"),
    [
        ("", False),
        ("?sslmode=require", False),
        ("?sslmode=verify-full", True),
        ("?sslmode=verify-ca&sslrootcert=system", True),
        ("?sslmode=verify-full&sslrootcert=%2Fca.pem", False),
    ],
)
def test_a_certificate_is_verified_by_the_system_unless_another_root_is_named(
    query: str, *, verifies: bool
) -> None:
    url = normalise(f"postgresql://u@db.example.org/db{query}")

    assert url.verifies == verifies
    assert ("sslrootcert=%2Fca.pem" in url.dsn) == ("ca.pem" in query)


@pytest.mark.parametrize(
    ("pasted", "pooled"),
    [
        (NEON, True),
        ("postgresql://u@h:6432/db", True),
        ("postgresql://u@h:6543/db", True),
        ("postgresql://u@h/db?pgbouncer=true", True),
        ("postgresql://u@h/db", False),
    ],
)
def test_a_pooler_is_recognised(pasted: str, *, pooled: bool) -> None:
    """Where it is not, a setting says so."""
    assert normalise(pasted).is_pooled == pooled
    assert normalise(pasted, pooled=True).is_pooled


def test_migrations_go_past_neons_pooler() -> None:
    """To the same database, with the same password; other hosts are as they are called."""
    assert normalise(NEON).direct().dsn == NEON.replace("-pooler", "")
    other = "postgresql://u@my-pooler.example.org/db"
    assert normalise(other).direct().dsn == other


@pytest.mark.parametrize(("text", "seconds"), [("10", 10), ("0", 3), ("x", 3), ("9999", 30)])
def test_a_connect_timeout_is_ours(text: str, seconds: float) -> None:
    assert normalise(f"postgresql://u@h/db?connect_timeout={text}").connect_seconds == seconds


NAMES = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=12)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)


@given(st.dictionaries(st.sampled_from(sorted(KNOWN)) | NAMES, TEXTS), TEXTS, TEXTS)
def test_what_is_known_is_kept_and_the_rest_is_named(
    given_: dict[str, str], user: str, password: str
) -> None:
    """Whoever and wherever it is stays as it was, and the password is shown nowhere."""
    authority = f"{quote(user, safe='')}:{quote(password, safe='')}@db.example.org:5432"
    url = normalise(f"postgresql://{authority}/db?{urlencode(given_)}")
    kept = dict(parse_qsl(urlsplit(url.dsn).query, keep_blank_values=True))

    assert urlsplit(url.dsn).netloc == authority
    assert kept.keys() <= KNOWN
    assert all(given_.get(name, value) == value for name, value in kept.items())
    assert set(url.dropped) <= given_.keys() - kept.keys()
    assert "dsn" not in repr(url)
