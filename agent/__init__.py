"""The agent: a fixed pipeline, retrieve → gate → generate → cite, that yields events.

Knows neither HTTP nor SQL. One ``Agent`` serves all questions of a service.
"""

from collections.abc import AsyncGenerator, Collection, Iterator, Sequence
from contextlib import aclosing

from attrs import evolve, frozen

from agent import condense, extractive, followup, prompt, support
from agent.citations import CitationStream, Cleaned
from agent.deadline import Deadline
from agent.events import Cited, Delta, Done, Event, Failed
from agent.followup import Search, Turn
from agent.grounds import Grounds, nearest, of_book, of_scope, of_selection, scope_pages
from agent.images import SafeText
from agent.providers import Answered, ProviderFailed
from agent.providers.failover import Failover
from agent.quotes import supporting
from agent.retrieval import Evidence, Retriever
from agent.scope import Scope
from agent.selection import SEARCHED
from models import Citation, PageLink
from problems import AnswerInterrupted

__all__ = ["Agent", "Question", "Turn"]

MOMENT = 0.1  # seconds
ELSEWHERE = "This {scope} does not answer the question, but “{title}” does."
NEAREST = "The nearest pages:"
OUT_OF_REACH = "The book cannot be searched right now. Please ask again in a moment."


@frozen(kw_only=True)
class Question:
    """What the reader wants to know; *selected_text* is what they have highlighted."""

    text: str
    selected_text: str | None = None
    turns: tuple[Turn, ...] = ()  # earlier ones of the conversation, oldest first
    use_model: bool = True  # or answer from the book's own words, for nothing
    scope: Scope | None = None  # the only part of the book that is searched

    @property
    def search(self) -> Search:
        """What the book is searched for; a selection that is not from there counts, too."""
        if self.selected_text:
            return Search(f"{self.text}\n{self.selected_text[:SEARCHED]}")
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
        condensed, searched = None, question
        if self.models and question.use_model:
            condensed = await condense.condense(question, self.retriever, self.models, deadline)
        if condensed:
            searched = evolve(question, text=condensed.query, turns=())
        grounds = await self._search(searched, deadline)
        yield grounds.evidence.retrieved
        async with aclosing(self._answer(question, grounds, deadline)) as events:
            async for event in events:
                yield condensed.counted(event) if condensed and isinstance(event, Done) else event

    def _answer(
        self, question: Question, grounds: Grounds, deadline: Deadline
    ) -> AsyncGenerator[Event, None]:
        """What follows the evidence; flat, since each layer costs every token its share."""
        found = grounds.evidence.retrieved
        if not found.answerable:
            return _at_once(_refuse(question, grounds))
        if self.models and question.use_model:
            return _write(self.models, question, grounds, deadline, hosts=self.media_hosts)
        unused = ("model",) if self.models else ()
        return _at_once(_quote(grounds, (*found.degraded, *unused)))

    async def pages(self, scope: Scope, deadline: Deadline) -> tuple[str, ...]:
        """The pages of *scope*.

        Raises ``UnknownScope`` with what there is instead, and ``retrieval.OUTAGES``.
        """
        return await scope_pages(self.retriever, scope, deadline)

    async def _search(self, question: Question, deadline: Deadline) -> Grounds:
        if question.scope:
            return await of_scope(self.retriever, question.search, question.scope, deadline)
        if selection := question.selected_text:
            located = await of_selection(self.retriever, question.text, selection, deadline)
            if located:
                return located
        grounds = await of_book(self.retriever, question.search, deadline)
        if grounds.evidence.retrieved.answerable or not question.selected_text:
            return grounds
        alone = followup.search(question.text, question.turns)  # strange words drown a question's
        return await of_book(self.retriever, alone, deadline)


async def _at_once(events: Iterator[Event]) -> AsyncGenerator[Event, None]:
    for event in events:
        yield event


