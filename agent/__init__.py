"""The agent: a fixed pipeline, retrieve → gate → generate → cite, that yields events.

Knows neither HTTP nor SQL. One ``Agent`` serves all questions of a service.
"""

from collections.abc import AsyncGenerator, Collection, Iterator
from contextlib import aclosing

from attrs import frozen

from agent import extractive, followup, prompt
from agent.citations import CitationStream, Cleaned
from agent.deadline import Deadline
from agent.events import Cited, Delta, Done, Event, Failed
from agent.followup import Search, Turn
from agent.images import SafeText
from agent.providers import Answered, Failover, ProviderFailed
from agent.quotes import supporting
from agent.retrieval import Evidence, Retriever
from models import Citation
from problems import AnswerInterrupted

__all__ = ["Agent", "Question", "Turn"]

MOMENT = 0.1  # seconds
OUT_OF_REACH = "The book cannot be searched right now. Please ask again in a moment."


@frozen(kw_only=True)
class Question:
    """What the reader wants to know; *selected_text* is what they have highlighted."""

    text: str
    selected_text: str | None = None
    turns: tuple[Turn, ...] = ()  # earlier ones of the conversation, oldest first
    use_model: bool = True  # or answer from the book's own words, for nothing
    within: tuple[str, ...] = ()  # the pages that are searched; none means all

    @property
    def search(self) -> Search:
        """What is searched: a question about a selection means nothing without it."""
        if self.selected_text:
            return Search(f"{self.text}\n{self.selected_text[:1000]}")
        return followup.search(self.text, self.turns)


class Agent:
    """*media_hosts*: where images of a model's answer may come from."""

    def __init__(
        self, retriever: Retriever, models: Failover | None, media_hosts: Collection[str] = ()
    ) -> None:
        self.retriever, self.models, self.media_hosts = retriever, models, media_hosts

    async def warm(self) -> None:
        """Load now what the first question would have to wait for; what cannot be had is left."""
        await self.retriever.warm()
        if self.models:
            await self.models.warm()

    async def close(self) -> None:
        await self.retriever.close()
        if self.models:
            await self.models.close()

    async def answer(self, question: Question, deadline: Deadline) -> AsyncGenerator[Event, None]:
        """The events of one answer, in the order that ``agent.events`` promises.

        Raises ``TimeoutError`` when the deadline passes; closing the generator closes the model's
        stream.
        """
        search = question.search
        evidence = search.judge(await self.retriever.retrieve(search.text, deadline))
        found = evidence.retrieved
        yield found
        if not found.answerable:
            unreachable = "retrieval" in found.degraded
            yield Delta(OUT_OF_REACH if unreachable else prompt.REFUSAL)
            yield _extracted(found.degraded, refused=not unreachable)
        elif self.models and question.use_model:
            written = _write(self.models, question, evidence, deadline, hosts=self.media_hosts)
            async with aclosing(written) as events:
                async for event in events:
                    yield event
        else:
            unused = ("model",) if self.models else ()
            for event in _quote(question, evidence, (*found.degraded, *unused)):
                yield event


async def _write(
    models: Failover,
    question: Question,
    evidence: Evidence,
    deadline: Deadline,
    *,
    hosts: Collection[str],
) -> AsyncGenerator[Event, None]:
    """The model's answer with its citations; the book's own words if no model begins one."""
    sources = prompt.within_budget(evidence.retrieved.hits)
    stream = CitationStream(sources, lambda hit, claim: supporting(hit, claim, evidence.weigh))
    safe = SafeText(stream, hosts)
    messages = prompt.messages(question.text, question.selected_text, sources, question.turns)
    answered: Answered | None = None
    try:
        async with aclosing(models.stream(messages, deadline)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Answered):
                    answered = piece
                else:
                    for event in _sent(safe.feed(piece.text)):
                        yield event
    except ProviderFailed as failed:
        if not failed.started:
            for event in _quote(question, evidence, (*evidence.retrieved.degraded, "model")):
                yield event
            return
    for event in _sent(safe.finish()):
        yield event
    if not answered and not deadline.fits(MOMENT):
        raise TimeoutError  # two timers ended at once, and the one inside was first
    if answered:
        yield _written(stream, answered, evidence.retrieved.degraded)
    else:
        yield Failed(AnswerInterrupted())


def _quote(question: Question, evidence: Evidence, degraded: tuple[str, ...]) -> Iterator[Event]:
    cited: list[Citation] = []
    search, hits = question.search, evidence.retrieved.hits
    for event in extractive.answer(search.text, hits, search.weigh(evidence.weigh)):
        if isinstance(event, Cited):
            cited.append(event.citation)
        yield event
    if not cited:  # passages without a single whole block, of another tool's making
        yield Delta(prompt.REFUSAL)
    yield _extracted(degraded, citations=tuple(cited), refused=not cited)


def _sent(cleaned: Cleaned) -> Iterator[Event]:
    if cleaned.text:
        yield Delta(cleaned.text)
    yield from map(Cited, cleaned.citations)


def _extracted(
    degraded: tuple[str, ...], *, citations: tuple[Citation, ...] = (), refused: bool = False
) -> Done:
    name = extractive.NAME
    return Done(citations=citations, model=name, provider=name, refused=refused, degraded=degraded)


def _written(stream: CitationStream, answered: Answered, degraded: tuple[str, ...]) -> Done:
    return Done(
        citations=stream.citations,
        usage=answered.usage,
        model=answered.model,
        provider=answered.provider,
        prompt_version=prompt.VERSION,
        refused=stream.tail.strip() == prompt.REFUSAL,
        degraded=degraded,
    )
