"""What one caller may do in a while: through the front door, with limits on."""

import time
from uuid import uuid4

import httpx2
import pytest
from attrs import evolve

from limits import CHAT_IP, CHAT_USER, GUEST_PER_DAY, IP_PER_DAY, LOGIN_PAIR
from settings import Settings
from tests.fake_model import FakeModel
from tests.live import Live, Reader, Serve, message, new_email

QUESTION = "What is the lamp?"
CHAT = "/api/v1/chat"
HEADER = "x-real-ip"


@pytest.fixture
def limited(serve: Serve, settings: Settings) -> Live:
    return serve(evolve(settings, rate_limits=True, client_ip_header=HEADER))


def ask(live: Live, address: str, **headers: str) -> httpx2.Response:
    return live.client.post(CHAT, json=message(QUESTION), headers={HEADER: address, **headers})


def test_an_address_may_ask_ten_questions_a_minute(limited: Live) -> None:
    """The eleventh is 429 with the seconds to wait; another address goes on, and so do readers."""
    statuses = [ask(limited, "192.0.2.1").status_code for _ in range(CHAT_IP.count + 1)]
    refused = ask(limited, "192.0.2.1")
    guest = limited.guest()

    assert statuses == [200] * CHAT_IP.count + [429]
    assert refused.json()["error"] == "too_many_requests"
    assert 1 <= int(refused.headers["retry-after"]) <= 6
    assert ask(limited, "192.0.2.2").status_code == 200
    assert ask(limited, "192.0.2.1", **guest.headers).status_code == 200


def test_a_forged_chain_of_addresses_gains_nothing(limited: Live) -> None:
    """What is not exactly one address shares one bucket, whatever it claims."""
    claims = [f"192.0.2.{i}, 198.51.100.1" for i in range(CHAT_IP.count + 1)]

    assert [ask(limited, claim).status_code for claim in claims][-1] == 429


def test_refused_questions_are_refused_before_the_first_byte(limited: Live) -> None:
    """A stream over the limit is a problem, no stream."""
    for _ in range(CHAT_IP.count):
        ask(limited, "192.0.2.3")
    stream = limited.client.post(
        f"{CHAT}/stream", json=message(QUESTION), headers={HEADER: "192.0.2.3"}
    )

    assert stream.status_code == 429
    assert stream.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("is_known", [True, False])
def test_guessing_a_password_is_slowed_down(limited: Live, *, is_known: bool) -> None:
    """Five tries of one address for one account; alike for accounts that do not exist."""
    email = new_email()
    if is_known:
        limited.register(email)
    ip = "192.0.2.4" if is_known else "192.0.2.5"
    tries = [
        limited.login(email, "wrong password", **{HEADER: ip}).status_code
        for _ in range(LOGIN_PAIR.count + 1)
    ]

    assert tries == [401] * LOGIN_PAIR.count + [429]
    assert limited.login(email, **{HEADER: ip}).status_code == 429
    if is_known:  # a stranger cannot lock the owner out
        assert limited.login(email, **{HEADER: "192.0.2.6"}).status_code == 200


def test_a_login_that_succeeds_forgets_the_failed_ones(limited: Live) -> None:
    """Whoever mistypes now and then is never locked out."""
    email = limited.register(new_email()).json()["email"]
    for _ in range(3):
        for _ in range(LOGIN_PAIR.count - 1):
            limited.login(email, "wrong password", **{HEADER: "192.0.2.7"})

        assert limited.login(email, **{HEADER: "192.0.2.7"}).status_code == 200


def test_registering_is_limited_by_address(limited: Live) -> None:
    """Ten an hour."""
    body = {"password": "analytical engine 1843"}
    statuses = [
        limited.client.post(
            "/api/v1/auth/register",
            json=body | {"email": new_email()},
            headers={HEADER: "192.0.2.8"},
        ).status_code
        for _ in range(11)
    ]

    assert statuses == [201] * 10 + [429]


def test_a_guest_may_ask_so_many_questions_a_day(limited: Live) -> None:
    """Then 429 until midnight, UTC; the next day there is room again."""
    guest = limited.guest()
    assert ask(limited, "192.0.2.9", **guest.headers).status_code == 200
    limited.sql("update daily_budgets set used = $1", GUEST_PER_DAY)
    refused = ask(limited, "192.0.2.9", **guest.headers)
    limited.sql("update daily_budgets set day = day - 1")

    assert refused.json()["error"] == "budget_spent"
    assert 1 <= int(refused.headers["retry-after"]) <= 86400
    assert ask(limited, "192.0.2.9", **guest.headers).status_code == 200


