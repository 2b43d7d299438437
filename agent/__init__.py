"""The agent: a fixed pipeline, retrieve → gate → generate → cite, that tells events.

Knows neither HTTP nor SQL. One ``Agent`` serves all questions of a service.
"""

from collections.abc import Collection, Iterator
from functools import partial

from attrs import evolve

from agent import condense, followup, written
from agent.deadline import Deadline
from agent.events import Event, Tell
from agent.followup import Turn
from agent.grounds import Grounds, of_book, of_scope, of_selection, scope_pages
from agent.providers.failover import Failover
from agent.question import Question
from agent.retrieval import Retriever
from agent.scope import Scope
from agent.unwritten import quote, refuse

__all__ = ["Agent", "Question", "Tell", "Turn"]


class Agent:
    """*media_hosts*: where images of a model's answer may come from, in lower case."""

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

    async def answer(self, question: Question, deadline: Deadline, tell: Tell) -> None:
        """*tell* the events of one answer, in the order that ``agent.events`` promises.

        Raises ``TimeoutError`` when the deadline passes. Cancelling it hangs up on the model.
        """
        condensed, searched = None, question
        if self.models and question.use_model:
            condensed = await condense.condense(question, self.retriever, self.models, deadline)
        if condensed:
            searched = evolve(question, text=condensed.query, turns=())
            tell = partial(condensed.count, tell)
        grounds = await self._search(searched, deadline)
        tell(grounds.evidence.retrieved)
        if self.models and question.use_model and grounds.evidence.retrieved.answerable:
            hosts = self.media_hosts
            await written.write(self.models, question, grounds, deadline, tell, hosts=hosts)
            return
        for event in self._unwritten(question, grounds):
            tell(event)

    def _unwritten(self, question: Question, grounds: Grounds) -> Iterator[Event]:
        found = grounds.evidence.retrieved
        if not found.answerable:
            return refuse(question, grounds)
        unused = ("model",) if self.models else ()
        return quote(grounds, (*found.degraded, *unused))

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
