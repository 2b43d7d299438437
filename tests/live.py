"""A running service for a test, and a client for it."""

import asyncio
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import asyncpg
import httpx2
import uvicorn
from attrs import field, frozen

from connections import Connection
from contract import Contract
from postgres_url import normalise
from service import create_app
from settings import ROOT, Settings
from state import State
from tests.contract_checks import Checked, events

BOOK = Path(__file__).with_name("book")
BOOK_URL = "https://example.org/book/"
SECRET = "a secret of the tests, of 32 characters and more"
SERVICE_KEY = "the service key of the tests"
PASSWORD = "analytical engine 1843"
AUTH = "/api/v1/auth"
CONTRACT = Contract.load(ROOT / "openapi.yaml")
# Reading the machine's takes a client 0.05 s, and a service on loopback shows no certificate.
NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

Serve = Callable[[Settings], "Live"]
T = TypeVar("T")


class Live:
    """A running service and a client for it, which keeps no cookies: many tests share it."""

    def __init__(self, url: str, app: Checked, state: State) -> None:
        self.url, self.app, self.state = url, app, state
        self.client = httpx2.Client(base_url=url, timeout=30, verify=NO_AUTHORITIES)
        self.client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def sql(self, sql: str, *args: object) -> list[asyncpg.Record]:
        """The rows of a statement in the service's database."""
        return alone(run_sql(self.state["settings"].database_url or "", sql, *args))

    def logged(self, count: int = 1) -> list[asyncpg.Record]:
        """The log, once it has *count* rows: they are written behind a reader's back."""
        for _ in range(100):
            rows = self.sql("select * from interaction_logs order by interaction_id")
            if len(rows) >= count:
                break
            time.sleep(0.02)
        assert len(rows) == count
        return rows

    def register(self, email: str, password: str = PASSWORD) -> httpx2.Response:
        body = {"email": email, "password": password}
        return self.client.post(f"{AUTH}/register", json=body)

    def login(
        self, email: str, password: str = PASSWORD, *, transport: str = "bearer", **headers: str
    ) -> httpx2.Response:
        body = {"email": email, "password": password, "transport": transport}
        return self.client.post(f"{AUTH}/login", json=body, headers=headers)

    def reader(self, email: str | None = None) -> "Reader":
        """A session of a fresh account, or another one of *email*'s."""
        email = email or self.register(new_email()).json()["email"]
        return self._reader(self.login(email))

    def guest(self) -> "Reader":
        return self._reader(self.client.post(f"{AUTH}/guest", json={"transport": "bearer"}))

    def _reader(self, response: httpx2.Response) -> "Reader":
        reply = response.raise_for_status().json()
        return Reader(self.client, reply["user_id"], reply["email"] or "", reply["access_token"])

    def ask(self, question: str, **metadata: object) -> httpx2.Response:
        return self.client.post("/api/v1/chat", json=message(question, **metadata))

    def stream(self, question: str, **metadata: object) -> list[dict[str, Any]]:
        """Every event of a whole stream."""
        response = self.client.post("/api/v1/chat/stream", json=message(question, **metadata))
        assert response.status_code == 200, response.text
        return events(response.content)


@frozen
class Reader:
    """Somebody's session; the signed *token* goes along as bearer token."""

    client: httpx2.Client = field(repr=False)
    user_id: str
    email: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def bare_token(self) -> str:
        """As the database has it."""
        return self.token.partition(".")[0]

    def send(self, method: str, path: str, json: object = None) -> httpx2.Response:
        return self.client.request(method, path, json=json, headers=self.headers)

    def ask(self, question: str) -> str:
        """The id of the conversation that *question* has begun."""
        reply = self.send("POST", "/api/v1/chat", message(question)).raise_for_status().json()
        conversation_id: str = reply["conversation_id"]
        return conversation_id

    @property
    def is_known(self) -> bool:
        """Whether the session is still good."""
        return self.send("GET", f"{AUTH}/session").status_code == 200


def until(holds: Callable[[], bool]) -> None:
    """Wait for what happens behind a reader's back."""
    for _ in range(250):
        if holds():
            return
        time.sleep(0.02)
    raise AssertionError("it never happened")


def new_email() -> str:
    return f"reader-{uuid4().hex}@example.com"


def message(question: str, **metadata: object) -> dict[str, Any]:
    return {"message": {"content": question, "metadata": metadata}}


class Ear(logging.Handler):
    """Keeps what is *said* at ERROR or above, with its traceback."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(self.format(record))


@contextmanager
def unheard() -> Iterator[list[str]]:
    """What an event loop complains of meanwhile: what broke in a callback, or in nobody's task.

    And of an exception in a future that nobody awaited. It is told when that future is collected,
    which may be in a later test than its own.
    """
    ear, loops = Ear(), logging.getLogger("asyncio")
    loops.addHandler(ear)
    try:
        yield ear.said
    finally:
        loops.removeHandler(ear)


@contextmanager
def running(settings: Settings) -> Iterator[Live]:
    app = Checked(create_app(settings), CONTRACT)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            http=Connection,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=2,
        )
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    with unheard() as complaints:
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive(), "the service did not start"
                time.sleep(0.005)
            live = Live(f"http://127.0.0.1:{listener.getsockname()[1]}", app, server.lifespan.state)
            with live.client:
                yield live
        finally:
            server.should_exit = True
            thread.join()
            listener.close()
    # With their texts: pytest shows none for an assertion in a module that holds no tests.
    assert app.violations == [], app.violations
    assert complaints == [], "\n".join(complaints)


def alone(coroutine: Coroutine[Any, Any, T]) -> T:
    """Its result, from a loop in another thread: Playwright may have one going in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


async def run_sql(dsn: str, sql: str, *args: object) -> list[asyncpg.Record]:
    url = normalise(dsn)
    connection = await asyncpg.connect(url.dsn, statement_cache_size=0)
    try:
        return await connection.fetch(sql, *args)
    finally:
        await connection.close()
