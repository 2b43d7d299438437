"""Answers that no model writes: the book's own words, refusals, and where to look instead."""

from collections.abc import Iterator, Sequence

from agent import extractive, prompt
from agent.events import Cited, Delta, Done, Event
from agent.grounds import Grounds, nearest
from agent.question import Question
from models import Citation, PageLink

ELSEWHERE = "This {scope} does not answer the question, but “{title}” does."
NEAREST = "The nearest pages:"
OUT_OF_REACH = "The book cannot be searched right now. Please ask again in a moment."


def refuse(question: Question, grounds: Grounds) -> Iterator[Event]:
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
    yield from named(pages)
    yield _extracted(degraded, refused=True, nearest=pages)


def named(pages: Sequence[PageLink]) -> Iterator[Event]:
    """The pages that come nearest, for a reader who may still want to look there."""
    links = [f"[{_bare(page.title)}]({page.url})" if page.url else page.title for page in pages]
    if links:
        yield Delta(f"\n\n{NEAREST} {', '.join(links)}.")


def _bare(title: str) -> str:
    return title.replace("[", "(").replace("]", ")")


def quote(grounds: Grounds, degraded: tuple[str, ...]) -> Iterator[Event]:
    cited: list[Citation] = []
    for event in extractive.answer(grounds.quotes()):
        if isinstance(event, Cited):
            cited.append(event.citation)
        yield event
    if not cited:  # passages without a single whole block, of another tool's making
        yield Delta(prompt.REFUSAL)
    yield _extracted(degraded, citations=tuple(cited), refused=not cited)


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
