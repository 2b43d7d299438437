"""Readers with a session, and which of them were seen lately. Knows neither HTTP nor SQL."""

import time
from collections import OrderedDict
from datetime import datetime
from uuid import UUID

from attrs import evolve, field

from records import frozen

SEEN_SECONDS = 60.0
SEEN_LIMIT = 10_000


@frozen(kw_only=True)
class Reader:
    """Somebody with a session; a guest is a reader without an account."""

    user_id: UUID
    email: str | None
    is_guest: bool
    expires_at: datetime
    token: str | None = field(default=None, repr=False)  # None: came with a JWT
    is_recalled: bool = False  # the database could not be asked


class SeenSessions:
    """Readers of the last minute, for the time that the database is down. Bounded."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, tuple[float, Reader]] = OrderedDict()

    def remember(self, token: str, reader: Reader) -> None:
        self._seen.pop(token, None)
        self._seen[token] = (time.monotonic(), reader)
        if len(self._seen) > SEEN_LIMIT:
            self._seen.popitem(last=False)

    def recall(self, token: str) -> Reader | None:
        at, reader = self._seen.get(token, (0.0, None))
        if reader is None or time.monotonic() - at > SEEN_SECONDS:
            return None
        return evolve(reader, is_recalled=True)

    def forget(self, user_id: UUID, *, but: str | None = None) -> None:
        """Sessions of a user have ended, all *but* one."""
        ended = [t for t, (_, r) in self._seen.items() if r.user_id == user_id and t != but]
        for token in ended:
            del self._seen[token]
