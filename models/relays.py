"""What two processes tell each other of one reader."""

from uuid import UUID

from records import record


@record(kw_only=True)
class Wish:
    """To read an answer on behind its first *after* characters, or to stop it."""

    relay_id: UUID
    message_id: UUID
    user_id: UUID | None
    is_stop: bool
    after: int = 0
    is_numbered: bool = False


@record(kw_only=True)
class RelayedFrames:
    """The frames since the last time."""

    frames: str
    is_over: bool
    is_begun: bool  # by a process that has the answer
    is_alive: bool  # that process, a moment ago
