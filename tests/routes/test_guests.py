"""Guests: readers without an account, whose questions follow them into one."""

import asyncio

import httpx2
import pytest

from database import connected
from settings import Settings
from tests.live import AUTH, PASSWORD, Live, Reader, Serve, new_email

QUESTION = "How long is one blast of the fog signal?"
COOKIE = "better-auth.session_token"
LOGGED = "select user_id::text from interaction_logs where conversation_id = $1"
BECOME = ["register", "login"]


def conversations(reader: Reader) -> list[str]:
    page = reader.send("GET", "/api/v1/conversations").json()
    return [item["conversation_id"] for item in page["items"]]


def sign_in(live: Live, guest: Reader, email: str, by: str) -> Reader:
    """The session of *email*'s account, made or entered with the guest's session."""
    if by == "login":
        live.register(email)
    body = {"email": email, "password": PASSWORD}
    assert guest.send("POST", f"{AUTH}/{by}", body).is_success
    return live.reader(email)


def test_a_guest_is_a_reader_without_an_account(live: Live) -> None:
    """201; a session like any, without an e-mail."""
    response = live.client.post(f"{AUTH}/guest", json={})
    guest = live.guest()
    session = guest.send("GET", f"{AUTH}/session").json()

    assert response.status_code == 201
    assert response.json().keys() == {"user_id", "email"}
    assert response.json()["email"] is None
    assert session.keys() == {"user_id", "email", "is_guest", "expires_at"}
    assert (session["user_id"], session["email"]) == (guest.user_id, None)
    assert session["is_guest"] is True


@pytest.mark.parametrize("by", BECOME)
def test_what_a_guest_has_asked_follows_into_the_account(live: Live, by: str) -> None:
    """At once, history and log; judgements, too. The guest and the guest's session are gone."""
    guest = live.guest()
    conversation_id = guest.ask(QUESTION)
    reader = sign_in(live, guest, new_email(), by)

    assert conversations(reader) == [conversation_id]
    assert [row["user_id"] for row in live.sql(LOGGED, conversation_id)] == [reader.user_id]
    assert live.sql("select from users where id = $1", guest.user_id) == []
    assert not guest.is_known


def test_an_answer_that_is_still_being_stored_follows_too(serve: Serve, settings: Settings) -> None:
    """A reader who logs in right after the last word loses nothing."""
    live = serve(settings)
    guest, reader = live.guest(), live.reader()
    live.sql(
        "create function hold() returns trigger language plpgsql"
        " as $$ begin perform pg_advisory_xact_lock(1); return new; end $$"
    )
    live.sql("create trigger t before insert on interaction_logs execute function hold()")

    async def race() -> str:
        async with connected(live.state["settings"].database_url or "") as connection:
            await connection.execute("select pg_advisory_lock(1)")
            conversation_id = await asyncio.to_thread(guest.ask, QUESTION)
            body = {"email": reader.email, "password": PASSWORD}
            login = asyncio.create_task(
                asyncio.to_thread(guest.send, "POST", f"{AUTH}/login", body)
            )
            await asyncio.wait({login}, timeout=0.05)
            await connection.execute("select pg_advisory_unlock(1)")
            assert (await login).status_code == 200
            return conversation_id

    owners = live.sql(LOGGED, asyncio.run(race()))
    assert [row["user_id"] for row in owners] == [reader.user_id]


def test_judgements_of_a_guest_follow(live: Live) -> None:
    """They are kept by user, not by conversation."""
    guest = live.guest()
    conversation_id = guest.ask(QUESTION)
    kept = guest.send("GET", f"/api/v1/conversations/{conversation_id}").json()["exchanges"]
    path = f"/api/v1/messages/{kept[0]['message_id']}/feedback"
    assert guest.send("PUT", path, {"rating": "positive"}).status_code == 204
    reader = sign_in(live, guest, new_email(), "register")

    owners = live.sql(
        "select user_id::text from feedback where message_id = $1::uuid", kept[0]["message_id"]
    )
    assert [row["user_id"] for row in owners] == [reader.user_id]


def test_a_browser_that_was_a_guest_s_registers_and_logs_in(live: Live) -> None:
    """Registering ends the guest's session and its cookie; a tab that still has it logs in."""
    body = {"email": new_email(), "password": PASSWORD}
    with httpx2.Client(base_url=live.url) as browser:
        guest_id = browser.post(f"{AUTH}/guest", json={}).json()["user_id"]
        stale = dict(browser.cookies)
        account = browser.post(f"{AUTH}/register", json=body).json()
        assert dict(browser.cookies) == {}
        browser.post(f"{AUTH}/login", json=body).raise_for_status()
        session = browser.get(f"{AUTH}/session").json()

    assert (session["user_id"], session["is_guest"]) == (account["id"], False)
    assert session["user_id"] != guest_id
    cookie = {"Cookie": f"{COOKIE}={stale[COOKIE]}"}
    assert live.client.post(f"{AUTH}/login", json=body, headers=cookie).status_code == 200


@pytest.mark.parametrize("by", BECOME)
def test_a_refused_guest_loses_nothing(live: Live, by: str) -> None:
    """A taken address, a wrong password."""
    guest = live.guest()
    conversation_id = guest.ask(QUESTION)
    taken = live.reader().email
    response = guest.send("POST", f"{AUTH}/{by}", {"email": taken, "password": "not the password"})

    assert response.status_code in (401, 409)
    assert conversations(guest) == [conversation_id]


@pytest.mark.parametrize("by", BECOME)
def test_the_session_of_an_account_hands_nothing_over(live: Live, by: str) -> None:
    """Only guests become somebody else."""
    other = live.reader()
    conversation_id = other.ask(QUESTION)
    reader = sign_in(live, other, new_email(), by)

    assert conversations(reader) == []
    assert conversations(live.reader(other.email)) == [conversation_id]


def test_an_account_is_not_made_when_the_guest_s_things_cannot_follow(
    serve: Serve, settings: Settings
) -> None:
    """All or nothing: the address stays free, and the guest keeps everything."""
    live = serve(settings)
    guest, email = live.guest(), new_email()
    conversation_id = guest.ask(QUESTION)
    live.sql(
        "create function refuse() returns trigger language plpgsql"
        " as $$ begin raise exception 'not today'; end $$"
    )
    live.sql("create trigger t before update on conversations execute function refuse()")
    body = {"email": email, "password": PASSWORD}

    assert guest.send("POST", f"{AUTH}/register", body).status_code == 500
    assert live.sql("select from users where not is_guest") == []
    assert live.sql("select from accounts") == []
    live.sql("drop trigger t on conversations")
    assert conversations(guest) == [conversation_id]
    assert guest.send("POST", f"{AUTH}/register", body).status_code == 201


def test_guests_who_cannot_come_back_are_forgotten(live: Live) -> None:
    """When others begin: those of a month ago whose session has ended, nobody else."""
    gone, lapsed, lasting, reader = live.guest(), live.guest(), live.guest(), live.reader()
    old = "update users set created_at = now() - interval '31 days' where id = $1"
    end = "update sessions set expires_at = now() - interval '1 hour' where user_id = $1"
    for one in (gone, lasting, reader):
        live.sql(old, one.user_id)
    for one in (gone, lapsed, reader):
        live.sql(end, one.user_id)
    live.guest()

    left = live.sql("select id::text from users")
    ids = {one.user_id for one in (gone, lapsed, lasting, reader)}
    assert ids & {row["id"] for row in left} == ids - {gone.user_id}