def _refuse(question: Question, grounds: Grounds) -> Iterator[Event]:
    degraded = grounds.evidence.retrieved.degraded
    if "retrieval" in degraded:
        yield Delta(OUT_OF_REACH)
        yield _extracted(degraded)
        return
    whole = grounds.elsewhere
    if question.scope and whole and whole.answerable:
        best = max(whole.hits, key=lambda hit: hit.score).passage
        title = best.chapter if question.scope.kind == "chapter" else best.title
        yield Delta(ELSEWHERE.format(scope=question.scope.kind, title=title))
    else:
        yield Delta(prompt.REFUSAL)
    pages = nearest((whole or grounds.evidence.retrieved).hits)
    yield from _named(pages)
    yield _extracted(degraded, refused=True, nearest=pages)


def _named(pages: Sequence[PageLink]) -> Iterator[Event]:
    """The pages that come nearest, for a reader who may still want to look there."""
    links = [f"[{_bare(page.title)}]({page.url})" if page.url else page.title for page in pages]
    if links:
        yield Delta(f"\n\n{NEAREST} {', '.join(links)}.")


def _bare(title: str) -> str:
    return title.replace("[", "(").replace("]", ")")


async def _write(
    models: Failover,
    question: Question,
    grounds: Grounds,
    deadline: Deadline,
    *,
    hosts: Collection[str],
) -> AsyncGenerator[Event, None]:
    """The model's answer with its citations; the book's own words if no model begins one."""
    evidence = grounds.evidence
    sources = prompt.within_budget(evidence.retrieved.hits)
    stream = CitationStream(sources, lambda hit, claim: supporting(hit, claim, evidence.weigh))
    safe = SafeText(stream, hosts)
    answered: Answered | None = None
    try:
        pieces = models.stream(
            prompt.messages(question.text, question.selected_text, sources, question.turns),
            deadline,
            remembers=not question.turns,
        )
        async with aclosing(pieces):
            async for piece in pieces:
                if isinstance(piece, Answered):
                    answered = piece
                else:
                    for event in _sent(safe.feed(piece.text)):
                        yield event
    except ProviderFailed as failed:
        if not failed.started:
            for event in _quote(grounds, (*evidence.retrieved.degraded, "model")):
                yield event
            return
    for event in _sent(safe.finish()):
        yield event
    if not answered and not deadline.fits(MOMENT):
        raise TimeoutError  # two timers ended at once, and the one inside was first
    for event in _ended(stream, answered, evidence):
        yield event


def _ended(
    stream: CitationStream, answered: Answered | None, evidence: Evidence
) -> Iterator[Event]:
    if answered:
        done = _written(stream, answered, evidence)
        yield from _named(done.nearest)
        yield done
    else:
        yield Failed(AnswerInterrupted())


def _quote(grounds: Grounds, degraded: tuple[str, ...]) -> Iterator[Event]:
    cited: list[Citation] = []
    for event in extractive.answer(grounds.quotes()):
        if isinstance(event, Cited):
            cited.append(event.citation)
        yield event
    if not cited:  # passages without a single whole block, of another tool's making
        yield Delta(prompt.REFUSAL)
    yield _extracted(degraded, citations=tuple(cited), refused=not cited)


def _sent(cleaned: Cleaned) -> list[Event]:
    said: list[Event] = [Delta(cleaned.text)] if cleaned.text else []
    if cleaned.citations:
        said += map(Cited, cleaned.citations)
    return said


def _extracted(
    degraded: tuple[str, ...],
    *,
    citations: tuple[Citation, ...] = (),
    refused: bool = False,
    nearest: tuple[PageLink, ...] = (),
) -> Done:
    return Done(
        citations=citations,
        model=extractive.NAME,
        provider=extractive.NAME,
        refused=refused,
        nearest=nearest,
        degraded=degraded,
    )


def _written(stream: CitationStream, answered: Answered, evidence: Evidence) -> Done:
    refused = prompt.is_refusal(stream.text)
    checked = support.check(stream, evidence.weigh)
    return Done(
        citations=checked.citations,
        usage=answered.usage,
        model=answered.model,
        provider=answered.provider,
        prompt_version=prompt.VERSION,
        cost_usd=answered.cost_usd,
        is_cached=answered.is_cached,
        weak_sentences=0 if refused else checked.weak,
        uncited_sentences=0 if refused else checked.uncited,
        refused=refused,
        nearest=nearest(evidence.retrieved.hits) if refused else (),
        degraded=evidence.retrieved.degraded,
    )
