"""Sessions through the front door: how they are carried, how long they last, what ends them."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import unquote

import httpx2
import pytest
from attrs import evolve

from credentials.tokens import Signer
from settings import Settings
from tests.live import AUTH, PASSWORD, SECRET, Live, Reader, Serve, new_email

PLAIN, SECURE = "better-auth.session_token", "__Secure-better-auth.session_token"
WEEK = 7 * 24 * 3600
OTHER_SECRET = "another secret of the tests, just as long as the one"
ROW = "select *, now() as now from sessions where token = $1"


def attributes(response: httpx2.Response) -> tuple[str, str, set[str]]:
    """The name, the value and the attributes of the one cookie that is set."""
    (line,) = response.headers.get_list("set-cookie")
    pair, *rest = line.split("; ")
    name, _, value = pair.partition("=")
    return name, value, set(rest)


def session(live: Live, **headers: str) -> httpx2.Response:
    return live.client.get(f"{AUTH}/session", headers=headers)


def cookie(value: str, name: str = PLAIN) -> dict[str, str]:
    return {"Cookie": f"{name}={value}"}


def test_a_cookie_is_out_of_reach_of_scripts_and_other_sites(live: Live) -> None:
    """For a week, with Better Auth's name; the token stands nowhere else (ASVS 3.3)."""
    response = live.login(live.reader().email, transport="cookie")
    name, value, rest = attributes(response)
    token = unquote(value).partition(".")[0]

    assert name == PLAIN
    assert rest == {f"Max-Age={WEEK}", "Path=/", "HttpOnly", "SameSite=Lax"}
    assert live.sql(ROW, token)
    assert token not in response.text
    assert "set-auth-token" not in response.headers
    assert session(live, **cookie(value)).status_code == 200


def test_a_bearer_token_comes_without_a_cookie(live: Live) -> None:
    """In the reply, and where clients of Better Auth look for it."""
    response = live.login(live.reader().email, transport="bearer")
    reply = response.json()

    assert reply.keys() == {"user_id", "email", "access_token", "token_type", "expires_in"}
    assert (reply["token_type"], reply["expires_in"]) == ("Bearer", WEEK)
    assert response.headers["set-auth-token"] == reply["access_token"]
    assert "set-cookie" not in response.headers


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer  "])
def test_one_token_works_both_ways(live: Live, scheme: str) -> None:
    """As cookie and as bearer token, raw and percent-encoded."""
    reader = live.reader()
    encoded = reader.token.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
    told = [
        session(live, **headers).json()
        for token in (reader.token, encoded)
        for headers in (cookie(token), {"Authorization": f"{scheme} {token}"})
    ]

    assert told[0].keys() == {"user_id", "email", "is_guest", "expires_at"}
    assert (told[0]["user_id"], told[0]["email"]) == (reader.user_id, reader.email)
    assert told == [told[0]] * 4


def test_over_https_the_cookie_is_secure_and_the_plain_one_is_nothing(
    serve: Serve, settings: Settings
) -> None:
    """Behind a proxy that ends TLS: PUBLIC_URL tells. Anybody on the net can set the plain one."""
    live = serve(evolve(settings, public_url="https://book.example"))
    email = live.reader().email
    name, value, rest = attributes(live.login(email, transport="cookie"))

    assert name == SECURE
    assert "Secure" in rest
    assert session(live, **cookie(value, SECURE)).status_code == 200
    refused = session(live, **cookie(value, PLAIN))
    assert (refused.status_code, refused.headers.get("set-cookie")) == (401, None)


def test_each_login_has_a_new_token_and_ends_the_presented_session(live: Live) -> None:
    """Whichever way it was presented; a session of another device goes on."""
    elsewhere = live.reader()
    first = live.reader(elsewhere.email)
    second = live.login(first.email, **first.headers).json()["access_token"]
    third = live.login(first.email, **cookie(second)).json()["access_token"]

    assert len({first.token, second, third}) == 3
    known = [session(live, **cookie(t)).status_code for t in (first.token, second, third)]
    assert known == [401, 401, 200]
    assert elsewhere.is_known


def test_a_planted_session_does_not_become_the_victim_s(live: Live) -> None:
    """Fixation: who logs in with a stranger's cookie gets another, and the stranger's ends."""
    stranger, victim = live.reader(), live.reader()
    mine = live.login(victim.email, **cookie(stranger.token)).json()

    assert mine["user_id"] == victim.user_id
    assert mine["access_token"] != stranger.token
    assert not stranger.is_known
    assert live.reader(stranger.email).user_id == stranger.user_id


