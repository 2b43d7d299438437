"""Where interactions are kept: in Postgres, and if it does not take one, whole on one log line.

A question is never lost because a database is; an answer never waits for one.
"""

import asyncio
import logging
import time

import asyncpg
import orjson
from attrs import asdict, evolve, frozen

from agent.events import Done, Failed, Retrieved
from answers import Answer
from database import OUTAGES
from metrics import Metrics
from models import Interaction
from queries import interactions

log = logging.getLogger("footnote.interactions")

STORE_SECONDS = 2.0


@frozen
class InteractionLog:
    """*db* is ``None`` without a database: then every interaction is a line."""

    db: asyncpg.Pool | None
    metrics: Metrics

    async def add(self, answer: Answer) -> None:
        """Keep what became of *answer*, in two seconds at most. Never raises."""
        row = interaction_of(answer)
        reason = "no database is configured"
        if self.db:
            try:
                async with asyncio.timeout(STORE_SECONDS):
                    if await interactions.add(self.db, **asdict(row)) is None:
                        # Of a guest who has just become a user; of nobody any more.
                        await interactions.add(self.db, **asdict(interaction_of(answer)))
            except OUTAGES as error:
                reason = type(error.__cause__ or error).__name__
            else:
                self.metrics.stored("database")
                return
        self.metrics.stored("log")
        log.warning("interaction not stored", extra={"reason": reason, "interaction": asdict(row)})


def interaction_of(answer: Answer) -> Interaction:
    """The record of an answer that has ended, in whichever way."""
    first, last = (answer.events[0], answer.events[-1]) if answer.events else (None, None)
    stopped = Interaction(
        interaction_id=answer.message_id,
        asked_at=answer.asked_at,
        user_id=answer.asked.user_id,
        conversation_id=answer.asked.conversation_id,
        user_label=answer.asked.user_label,
        question=answer.asked.question.text,
        selected_text=answer.asked.question.selected_text,
        metadata=orjson.dumps(answer.asked.metadata).decode(),
        answer=answer.text,
        status="stopped",
        retrieval_ms=_milliseconds(answer.retrieved_after),
        first_token_ms=_milliseconds(answer.first_token_after),
        total_ms=round((time.perf_counter() - answer.started) * 1000),
    )
    found = _with_passages(stopped, first) if isinstance(first, Retrieved) else stopped
    if isinstance(last, Failed):
        return evolve(found, status="failed", error=last.problem.code())
    return _with_end(found, last) if isinstance(last, Done) else found


def _with_passages(row: Interaction, retrieved: Retrieved) -> Interaction:
    passages = [
        {"passage_id": hit.passage.passage_id, "page": hit.passage.page, "score": hit.score}
        for hit in retrieved.hits
    ]
    return evolve(
        row,
        passages=orjson.dumps(passages).decode(),
        confidence=retrieved.confidence,
        degraded=retrieved.degraded,
    )


def _with_end(row: Interaction, done: Done) -> Interaction:
    return evolve(
        row,
        status="refused" if done.refused else "success",
        provider=done.provider,
        model=done.model,
        prompt_version=done.prompt_version,
        degraded=done.degraded,
        prompt_tokens=done.usage.prompt_tokens,
        completion_tokens=done.usage.completion_tokens,
        cost_usd=done.cost_usd,
        is_cached=done.is_cached,
        weak_sentences=done.weak_sentences,
        uncited_sentences=done.uncited_sentences,
    )


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
