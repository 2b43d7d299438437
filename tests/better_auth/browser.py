"""What a reader's browser does at either server, in the same words for both."""

from typing import Any, Literal, Protocol
from uuid import uuid4

import httpx2

from tests.better_auth.pair import Pair

Server = Literal["better_auth", "footnote"]
BOTH_WAYS = [("better_auth", "footnote"), ("footnote", "better_auth")]
PASSWORD = "analytical engine 1843"
COOKIE = "better-auth.session_token"
# Every browser's; none of them needs closing, because no connection outlives its response.
WIRE = httpx2.HTTPTransport(limits=httpx2.Limits(max_keepalive_connections=0))


class Accounts(Protocol):
    """A server's accounts. What is asked for is granted, or not."""

    def register(self, email: str, password: str = PASSWORD) -> bool: ...
    def login(self, email: str, password: str = PASSWORD) -> bool: ...
    def start_guest(self) -> bool: ...
    def change_password(self, old: str, new: str) -> bool: ...
    def logout(self) -> bool: ...
    def user(self) -> str | None:
        """The id of the user whose session this is."""


class Browser:
    """One jar of cookies for both servers, which share a host; or a bearer *token* instead."""

    def __init__(self, pair: Pair, *, cookie: str | None = None, token: str | None = None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.http = httpx2.Client(transport=WIRE, headers=headers, timeout=30)
        if cookie is not None:
            self.http.cookies.set(COOKIE, cookie, domain="127.0.0.1", path="/")
        self.better_auth = BetterAuth(self.http, pair.better_auth)
        self.footnote = Footnote(self.http, pair.footnote)

    def at(self, server: Server) -> Accounts:
        return self.better_auth if server == "better_auth" else self.footnote

    @property
    def cookie(self) -> str | None:
        """The session's cookie, as it is on the wire."""
        return self.http.cookies.get(COOKIE)

    def user(self) -> str | None:
        """The id of the user whom both servers see here, and they must agree."""
        there, here = self.better_auth.user(), self.footnote.user()
        assert there == here
        return here


class BetterAuth:
    def __init__(self, http: httpx2.Client, url: str) -> None:
        self._http, self._url = http, url

    def send(self, method: str, path: str, **body: Any) -> httpx2.Response:
        """Any of its endpoints; a page of its own site asks."""
        return self._http.request(
            method,
            f"{self._url}/api/auth{path}",
            json=None if method == "GET" else body,
            headers={"Origin": self._url},
        )

    def register(self, email: str, password: str = PASSWORD) -> bool:
        return _granted(
            self.send("POST", "/sign-up/email", email=email, password=password, name="")
        )

    def login(self, email: str, password: str = PASSWORD) -> bool:
        return _granted(self.send("POST", "/sign-in/email", email=email, password=password))

    def start_guest(self) -> bool:
        return _granted(self.send("POST", "/sign-in/anonymous"))

    def change_password(self, old: str, new: str) -> bool:
        body = {"currentPassword": old, "newPassword": new}
        return _granted(self.send("POST", "/change-password", **body))

    def logout(self) -> bool:
        return _granted(self.send("POST", "/sign-out"))

    def user(self) -> str | None:
        session = self.send("GET", "/get-session").raise_for_status().json()
        return session["user"]["id"] if session else None


class Footnote:
    def __init__(self, http: httpx2.Client, url: str) -> None:
        self._http, self._url = http, url

    def send(self, method: str, path: str, **body: Any) -> httpx2.Response:
        """Any of its account operations."""
        json = body or ({} if path == "/guest" else None)
        return self._http.request(method, f"{self._url}/api/v1/auth{path}", json=json)

    def register(self, email: str, password: str = PASSWORD) -> bool:
        return _granted(self.send("POST", "/register", email=email, password=password))

    def login(self, email: str, password: str = PASSWORD) -> bool:
        return _granted(self.send("POST", "/login", email=email, password=password))

    def login_for_token(self, email: str, password: str = PASSWORD) -> str:
        body = {"email": email, "password": password, "transport": "bearer"}
        token: str = self.send("POST", "/login", **body).raise_for_status().json()["access_token"]
        return token

    def start_guest(self) -> bool:
        return _granted(self.send("POST", "/guest"))

    def change_password(self, old: str, new: str) -> bool:
        body = {"current_password": old, "new_password": new}
        return _granted(self.send("PUT", "/password", **body))

    def logout(self) -> bool:
        return _granted(self.send("POST", "/logout"))

    def user(self) -> str | None:
        response = self.send("GET", "/session")
        if response.status_code == 401:
            return None
        user_id: str = response.raise_for_status().json()["user_id"]
        return user_id


def _granted(response: httpx2.Response) -> bool:
    """Whether it was; anything but a success or a plain refusal fails the test."""
    assert response.is_success or response.status_code in (400, 401, 403, 409, 422), response.text
    return response.is_success


def new_email() -> str:
    return f"reader-{uuid4().hex}@example.com"
