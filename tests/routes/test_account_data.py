"""What is kept about a reader: all of it is told, and all of it goes."""

import re

from tests.live import AUTH, PASSWORD, Live, Reader

QUESTION = "How long is one blast of the fog signal?"
TABLES = "select tablename from pg_tables where schemaname = 'public'"


def asked_and_judged(reader: Reader) -> str:
    """The id of the one conversation that *reader* has had, and thought well of."""
    conversation_id = reader.ask(QUESTION)
    path = f"/api/v1/conversations/{conversation_id}"
    message_id = reader.send("GET", path).json()["exchanges"][0]["message_id"]
    feedback = {"rating": "negative", "comment": "Too short."}
    reader.send("PUT", f"/api/v1/messages/{message_id}/feedback", feedback).raise_for_status()
    return conversation_id


def rows_with(live: Live, *needles: str) -> dict[str, int]:
    """How many rows of each table hold one of *needles* anywhere."""
    pattern = "|".join(map(re.escape, needles))
    counts = {
        table: len(live.sql(f'select from "{table}" as t where t::text ~ $1', pattern))
        for (table,) in live.sql(TABLES)
    }
    return {table: count for table, count in counts.items() if count}


def test_the_export_tells_everything_but_secrets(live: Live) -> None:
    """Account, sessions, conversations with judgements, log; no password and no token."""
    other = live.reader()
    reader = live.reader(other.email)
    conversation_id = asked_and_judged(reader)
    response = reader.send("GET", f"{AUTH}/account")
    export = response.json()
    (conversation,) = export["conversations"]
    (exchange,) = conversation["exchanges"]

    assert response.status_code == 200
    parts = {"account", "sessions", "conversations", "feedback", "interactions"}
    assert export.keys() == parts
    assert export["account"].keys() == {"user_id", "email", "is_guest", "created_at"}
    assert (export["account"]["user_id"], export["account"]["email"]) == (
        reader.user_id,
        reader.email,
    )
    assert len(export["sessions"]) == 2
    assert all(
        session.keys() == {"created_at", "expires_at", "ip_address", "user_agent"}
        for session in export["sessions"]
    )
    assert conversation["conversation_id"] == conversation_id
    assert (exchange["query"], exchange["rating"], exchange["comment"]) == (
        QUESTION,
        "negative",
        "Too short.",
    )
    assert [row["rating"] for row in export["feedback"]] == ["negative"]
    assert [row["message_id"] for row in export["interactions"]] == [exchange["message_id"]]
    hashed = live.sql("select password from accounts where user_id = $1", reader.user_id)
    for secret in (reader.bare_token, other.bare_token, PASSWORD, hashed[0]["password"]):
        assert secret not in response.text


def test_the_export_is_the_reader_s_own(live: Live) -> None:
    """A guest's, too; of nobody else a word."""
    other, guest = live.reader(), live.guest()
    asked_and_judged(other)
    export = guest.send("GET", f"{AUTH}/account").json()

    assert export["account"]["user_id"] == guest.user_id
    assert (export["account"]["email"], export["account"]["is_guest"]) == (None, True)
    assert len(export["sessions"]) == 1
    assert (export["conversations"], export["interactions"]) == ([], [])


def test_deleting_an_account_leaves_nothing(live: Live) -> None:
    """Not a row of any table names the reader, the address, a session or what was asked."""
    reader, neighbour = live.reader(), live.reader()
    kept = {one.user_id: asked_and_judged(one) for one in (reader, neighbour)}
    traces = {
        one.user_id: (one.user_id, one.email, one.bare_token, kept[one.user_id])
        for one in (reader, neighbour)
    }
    tables = {"users", "accounts", "sessions", "conversations", "exchanges", "feedback"}
    before = rows_with(live, *traces[neighbour.user_id])
    assert rows_with(live, *traces[reader.user_id]).keys() == tables | {"interaction_logs"}
    cookie = {"Cookie": f"better-auth.session_token={reader.token}"}
    response = live.client.delete(f"{AUTH}/account", headers=cookie)

    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["set-cookie"].startswith("better-auth.session_token=; Max-Age=0;")
    assert rows_with(live, *traces[reader.user_id]) == {}
    assert rows_with(live, *traces[neighbour.user_id]) == before
    assert not reader.is_known
    assert live.login(reader.email).status_code == 401
    assert neighbour.is_known


def test_a_deleted_address_is_free_again(live: Live) -> None:
    """For a new account, with nothing of the old one."""
    old = live.reader()
    old.ask(QUESTION)
    old.send("DELETE", f"{AUTH}/account").raise_for_status()
    assert live.register(old.email).status_code == 201
    new = live.reader(old.email)

    assert new.user_id != old.user_id
    assert new.send("GET", "/api/v1/conversations").json()["items"] == []
    assert not old.is_known
