"""The model port: text, piece by piece, from whichever provider can give it.

Knows nothing of books or prompts. A provider makes one attempt; ``failover`` decides what a
failure means.
"""

from collections.abc import Callable, Sequence
from typing import Literal, Protocol

from attrs import define

from agent.deadline import Deadline
from models import Usage
from records import frozen


@frozen
class Message:
    """One turn of the prompt."""

    role: Literal["system", "user", "assistant"]
    content: str


# What a model is asked. It is made anew for each attempt, so that no open stream keeps it: a prompt
# is larger than all else that a stream needs.
Prompt = Callable[[], Sequence[Message]]

# Takes a piece of the answer, never an empty one.
Say = Callable[[str], None]


@frozen(kw_only=True)
class End:
    """The model has finished, by its own account."""

    usage: Usage
    finish_reason: str  # "stop", "length", "content_filter", …


@frozen(kw_only=True)
class Answered(End):
    """The end of a whole answer, and who gave it."""

    provider: str
    model: str
    cost_usd: float | None = None  # None: the price is not known, or nobody counted the tokens
    is_cached: bool = False


@define(kw_only=True, eq=False)
class ProviderFailed(Exception):
    """No answer, or half of one. Carries codes only: no key, prompt or body can leak from it.

    *reason* is ``rate_limited``, ``no_credit``, ``unauthorised``, ``rejected`` (our request),
    ``redirected``, ``server_error``, ``timeout``, ``unreachable``, ``truncated`` (ended without a
    finish reason), ``malformed``, ``empty``, ``filtered`` (the provider withholds the rest),
    ``misconfigured``, ``open`` (not asked, see ``breaker``) or ``unconfigured`` (no provider).
    """

    reason: str
    retryable: bool = False  # the same request may succeed in a moment
    retry_after: float | None = None  # seconds, the provider's wish
    started: bool = False  # text had been sent

    def __str__(self) -> str:
        return self.reason


class Provider(Protocol):
    """One model at one place; safe for concurrent streams."""

    @property
    def name(self) -> str: ...

    @property
    def model(self) -> str: ...

    async def write(self, prompt: Prompt, deadline: Deadline, say: Say) -> End:
        """*say* each piece of the answer as it comes; its end, when it is whole.

        Raises ``ProviderFailed`` or ``TimeoutError``. Cancelling it hangs up on the model.
        """

    async def warm(self) -> None:
        """Load now what the first question would have to wait for; connects to nothing."""

    async def close(self) -> None: ...
