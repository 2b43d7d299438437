"""An answer that a model writes: its words made safe, its markers citations, its end checked."""

from collections.abc import Collection, Sequence
from functools import partial

from agent import prompt, support
from agent.citations import CitationStream
from agent.deadline import Deadline
from agent.events import Cited, Delta, Done, Failed, Tell
from agent.grounds import Grounds, nearest
from agent.images import SafeText
from agent.providers import Answered, ProviderFailed
from agent.providers.failover import Failover
from agent.question import Question
from agent.quotes import supporting
from agent.retrieval import Evidence
from agent.unwritten import named, quote
from models import Citation
from problems import AnswerInterrupted

MOMENT = 0.1  # seconds


async def write(
    models: Failover,
    question: Question,
    grounds: Grounds,
    deadline: Deadline,
    tell: Tell,
    *,
    hosts: Collection[str],
) -> None:
    """The model's answer with its citations; the book's own words if no model begins one."""
    evidence = grounds.evidence
    sources = prompt.within_budget(evidence.retrieved.hits)
    stream = CitationStream(sources, partial(supporting, evidence.weigh))
    safe = SafeText(stream, hosts)

    def say(text: str) -> None:
        _tell(safe.feed(text), safe.cited, tell)

    answered = None
    asked = (question.text, question.selected_text, sources, question.turns)
    try:
        answered = await models.write(
            partial(prompt.messages, *asked), deadline, say, remembers=not question.turns
        )
    except ProviderFailed as failed:
        if not failed.started:
            for event in quote(grounds, (*evidence.retrieved.degraded, "model")):
                tell(event)
            return
    _tell(safe.finish(), safe.cited, tell)
    if not answered and not deadline.fits(MOMENT):
        raise TimeoutError  # two timers ended at once, and the one inside was first
    _end(stream, answered, evidence, tell)


def _tell(text: str, cited: Sequence[Citation], tell: Tell) -> None:
    if text:
        tell(Delta(text))
    for citation in cited:
        tell(Cited(citation))


def _end(stream: CitationStream, answered: Answered | None, evidence: Evidence, tell: Tell) -> None:
    if answered is None:
        tell(Failed(AnswerInterrupted()))
        return
    done = _written(stream, answered, evidence)
    for event in named(done.nearest):
        tell(event)
    tell(done)


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
