"""Accounts through the front door: registering and logging in, and what neither gives away."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import httpx2
import pytest
from attrs import evolve
from hypothesis import HealthCheck, assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from credentials.passwords import common_passwords, is_decorated
from database import connected
from settings import Settings
from tests.credentials.golden import GOLDEN
from tests.live import AUTH, PASSWORD, Live, Serve, new_email, run_sql

HASH_OF = (
    "select a.password from users u inner join accounts a on a.user_id = u.id where u.email = $1"
)
WITH_HASH = (
    "with added as (insert into users (email) values ($1) returning id)"
    " insert into accounts (user_id, provider_id, account_id, password)"
    " select id, 'credential', id::text, $2 from added"
)


def hash_of(live: Live, email: str) -> str:
    password: str = live.sql(HASH_OF, email)[0]["password"]
    return password


def computations(live: Live, ask: Callable[[], httpx2.Response]) -> tuple[int, int]:
    """The status of a response, and how many bcrypt computations it took."""
    before = live.state["passwords"].computed
    status = ask().status_code
    return status, live.state["passwords"].computed - before


def test_registering_tells_the_account_and_nothing_else(live: Live) -> None:
    """201 with exactly these members; no session is opened."""
    email = new_email()
    response = live.register(email)
    account = response.json()

    assert response.status_code == 201
    assert account.keys() == {"id", "email", "created_at"}
    assert (UUID(account["id"]).version, account["email"]) == (4, email)
    assert account["created_at"].endswith("Z")
    assert not {"set-cookie", "set-auth-token"} & response.headers.keys()
    assert live.sql("select from sessions where user_id = $1", account["id"]) == []


def test_logging_in_by_cookie_tells_whose_session_it_is(live: Live) -> None:
    """Exactly two members."""
    account = live.register(new_email()).json()
    response = live.login(account["email"], transport="cookie")

    assert response.status_code == 200
    assert response.json() == {"user_id": account["id"], "email": account["email"]}


def test_an_e_mail_in_any_case_is_one_account(live: Live) -> None:
    """It is told, and kept, in lower case."""
    email = new_email()
    first = live.register(email.upper())
    again = [live.register(spelling) for spelling in (email, email.upper(), email.title())]
    logins = [live.login(spelling) for spelling in (email, email.upper(), email.title())]

    assert first.json()["email"] == email
    assert [(r.status_code, r.json()["error"]) for r in again] == [(409, "email_taken")] * 3
    assert {r.json()["user_id"] for r in logins} == {first.json()["id"]}


def test_of_forty_simultaneous_registrations_one_succeeds(live: Live) -> None:
    """One user with one password; who finds the hashing busy comes again, as told."""
    email = new_email()

    def register(number: int) -> int:
        spelling = email.upper() if number % 2 else email
        while (response := live.register(spelling)).status_code == 503:
            assert response.json()["error"] == "passwords_busy"
        return response.status_code

    with ThreadPoolExecutor(40) as pool:
        statuses = sorted(pool.map(register, range(40)))

    assert statuses == [201] + [409] * 39
    assert len(live.sql("select from users where lower(email) = $1", email)) == 1
    assert len(live.sql(HASH_OF, email)) == 1


def test_a_refused_login_does_not_tell_why(live: Live) -> None:
    """Unknown, wrong, without a password, a guest's: the same answer after the same work."""
    provider_only, guest = new_email(), live.guest()
    live.sql("insert into users (email) values ($1)", provider_only)
    known = live.register(new_email()).json()["email"]
    placeholder = f"{guest.user_id}@guest.invalid"
    bodies = []
    for email in (known, new_email(), provider_only, placeholder):
        assert computations(live, lambda email=email: live.login(email, "wrong")) == (401, 1)  # type: ignore[misc]
        body = live.login(email, "wrong").json()
        bodies.append({name: value for name, value in body.items() if name != "instance"})

    assert bodies[0]["error"] == "bad_credentials"
    assert all(body == bodies[0] for body in bodies)


def test_a_taken_address_takes_as_much_work_as_a_new_one(live: Live) -> None:
    """409 tells that there is such an account; time tells nothing more."""
    email = new_email()

    assert computations(live, lambda: live.register(email)) == (201, 1)
    assert computations(live, lambda: live.register(email)) == (409, 1)
    assert computations(live, lambda: live.login(email)) == (200, 1)


def test_a_guest_has_no_password_to_log_in_with(live: Live) -> None:
    """Not even when somebody puts one into the database."""
    guest = live.guest()
    live.sql(
        "insert into accounts (user_id, provider_id, account_id, password)"
        " values ($1::uuid, 'credential', $1::uuid::text, $2)",
        guest.user_id,
        hash_of(live, live.reader().email),
    )

    assert live.login(f"{guest.user_id}@guest.invalid").status_code == 401


