"""A running service for a test, and a client for it."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import uvicorn

from contract import Contract
from service import create_app
from settings import ROOT, Settings
from tests.contract_checks import Checked, events

BOOK = Path(__file__).with_name("book")
BOOK_URL = "https://example.org/book/"
SECRET = "a secret of the tests, of 32 characters and more"  # noqa: S105
SERVICE_KEY = "the service key of the tests"
CONTRACT = Contract.load(ROOT / "openapi.yaml")

Serve = Callable[[Settings], "Live"]


class Live:
    """A running service and a client for it."""

    def __init__(self, url: str, app: Checked) -> None:
        self.url, self.app = url, app
        self.client = httpx2.Client(base_url=url, timeout=30)

    def ask(self, question: str, **metadata: object) -> httpx2.Response:
        return self.client.post("/api/v1/chat", json=message(question, **metadata))

    def stream(self, question: str, **metadata: object) -> list[dict[str, Any]]:
        """Every event of a whole stream."""
        response = self.client.post("/api/v1/chat/stream", json=message(question, **metadata))
        assert response.status_code == 200, response.text
        return events(response.content)


def message(question: str, **metadata: object) -> dict[str, Any]:
    return {"message": {"content": question, "metadata": metadata}}


@contextmanager
def running(settings: Settings) -> Iterator[Live]:
    app = Checked(create_app(settings), CONTRACT)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=2)
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the service did not start"
            time.sleep(0.005)
        live = Live(f"http://127.0.0.1:{listener.getsockname()[1]}", app)
        with live.client:
            yield live
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
    assert app.violations == []


async def run_sql(dsn: str, sql: str, *args: object) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetch(sql, *args)
    finally:
        await connection.close()
