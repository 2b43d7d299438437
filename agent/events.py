"""What the agent tells while it answers: the one vocabulary that every wire format encodes.

The order is ``Retrieved``, then any ``Delta`` and ``Cited``, then exactly one ``Done`` or
``Failed``, last.
"""

from collections.abc import Callable

from agent.index import Hit
from models import Citation, PageLink, Usage
from problems import Problem
from records import frozen


@frozen
class Retrieved:
    """Retrieval has ended; *hits* are best first. *degraded* names the parts that were down."""

    hits: tuple[Hit, ...]
    confidence: float  # of the gate, 0..1
    answerable: bool
    degraded: tuple[str, ...] = ()


@frozen
class Delta:
    """Text to append to the answer."""

    text: str


@frozen
class Cited:
    """A citation whose first marker the last delta carried."""

    citation: Citation


@frozen(kw_only=True)
class Done:
    """The answer is whole."""

    citations: tuple[Citation, ...] = ()
    usage: Usage = Usage()
    model: str  # "extractive" without one
    provider: str
    prompt_version: str | None = None
    refused: bool = False  # the book does not answer the question
    nearest: tuple[PageLink, ...] = ()  # of a refusal: the pages that come closest
    cost_usd: float | None = None
    is_cached: bool = False
    weak_sentences: int = 0
    uncited_sentences: int = 0
    degraded: tuple[str, ...] = ()


@frozen
class Failed:
    """The answer broke off; *problem* says why, in words for the reader."""

    problem: Problem


Event = Retrieved | Delta | Cited | Done | Failed
Tell = Callable[[Event], None]
