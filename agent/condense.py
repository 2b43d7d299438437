"""A question in another language than the book's, as a search query in the book's, by one call.

Neither BM25 nor the gate finds anything for "Wie zünde ich die Lampe an?" in an English book. So
when a model is configured it is asked once, and quickly; whatever goes wrong, the question is
searched as it is. The answer is still to be in the reader's language: only the search is not.

Follow-ups in the book's own language stay with ``agent.followup``: its rules understood 95 of 98
in the measured dialogues (``bench/followups.py``), and a call would cost each of them a second.
"""

import asyncio
import logging
from functools import partial

from attrs import evolve

from agent import prompt
from agent.deadline import Deadline
from agent.events import Done, Event, Tell
from agent.followup import STEPS
from agent.language import differs
from agent.providers import Answered, ProviderFailed
from agent.providers.failover import Failover
from agent.question import Question
from agent.retrieval import Retriever
from models import Usage
from records import frozen

log = logging.getLogger("footnote.condense")

VERSION = "condense-1"
SECONDS, SHARE = 4.0, 0.25  # that the call may take, or that part of what is left
READ = 300  # characters, some 60 tokens: more is no query


@frozen
class Condensed:
    """*query* stands alone and is in the book's language; *answered* tells what making it took."""

    query: str
    answered: Answered

    def count(self, tell: Tell, event: Event) -> None:
        """*tell* an event of the answer; its end with what condensing took, in tokens and money."""
        tell(self._counted(event) if isinstance(event, Done) else event)

    def _counted(self, done: Done) -> Done:
        usage, own = done.usage, self.answered.usage
        costs = [cost for cost in (done.cost_usd, self.answered.cost_usd) if cost is not None]
        return evolve(
            done,
            usage=Usage(
                prompt_tokens=usage.prompt_tokens + own.prompt_tokens,
                completion_tokens=usage.completion_tokens + own.completion_tokens,
            ),
            cost_usd=sum(costs) if costs else None,
            prompt_version="+".join(filter(None, (done.prompt_version, VERSION))),
        )


async def condense(
    question: Question, retriever: Retriever, models: Failover, deadline: Deadline
) -> Condensed | None:
    """*question* as a query in the book's language; ``None`` where it needs none, or none came."""
    language = retriever.language
    if not language or not is_foreign(question, language):
        return None
    try:
        async with asyncio.timeout(deadline.share(SECONDS, SHARE).left()):
            return await _ask(question, language, models, deadline)
    except (ProviderFailed, TimeoutError) as failed:
        reason = failed.reason if isinstance(failed, ProviderFailed) else "timeout"
        log.warning("a question could not be condensed", extra={"reason": reason})
        return None


def is_foreign(question: Question, language: str) -> bool:
    """Whether *question* is evidently not in *language*, or leans on one that is not."""
    return differs(question.text, language) or (
        bool(question.turns) and differs(question.search.text, language)
    )


async def _ask(
    question: Question, language: str, models: Failover, deadline: Deadline
) -> Condensed | None:
    """The model's query. It has the whole *deadline*: our own is shorter, and no fault of its."""
    messages = partial(
        prompt.condensing,
        question.text,
        question.selected_text,
        question.turns[-STEPS:],
        version=VERSION,
        language=language,
    )
    written: list[str] = []

    def hear(text: str) -> None:
        written.append(text)
        if sum(map(len, written)) > READ and not patience.expired():
            patience.reschedule(0)  # hangs up on the model: that is no query

    try:
        async with asyncio.timeout(None) as patience:
            answered = await models.write(messages, deadline, hear, remembers=not question.turns)
    except TimeoutError:
        if not patience.expired():
            raise
        return None
    query = query_of("".join(written), language)
    return Condensed(query, answered) if query else None


def query_of(written: str, language: str) -> str | None:
    """The query that a model wrote; ``None`` if it wrote none, or still in another language."""
    lines = [line for line in written.splitlines() if line.strip()]
    query = " ".join(lines[0].split()).strip("\"'`“”„«»… ") if len(lines) == 1 else ""
    if not any(map(str.isalnum, query)) or len(query) > READ or differs(query, language):
        return None
    return query