def spoiled(live: Live, kind: str) -> str:
    """A token that is worth nothing."""
    reader = live.reader()
    token, _, signature = reader.token.partition(".")
    ending = {
        "expired": "update sessions set expires_at = now()",
        "a month old": "update sessions set created_at = now() - interval '30 days'",
        "revoked": "delete from sessions",
    }
    if kind in ending:
        live.sql(f"{ending[kind]} where token = $1", token)
        return reader.token
    return {
        "another token": f"{token[:-1]}{'a' if token[-1] != 'a' else 'b'}.{signature}",
        "another signature": f"{token}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}",
        "another secret": Signer((OTHER_SECRET,)).sign(token),
        "unsigned": token,
        "unsigned, with a dot": f"{token}.",
        "never issued": Signer((SECRET,)).sign("x" * 32),
        "garbage": "%00%ff';--",
        "over-long": reader.token + "=" * 5000,
        "a JWT": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.AAAA",
    }[kind]


KINDS = ["expired", "a month old", "revoked", "another token", "another signature"]
KINDS += ["another secret", "unsigned", "unsigned, with a dot", "never issued", "garbage"]
KINDS += ["over-long", "a JWT"]


@pytest.mark.parametrize("kind", KINDS)
def test_an_old_session_is_no_obstacle_to_a_new_one(live: Live, kind: str) -> None:
    """Nobody has to clear cookies to register or to log in."""
    old = cookie(spoiled(live, kind))
    body = {"email": new_email(), "password": PASSWORD}
    registered = live.client.post(f"{AUTH}/register", json=body, headers=old)
    logged_in = live.client.post(f"{AUTH}/login", json=body, headers=old)

    assert (registered.status_code, logged_in.status_code) == (201, 200)


@pytest.mark.parametrize("kind", KINDS)
def test_a_bad_token_is_refused_and_never_anonymous(live: Live, kind: str) -> None:
    """401 wherever a session is asked for, also where nobody may ask; a bad cookie is cleared."""
    token = spoiled(live, kind)
    question = {"message": {"content": "How bright is the lamp?"}}
    requests: list[tuple[str, str, object]] = [
        ("GET", f"{AUTH}/session", None),
        ("POST", "/api/v1/chat", question),
        ("POST", "/api/v1/chat/stream", question),
    ]
    for method, path, json in requests:
        by_bearer = {"Authorization": f"Bearer {token}"}
        bearer = live.client.request(method, path, json=json, headers=by_bearer)
        cookied = live.client.request(method, path, json=json, headers=cookie(token))

        for response in (bearer, cookied):
            assert (response.status_code, response.json()["error"]) == (401, "unauthorized"), path
            assert response.headers["www-authenticate"] == "Bearer"
        assert "set-cookie" not in bearer.headers
        assert cookied.headers["set-cookie"].startswith(f"{PLAIN}=; Max-Age=0; Path=/;")


@pytest.mark.parametrize(
    "authorization", ["Bearer", "Bearer garbage", "Token {token}", "garbage", "Bearer a, Bearer b"]
)
def test_a_bad_authorization_beside_a_good_cookie_is_refused(
    live: Live, authorization: str
) -> None:
    """The client meant it; and the cookie, which is good, stays."""
    reader = live.reader()
    sent = {"Authorization": authorization.format(token=reader.token)}
    response = session(live, **cookie(reader.token), **sent)

    assert (response.status_code, response.headers.get("set-cookie")) == (401, None)


def test_basic_is_for_a_proxy_in_front(live: Live) -> None:
    """A browser sends it with everything: the cookie counts, or nothing does."""
    reader = live.reader()
    basic = {"Authorization": "Basic YTpi"}

    assert session(live, **cookie(reader.token), **basic).json()["user_id"] == reader.user_id
    assert session(live, **basic).status_code == 401
    question = {"query_text": "How bright is the lamp?"}
    assert live.client.post("/api/v1/chat", json=question, headers=basic).status_code == 200


