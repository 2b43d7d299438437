"""What a question is answered from: the whole book, a part of it, or a selection and its page.

Decides where to search, and where to search next; knows neither model nor wire format.
"""

import asyncio
import logging
from collections.abc import Iterator, Sequence

from attrs import evolve

from agent import extractive, followup
from agent.deadline import Deadline
from agent.events import Retrieved
from agent.explain import explains, explanation
from agent.followup import Search, Turn
from agent.index import Hit
from agent.quotes import Unit, coverage
from agent.retrieval import OUTAGES, RETRIEVAL_SECONDS, Evidence, Retriever
from agent.scope import Scope, UnknownScope, pages_of
from agent.selection import SEARCHED, Located, locate
from agent.terms import stems, vocabulary
from models import PageLink
from records import frozen

log = logging.getLogger("footnote.retrieval")

ENOUGH = 4  # passages; a page with fewer does not explain its own words
NEAREST = 3  # pages that a refusal names


@frozen
class Grounds:
    """The evidence for an answer, and how its quotes are chosen."""

    search: Search
    evidence: Evidence
    explained: Located | None = None  # the selection that the question is about, and only it
    elsewhere: Retrieved | None = None  # of a scope without an answer: what the book has outside

    def quotes(self) -> Sequence[tuple[Hit, Unit]]:
        """What is quoted where no model writes, best first."""
        hits = self.evidence.retrieved.hits
        if self.explained:
            return explanation(self.explained, hits, self.evidence.weigh)
        weigh = self.search.weigh(self.evidence.weigh)
        return extractive.choose(self.search.text, hits, weigh)


async def of_book(retriever: Retriever, search: Search, deadline: Deadline) -> Grounds:
    """All of it."""
    return Grounds(search, search.judge(await retriever.retrieve(search.text, deadline)))


async def of_scope(
    retriever: Retriever, search: Search, scope: Scope, deadline: Deadline
) -> Grounds:
    """The scope alone; where it has no answer, also what the rest of the book would have said."""
    try:
        pages = await scope_pages(retriever, scope, deadline.share(RETRIEVAL_SECONDS))
    except (*OUTAGES, UnknownScope) as error:  # it was known when the question was taken
        log.warning("a scope cannot be looked up", extra={"reason": type(error).__name__})
        found = Retrieved((), 0.0, answerable=False, degraded=("retrieval",))
        return Grounds(search, Evidence(found, lambda _stem: 1.0))
    evidence = search.judge(await retriever.retrieve(search.text, deadline, within=pages))
    if evidence.retrieved.answerable or "retrieval" in evidence.retrieved.degraded:
        return Grounds(search, evidence)
    whole = search.judge(await retriever.retrieve(search.text, deadline)).retrieved
    outside = tuple(hit for hit in whole.hits if hit.passage.page not in pages)
    elsewhere = evolve(whole, hits=outside, answerable=whole.answerable and bool(outside))
    return Grounds(search, evidence, elsewhere=elsewhere)


async def scope_pages(retriever: Retriever, scope: Scope, deadline: Deadline) -> tuple[str, ...]:
    """The pages of *scope*. Raises ``UnknownScope``, and what ``OUTAGES`` lists."""
    async with asyncio.timeout(deadline.left()):
        index = await retriever.index()
    return pages_of(scope, index.manifest.contents)


async def of_selection(
    retriever: Retriever, question: str, selection: str, deadline: Deadline
) -> Grounds | None:
    """The selection's passage, then its page, then the book; ``None`` if it is not from there.

    A question that has no subject of its own is about the selection, and the gate is open; another
    one is judged as ever.
    """
    located = await _located(retriever, selection, deadline)
    if located is None:
        return None
    page = (located.hit.passage.page,)
    if explains(question, selection):
        search = Search(selection[:SEARCHED])
        evidence = await retriever.retrieve(search.text, deadline, within=page)
        if len(evidence.retrieved.hits) < ENOUGH:
            more = await retriever.retrieve(search.text, deadline)
            evidence = _joined(evidence, more)
        return Grounds(search, _opened(evidence, located), explained=located)
    search = followup.search(question, (Turn(selection, ""),))
    evidence = search.judge(await retriever.retrieve(search.text, deadline, within=page))
    if not evidence.retrieved.answerable:
        evidence = search.judge(await retriever.retrieve(search.text, deadline))
    return Grounds(search, _led(evidence, located, search))


async def _located(retriever: Retriever, selection: str, deadline: Deadline) -> Located | None:
    try:
        async with asyncio.timeout(deadline.share(RETRIEVAL_SECONDS).left()):
            return await locate(await retriever.index(), selection)
    except OUTAGES as error:
        log.warning("a selection cannot be located", extra={"reason": type(error).__name__})
        return None


def _joined(evidence: Evidence, more: Evidence) -> Evidence:
    known = {hit.passage.passage_id for hit in evidence.retrieved.hits}
    new = [hit for hit in more.retrieved.hits if hit.passage.passage_id not in known]
    hits = (*evidence.retrieved.hits, *new)
    return evolve(evidence, retrieved=evolve(evidence.retrieved, hits=hits))


def _opened(evidence: Evidence, located: Located) -> Evidence:
    """*evidence* behind the located passages, for a question about nothing else."""
    first = (located.hit, *located.others)
    ids = {hit.passage.passage_id for hit in first}
    rest = [hit for hit in evidence.retrieved.hits if hit.passage.passage_id not in ids]
    found = Retrieved(
        (*first, *rest), round(located.hit.score, 4), answerable=True, degraded=_known(evidence)
    )
    return evolve(evidence, retrieved=found)


def _known(evidence: Evidence) -> tuple[str, ...]:
    return evidence.retrieved.degraded


def _led(evidence: Evidence, located: Located, search: Search) -> Evidence:
    """*evidence* with the located passages first, each as sure as the question makes it."""
    asked, weigh = stems(search.text), search.weigh(evidence.weigh)
    judged = {hit.passage.passage_id: hit for hit in evidence.retrieved.hits}
    first: list[Hit] = []
    for hit in (located.hit, *located.others):
        covered = coverage(asked, vocabulary(hit.passage.indexed_text), weigh)
        first.append(judged.pop(hit.passage.passage_id, evolve(hit, score=covered)))
    return evolve(evidence, retrieved=evolve(evidence.retrieved, hits=(*first, *judged.values())))


def nearest(hits: Sequence[Hit]) -> tuple[PageLink, ...]:
    """The pages of *hits*, best first."""
    return tuple(_links(hits))[:NEAREST]


def _links(hits: Sequence[Hit]) -> Iterator[PageLink]:
    seen: set[str] = set()
    for passage in (hit.passage for hit in hits):
        if passage.page not in seen:
            seen.add(passage.page)
            yield PageLink(page=passage.page, title=passage.title, url=passage.url)
