"""The stub model: what it is told to say next, and who is listening to it."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from attrs import frozen

from bench.rig.processes import Server, free_port, running
from bench.rig.tools import built


@frozen
class Upstream:
    server: Server

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    def behave(self, *, tokens: int, every_us: int, in_words: bool = False) -> None:
        """From now on an answer has *tokens*, one every *every_us*; 0: no pause.

        Stamps, which readers count and time; or words, which a service reads as any text.
        """
        self._get(f"/behave/{tokens}/{every_us}/1/{in_words:d}")

    @property
    def open_streams(self) -> int:
        return int(self._get("/streams")["open"])

    @property
    def hung_up(self) -> tuple[int, int]:
        """How many streams were left before their end, and when the last was (monotonic ns)."""
        streams = self._get("/streams")
        return streams["hung_up"], streams["hung_up_ns"]

    def await_silence(self, seconds: float = 30.0) -> None:
        """Until nobody listens: some servers do not notice that their reader has gone."""
        deadline = time.monotonic() + seconds
        while self.open_streams and time.monotonic() < deadline:
            time.sleep(0.02)

    def _get(self, path: str) -> Any:
        connection = HTTPConnection("127.0.0.1", self.server.port, timeout=10)
        try:
            connection.request("GET", path)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()


@contextmanager
def upstream(logs: Path) -> Iterator[Upstream]:
    port = free_port()
    with running([str(built("stub")), str(port)], port, logs / "stub.log") as server:
        yield Upstream(server)