def test_a_cookie_lasts_as_long_as_its_session(live: Live) -> None:
    """Asking who one is sends it again with the time that is left; a bearer token sets none."""
    reader = live.reader()
    move = "update sessions set expires_at = now() + interval '3 days' where token = $1"
    live.sql(move, reader.bare_token)
    by_cookie = session(live, **cookie(reader.token))
    name, value, rest = attributes(by_cookie)
    (age,) = (int(part.partition("=")[2]) for part in rest if part.startswith("Max-Age"))

    assert (name, unquote(value)) == (PLAIN, reader.token)
    assert 3 * 24 * 3600 - 60 < age <= 3 * 24 * 3600
    assert "set-cookie" not in session(live, **reader.headers).headers


def test_of_two_session_cookies_the_first_counts(live: Live) -> None:
    """As at Better Auth."""
    one, other = live.reader(), live.reader()
    both = {"Cookie": f"{PLAIN}={one.token}; {PLAIN}={other.token}"}
    spoiled_first = {"Cookie": f"{PLAIN}=garbage; {PLAIN}={other.token}"}

    assert session(live, **both).json()["user_id"] == one.user_id
    assert session(live, **spoiled_first).status_code == 401


def used_after(live: Live, reader: Reader, last: str) -> tuple[float, float]:
    """A session *last* used so long ago is used: hours since its row's update, days it has left."""
    live.sql(
        "update sessions set updated_at = now() - $2::text::interval,"
        " expires_at = now() + interval '3 days' where token = $1",
        reader.bare_token,
        last,
    )
    assert reader.is_known
    row = live.sql(ROW, reader.bare_token)[0]
    updated, left = row["now"] - row["updated_at"], row["expires_at"] - row["now"]
    return round(updated.total_seconds() / 3600), round(left.total_seconds() / 86400, 2)


def test_a_session_that_is_used_lives_on(live: Live) -> None:
    """Another week, written at most once a day."""
    reader = live.reader()

    assert used_after(live, reader, "23 hours") == (23, 3)
    assert used_after(live, reader, "25 hours") == (0, 7)


def test_no_session_lasts_longer_than_a_month(live: Live) -> None:
    """However often it is used: 30 days after the login it needs the password again."""
    reader = live.reader()
    aged = "update sessions set created_at = now() - $2::text::interval where token = $1"
    live.sql(aged, reader.bare_token, "28 days")

    assert used_after(live, reader, "25 hours") == (0, 2)
    live.sql(aged, reader.bare_token, "30 days")
    assert not reader.is_known


@pytest.mark.parametrize("at_once", [1, 10])
def test_a_reader_has_at_most_twenty_sessions(live: Live, at_once: int) -> None:
    """The oldest end, also when many logins race."""
    first = live.reader()
    with ThreadPoolExecutor(at_once) as pool:
        later = list(pool.map(live.reader, [first.email] * 24))

    assert len(live.sql("select from sessions where user_id = $1", first.user_id)) == 20
    assert not first.is_known
    assert sum(reader.is_known for reader in later) == 20


@pytest.mark.parametrize("by", ["cookie", "bearer"])
def test_logging_out_ends_the_session_at_once(live: Live, by: str) -> None:
    """Everywhere, for every copy; other sessions go on. A cookie is cleared if it was the one."""
    other = live.reader()
    reader = live.reader(other.email)
    headers = reader.headers if by == "bearer" else cookie(reader.token)
    response = live.client.post(f"{AUTH}/logout", headers=headers)

    assert (response.status_code, response.content) == (204, b"")
    if by == "cookie":
        assert attributes(response)[:2] == (PLAIN, "")
    else:
        assert "set-cookie" not in response.headers
    assert [session(live, **h).status_code for h in (reader.headers, cookie(reader.token))] == [
        401,
        401,
    ]
    assert live.client.post(f"{AUTH}/logout", headers=headers).status_code == 401
    assert other.is_known


def test_a_session_outlives_the_rotation_of_the_secret(serve: Serve, settings: Settings) -> None:
    """As long as the previous secret is named; what is signed now is signed with the new one."""
    reader = serve(settings).reader()
    rotated = serve(
        evolve(settings, auth_secret=OTHER_SECRET, previous_auth_secret=settings.auth_secret)
    )
    fresh = rotated.login(reader.email).json()["access_token"]
    assert session(rotated, **reader.headers).status_code == 200

    forgotten = serve(evolve(settings, auth_secret=OTHER_SECRET))
    assert session(forgotten, **reader.headers).status_code == 401
    assert session(forgotten, **cookie(fresh)).status_code == 200
