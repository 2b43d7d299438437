"""What a set shows of an agent: each measure is a share, 0..1, unless it says otherwise.

``retrieval`` asks where the gold passage ranks, ``refusal`` what the gate lets through, ``answers``
whether the answer stands in what is quoted, ``citations`` whether the cited places are the right
ones and true to the book.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from statistics import mean

from agent import Agent, Question
from agent.deadline import Deadline
from agent.evaluate.sets import Gold, QuestionSet
from agent.events import Delta, Done, Event
from agent.index import Hit
from models import Citation
from records import frozen

MODES = ("retrieval", "refusal", "answers", "citations")
TOP_K = 10
SECONDS = 30.0  # for one question
QUESTIONS = "questions (number)"
MARKER = re.compile(r"\[(\d{1,3})\]")

Measures = dict[str, float]


@frozen
class Outcome:
    """One question, what was found for it and what was said."""

    gold: Gold
    hits: tuple[Hit, ...]
    answerable: bool
    confidence: float
    text: str = ""
    citations: tuple[Citation, ...] = ()

    @property
    def is_quoted(self) -> bool:
        """Whether one of the quotes holds the answer."""
        return any(
            self.gold.is_of(cited.page) and self.gold.is_in(cited.quote) for cited in self.citations
        )

    @property
    def gain(self) -> list[bool]:
        """Whether each of the hits is a gold one."""
        return [
            self.gold.is_of(hit.passage.page) and self.gold.is_in(hit.passage.text)
            for hit in self.hits
        ]


async def ask_all(
    agent: Agent, question_set: QuestionSet, modes: Sequence[str], tell: Callable[[], None]
) -> list[Outcome]:
    """The outcome of every question that *modes* need, in the set's order; *tell* counts them."""
    outcomes = []
    for gold in question_set.questions:
        if gold.kind == "answerable" or "refusal" in modes:
            outcomes.append(await _outcome(agent, gold, modes))
        tell()
    return outcomes


async def _outcome(agent: Agent, gold: Gold, modes: Sequence[str]) -> Outcome:
    evidence = await agent.retriever.retrieve(gold.question, Deadline.after(SECONDS), top_k=TOP_K)
    found = evidence.retrieved
    quoted = gold.kind == "answerable" and not {"answers", "citations"}.isdisjoint(modes)
    text, citations = await _answer(agent, gold.question) if quoted else ("", ())
    return Outcome(gold, found.hits, found.answerable, found.confidence, text, citations)


async def _answer(agent: Agent, question: str) -> tuple[str, tuple[Citation, ...]]:
    events: list[Event] = []
    await agent.answer(Question(text=question), Deadline.after(SECONDS), events.append)
    text = "".join(event.text for event in events if isinstance(event, Delta))
    last = events[-1]
    return text, last.citations if isinstance(last, Done) else ()


def measures(outcomes: Sequence[Outcome], modes: Sequence[str]) -> dict[str, Measures]:
    """Mode → measure → value; a mode without questions is left out."""
    of_kind = {
        kind: [outcome for outcome in outcomes if outcome.gold.kind == kind]
        for kind in ("answerable", "off_book", "adversarial")
    }
    found = {mode: MEASURED[mode](of_kind) for mode in modes}
    return {
        mode: {QUESTIONS: _fewest(of_kind, mode), **values}
        for mode, values in found.items()
        if values
    }


def _fewest(of_kind: Mapping[str, Sequence[Outcome]], mode: str) -> int:
    """How many questions a measure of *mode* rests on, at least."""
    off_book = len(of_kind["off_book"]) if mode == "refusal" else 0
    answerable = len(of_kind["answerable"])
    return min(off_book or answerable, answerable or off_book)


def _retrieval(of_kind: Mapping[str, Sequence[Outcome]]) -> Measures:
    gains = [outcome.gain for outcome in of_kind["answerable"]]
    # Where words are looked for, each passage that holds them is as good as another.
    golds = [1 if o.gold.answers else len(o.gold.pages) for o in of_kind["answerable"]]
    if not gains:
        return {}
    return {
        **{f"hit@{k}": mean(any(gain[:k]) for gain in gains) for k in (1, 3, 5, 10)},
        "mrr@10": mean(_reciprocal_rank(gain) for gain in gains),
        "ndcg@10": mean(_ndcg(gain, gold) for gain, gold in zip(gains, golds, strict=True)),
    }