@pytest.mark.parametrize(
    ("password", "others"),
    [
        ("a1" * 36 + "z", ["a1" * 36, "a1" * 36 + "y"]),
        (" spaces matter ", ["spaces matter", " spaces matter", "spaces matter "]),
        ("Case matters", ["case matters", "CASE MATTERS"]),
        ("with\0a NUL inside", ["with", "with\0another inside", "witha NUL inside"]),
        ("کتابخانہپڑھنےوا" * 4 + "کتاب", ["کتابخانہپڑھنےوا" * 4 + "کتاا"]),
        ("🚒🔥" * 64, ["🚒🔥" * 63 + "🚒🚒", "🚒🔥" * 63]),
        ("oﬃce ﬁle", ["office file"]),
    ],
    ids=["73 bytes", "spaces", "case", "NUL", "Urdu", "emoji", "ligatures"],
)
def test_the_whole_password_counts(live: Live, password: str, others: list[str]) -> None:
    """Any script, up to 128 characters; nothing is cut off, trimmed or folded."""
    email = new_email()

    assert live.register(email, password).status_code == 201
    assert live.login(email, password).status_code == 200
    assert [live.login(email, other).status_code for other in others] == [401] * len(others)


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("1234567", "shorter"),
        ("p" * 64 + "q" * 65, "longer"),
        ("password1", "most common"),
        ("PassWord1", "most common"),
        ("{email}", "your e-mail"),
        ("{local}", "your e-mail"),
        ("{local}2026!", "your e-mail"),
        ("Footnote1!", "this service's name"),
    ],
)
def test_a_password_that_is_guessed_early_is_refused(
    live: Live, password: str, reason: str
) -> None:
    """With the reason and its place; and nobody is registered."""
    email = new_email().replace("reader-", "r")
    chosen = password.format(email=email, local=email.partition("@")[0])
    response = live.register(email, chosen)
    problem = response.json()

    assert (response.status_code, problem["error"]) == (422, "validation_error")
    assert [(e["in"], e["pointer"]) for e in problem["errors"]] == [("body", "/password")]
    assert reason in problem["errors"][0]["detail"]
    assert chosen not in response.text
    assert live.sql("select from users where email = $1", email) == []


@hypothesis_settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=8, max_size=128))
def test_any_other_password_does(live: Live, password: str) -> None:
    """No rules of composition (ASVS 6.2.5)."""
    email, folded = new_email(), password.casefold()
    assume(len(set(folded)) > 1 and folded not in common_passwords())
    assume(not is_decorated(folded, email))

    assert live.register(email, password).status_code == 201
    assert live.login(email, password).status_code == 200


@pytest.mark.parametrize("field", ["id", "is_guest", "email_verified", "is_superuser", "name"])
def test_an_account_is_made_of_an_e_mail_and_a_password_only(live: Live, field: str) -> None:
    """What else is sent is refused, not ignored: nobody should think that it worked."""
    body = {"email": new_email(), "password": PASSWORD, field: True}
    response = live.client.post(f"{AUTH}/register", json=body)

    assert response.status_code == 422
    assert response.json()["error"] == "validation_error"


@pytest.mark.parametrize(
    "email",
    ["ada", "ada@localhost", "ada@example.com\n", "ада@example.com", "ada@exämple.com", "a" * 300],
)
def test_what_better_auth_takes_for_no_e_mail_is_refused(live: Live, email: str) -> None:
    """Such a reader could not sign in there."""
    assert live.register(email).status_code == 422
    assert live.login(email).status_code == 422


def test_a_login_renews_a_hash_of_another_cost(serve: Serve, settings: Settings) -> None:
    """When BCRYPT_COST has changed; once, and it is still the same password."""
    live = serve(evolve(settings, bcrypt_cost=5))
    email, hashed = new_email(), GOLDEN.bcrypt[0]
    live.sql(WITH_HASH, email, hashed.hash)

    assert computations(live, lambda: live.login(email, hashed.password)) == (200, 2)
    assert hash_of(live, email).startswith("$2b$05$")
    assert computations(live, lambda: live.login(email, hashed.password)) == (200, 1)


@pytest.mark.parametrize("golden", GOLDEN.scrypt[:2], ids=lambda golden: golden.shape)
def test_a_reader_of_better_auth_logs_in_with_the_hash_they_have(
    live: Live, golden: object
) -> None:
    """Its default is scrypt, which stays: a server of theirs may know nothing else."""
    assert isinstance(golden, type(GOLDEN.scrypt[0]))
    email = new_email()
    live.sql(WITH_HASH, email, golden.hash)

    assert live.login(email, golden.password).status_code == 200
    assert live.login(email, golden.password + "?").status_code == 401
    assert hash_of(live, email) == golden.hash


def test_a_reader_deleted_during_the_login_gets_no_session(live: Live) -> None:
    """The deletion commits between the check of the password and the session."""
    reader = live.reader()

    async def race() -> int:
        dsn = live.state["settings"].database_url or ""
        async with connected(dsn) as connection, asyncio.timeout(5):
            async with connection.transaction():
                await connection.execute("delete from users where id = $1", reader.user_id)
                login = asyncio.create_task(asyncio.to_thread(live.login, reader.email))
                while not await run_sql(dsn, "select from pg_locks where not granted"):
                    assert not login.done()
            return (await login).status_code

    assert asyncio.run(race()) == 401
