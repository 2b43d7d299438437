"""The row that the log keeps of an answer that has ended, in whichever way. Pure."""

import time

import orjson
from attrs import evolve

from agent.events import Done, Failed, Retrieved
from answer import Answer
from models import Interaction


def interaction_of(answer: Answer) -> Interaction:
    """Of what there is: a partial answer is ``stopped``."""
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
