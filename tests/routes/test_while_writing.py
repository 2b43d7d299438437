"""Accounts that come and go while an answer is being written."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from settings import Settings
from tests.fake_model import FakeModel
from tests.live import AUTH, PASSWORD, Live, Reader, Serve, message, new_email

QUESTION = "How long is one blast of the fog signal?"
LOGGED = "select user_id::text from interaction_logs where conversation_id = $1"


@pytest.fixture
def slow(serve: Serve, with_model: Settings, model: FakeModel) -> Live:
    model.say("It gives one blast of five seconds [1].", gap=0.1)
    return serve(with_model)


@pytest.mark.parametrize("by", ["register", "login"])
def test_an_answer_goes_with_the_guest_into_the_account(
    slow: Live, model: FakeModel, by: str
) -> None:
    """Who signs in in the middle of an answer finds it in the history, and can go on from it."""
    guest, email = slow.guest(), new_email()
    if by == "login":
        slow.register(email)
    with ThreadPoolExecutor() as beside:
        asked = beside.submit(guest.ask, QUESTION)
        model.wait_for_request()
        guest.send("POST", f"{AUTH}/{by}", {"email": email, "password": PASSWORD})
        conversation_id = asked.result()
    reader = slow.reader(email)
    found = reader.send("GET", f"/api/v1/conversations/{conversation_id}").json()
    (logged,) = slow.sql(LOGGED, conversation_id)

    assert [exchange["status"] for exchange in found["exchanges"]] == ["success"]
    assert logged["user_id"] == reader.user_id


def test_nothing_is_left_of_who_deletes_the_account_meanwhile(live: Live) -> None:
    """Questions at every stage of their way, none of which reaches a table after the deletion."""

    def leave(delay: int) -> str:
        reader = live.guest()
        secret = f"{QUESTION} {reader.user_id}"
        with ThreadPoolExecutor() as beside:
            for _ in range(3):
                beside.submit(reader.send, "POST", "/api/v1/chat", message(secret))
            for _ in range(delay):  # a few requests' time
                reader.send("GET", f"{AUTH}/session")
            assert reader.send("DELETE", f"{AUTH}/account").status_code == 204
        return secret

    secrets = [leave(delay) for delay in range(6)]
    left = live.sql("select question from interaction_logs where question = any($1)", secrets)

    assert left == []


def test_an_answer_of_a_deleted_account_is_told_so(slow: Live, model: FakeModel) -> None:
    """Its stream ends with a final frame, and nothing is kept."""
    reader: Reader = slow.guest()
    with ThreadPoolExecutor() as beside:
        stream = beside.submit(reader.send, "POST", "/api/v1/chat/stream", message(QUESTION))
        model.wait_for_request()
        deleted = reader.send("DELETE", f"{AUTH}/account")
        text = stream.result().text

    assert deleted.status_code == 204
    assert '"error":"answer_stopped"' in text.split("data: ")[-1]
    assert slow.sql("select from interaction_logs") == []