def _refusal(of_kind: Mapping[str, Sequence[Outcome]]) -> Measures:
    found = {}
    if of_kind["answerable"]:
        found["kept"] = mean(outcome.answerable for outcome in of_kind["answerable"])
    if of_kind["off_book"]:
        found["refused"] = mean(not outcome.answerable for outcome in of_kind["off_book"])
        found["auc"] = _auc(
            [outcome.confidence for outcome in of_kind["answerable"]],
            [outcome.confidence for outcome in of_kind["off_book"]],
        )
    if of_kind["adversarial"]:
        found["adversarial refused"] = mean(not o.answerable for o in of_kind["adversarial"])
    return found


def _answers(of_kind: Mapping[str, Sequence[Outcome]]) -> Measures:
    asked = of_kind["answerable"]
    answered = [outcome for outcome in asked if outcome.citations]
    if not answered:
        return {}
    return {
        "in the quotes": mean(outcome.is_quoted for outcome in asked),
        "quotes (number)": mean(len(outcome.citations) for outcome in answered),
        "words (number)": mean(
            sum(len(cited.quote.split()) for cited in outcome.citations) for outcome in answered
        ),
    }


def _citations(of_kind: Mapping[str, Sequence[Outcome]]) -> Measures:
    asked = of_kind["answerable"]
    answered = [outcome for outcome in asked if outcome.citations]
    if not answered:
        return {}
    return {
        "gold cited": mean(any(o.gold.is_of(c.page) for c in o.citations) for o in asked),
        "gold first": mean(o.gold.is_of(o.citations[0].page) for o in answered),
        "verbatim": mean(all(_is_verbatim(o, cited) for cited in o.citations) for o in answered),
        "markers": mean(_has_markers(outcome) for outcome in answered),
    }


def _is_verbatim(outcome: Outcome, cited: Citation) -> bool:
    """Whether the quote is the passage's own text, and stands in the answer as it is."""
    own = next((h.passage for h in outcome.hits if h.passage.passage_id == cited.passage_id), None)
    return (own is None or own.text[cited.start : cited.end] == cited.quote) and (
        cited.quote in outcome.text
    )


def _has_markers(outcome: Outcome) -> bool:
    """Whether every citation has its marker; quotes with a marker of their own are never chosen."""
    shown = {int(number) for number in MARKER.findall(outcome.text)}
    return {cited.index for cited in outcome.citations} <= shown


MEASURED: Mapping[str, Callable[[Mapping[str, Sequence[Outcome]]], Measures]] = {
    "retrieval": _retrieval,
    "refusal": _refusal,
    "answers": _answers,
    "citations": _citations,
}


def _reciprocal_rank(gain: Sequence[bool]) -> float:
    return next((1 / rank for rank, is_gold in enumerate(gain[:TOP_K], 1) if is_gold), 0.0)


def _ndcg(gain: Sequence[bool], golds: int) -> float:
    """Of the first ten, against the best order that *golds* gold ones allow."""
    best = sum(1 / math.log2(rank + 1) for rank in range(1, min(TOP_K, golds) + 1))
    ranks = [rank for rank, is_gold in enumerate(gain[:TOP_K], 1) if is_gold]
    return sum(1 / math.log2(rank + 1) for rank in ranks[:golds]) / best


def _auc(kept: Sequence[float], refused: Sequence[float]) -> float:
    """How often a question of the first kind scores over one of the second. O(n log n)."""
    if not kept or not refused:
        return 0.0
    scores = sorted([(score, True) for score in kept] + [(score, False) for score in refused])
    below = wins = 0.0
    for _, is_kept in scores:
        below += not is_kept
        wins += below * is_kept
    return wins / (len(kept) * len(refused))