def test_an_address_with_many_guests_is_bounded_too(limited: Live) -> None:
    """Anybody can be many guests; their address pays for each of their questions."""
    ask(limited, "192.0.2.11", **limited.guest().headers)
    limited.sql("update daily_budgets set used = $1 where used = 1", IP_PER_DAY)
    refused = ask(limited, "192.0.2.11", **limited.guest().headers)
    reader = ask(limited, "192.0.2.11", **limited.reader().headers)

    assert (refused.status_code, refused.json()["error"]) == (429, "budget_spent")
    assert reader.status_code == 200


def test_a_spent_site_goes_on_with_the_words_of_the_book(
    serve: Serve, with_model: Settings, model: FakeModel
) -> None:
    """No surprise bill: the model is not asked again today, and the reply says so."""
    model.say("The lamp is a lamp [1].")
    live = serve(evolve(with_model, global_chat_per_day=2, answer_cache=0))
    replies = [live.ask(QUESTION).json() for _ in range(4)]

    assert [reply["degraded"] for reply in replies] == [[], [], ["model"], ["model"]]
    assert len(model.requests) == 2
    assert all(reply["citations"] for reply in replies)


def test_a_spent_site_without_a_model_refuses(serve: Serve, settings: Settings) -> None:
    """Also with the limits of readers off: the owner said how many."""
    live = serve(evolve(settings, global_chat_per_day=2))
    replies = [live.ask(QUESTION) for _ in range(3)]

    assert [reply.status_code for reply in replies] == [200, 200, 429]
    assert replies[-1].json()["error"] == "budget_spent"


def test_a_refused_question_is_charged_to_no_day(serve: Serve, settings: Settings) -> None:
    """A page that is not there, somebody else's conversation, a site that is spent."""
    live = serve(evolve(settings, rate_limits=True, global_chat_per_day=1))
    guest = live.guest()
    assert live.ask(QUESTION).status_code == 200  # the address and the site
    scope = {"context": "page", "page": "no-such-page.md"}
    asked = [
        message(QUESTION) | {"message": {"content": QUESTION, "metadata": scope}},
        message(QUESTION) | {"conversation_id": str(uuid4())},
        message(QUESTION),
    ]
    refused = [live.client.post(CHAT, json=body, headers=guest.headers) for body in asked]
    (day,) = live.sql("select sum(used) as used from daily_budgets")

    assert [response.status_code for response in refused] == [422, 404, 429]
    assert day["used"] == 2


@pytest.fixture
def slow(serve: Serve, with_model: Settings, model: FakeModel) -> Live:
    model.say("One two three four five six seven eight nine ten.", gap=0.3)
    return serve(evolve(with_model, rate_limits=True))


def test_a_reader_has_two_answers_at_a_time(slow: Live) -> None:
    """The third is 429 at once; others are not in the way, and one that is left makes room."""
    first, second = slow.guest(), slow.guest()

    def begin(reader: Reader) -> httpx2.Response:
        request = slow.client.build_request(
            "POST", f"{CHAT}/stream", json=message(QUESTION), headers=reader.headers
        )
        return slow.client.send(request, stream=True)

    one, two, third, others = begin(first), begin(first), begin(first), begin(second)
    third.read()
    one.close()
    deadline = time.monotonic() + 5
    while (again := begin(first)).status_code == 429:
        again.close()
        assert time.monotonic() < deadline
    for response in (two, others, again):
        response.close()

    assert (one.status_code, two.status_code, others.status_code) == (200, 200, 200)
    assert (third.status_code, third.json()["error"]) == (429, "too_many_answers")
    assert int(third.headers["retry-after"]) >= 1


def test_a_reader_with_two_answers_is_not_asked_without_end(slow: Live) -> None:
    """A third one costs a token each time, and when none is left that is what they are told."""
    guest, told = slow.guest(), list[str]()
    streams = [
        slow.client.build_request(
            "POST", f"{CHAT}/stream", json=message(QUESTION), headers=guest.headers
        )
        for _ in range(2)
    ]
    running = [slow.client.send(request, stream=True) for request in streams]
    for _ in range(CHAT_USER.count - 1):
        refused = slow.client.post(CHAT, json=message(QUESTION), headers=guest.headers)
        told.append(refused.json()["error"])
    for response in running:
        response.close()

    assert told == ["too_many_answers"] * (CHAT_USER.count - 2) + ["too_many_requests"]


def test_limits_hold_while_the_database_is_down(serve: Serve, settings: Settings) -> None:
    """Fail limited, not open."""
    live = serve(
        evolve(settings, database_url="postgresql://footnote@127.0.0.1:1/x", rate_limits=True)
    )
    statuses = [live.ask(QUESTION).status_code for _ in range(CHAT_IP.count + 2)]

    assert statuses == [200] * CHAT_IP.count + [429] * 2
