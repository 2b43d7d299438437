"""Our log on standard error: a JSON line a record, or plain text where a person reads along.

Extra members come from ``extra={"…": …}``, and ``request_id`` from the request that is answered.
Bodies, e-mails, passwords, tokens and prompts never go into a message or a member, but for the one
line that stands in for a row Postgres did not take.
"""

import logging
import sys
from contextvars import ContextVar, Token
from datetime import UTC, datetime
from typing import Any

import orjson
from attrs import define

_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= members_of(record)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str, option=orjson.OPT_UTC_Z).decode()


class TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        members = " ".join(f"{name}={value!r}" for name, value in members_of(record).items())
        return f"{super().format(record)} {members}".rstrip()


def members_of(record: logging.LogRecord) -> dict[str, Any]:
    """Those of the record; beside them the request's id, if they do not name one."""
    own = {name: value for name, value in vars(record).items() if name not in _STANDARD}
    request_id = _request_id.get()
    return own if request_id is None else {"request_id": request_id} | own


@define
class Within:
    """Every record written in the block, and in tasks that it starts, belongs to that request."""

    request_id: str
    _token: Token[str | None] | None = None

    def __enter__(self) -> None:
        self._token = _request_id.set(self.request_id)

    def __exit__(self, *_: object) -> None:
        if self._token:
            _request_id.reset(self._token)


def configure(level: str) -> None:
    """Write what the service logs from *level* on; other libraries' logs are left as they are."""
    ours = logging.getLogger("footnote")
    ours.setLevel(level)
    if not ours.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(TextFormatter() if sys.stderr.isatty() else JsonFormatter())
        ours.addHandler(handler)
