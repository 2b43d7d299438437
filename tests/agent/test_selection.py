"""Where highlighted text stands in the book, and what the book says of it."""

import asyncio
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from agent.book import read_book
from agent.explain import explains, explanation
from agent.index import Entry, Hit, Index, Location, open_index, open_writer
from agent.passages import Passage, paragraphs
from agent.rendered import letters, of_markdown
from agent.scope import OFFERED, Scope, UnknownScope, pages_of
from agent.selection import closest, exact, locate
from bench.selection import rendered
from settings import ROOT
from tests.agent.library import passage, publish

HANDBOOK = ROOT / "docs"


def hit(number: int, text: str, *, page: str = "page.md") -> Hit:
    return Hit(evolve(passage(number, text), page=page), 1.0, None)


def one(_stem: str) -> float:
    return 1.0


@cache
def handbook() -> list[Passage]:
    return list(read_book(HANDBOOK).passages)


def shown(text: str) -> str:
    return letters(text).text


def between(passage: Passage, start: int, end: int) -> str:
    """The letters that are shown of ``passage.text[start:end]``."""
    whole = of_markdown(passage.text, passage.blocks)
    places = zip(whole.text, whole.offsets, strict=True)
    return "".join(letter for letter, at in places if start <= at < end)


@given(st.data())
def test_any_six_words_of_a_rendered_passage_are_found_in_it(data: st.DataObject) -> None:
    """With tables, lists, links and code; the offsets are those of what was selected."""
    chosen = data.draw(st.sampled_from(handbook()))
    words = rendered(chosen.text).split()
    if len(words) < 6 or not shown(" ".join(words[:6])):
        return
    start = data.draw(st.integers(0, len(words) - 6))
    end = data.draw(st.integers(start + 6, len(words)))
    selection = " ".join(words[start:end])
    if not shown(selection):
        return
    found = exact(selection, [Hit(chosen, 1.0, None)])

    assert found is not None
    assert between(chosen, found.start, found.end) == shown(selection)


@given(st.text(max_size=300), st.text(max_size=60))
def test_whatever_is_selected_is_found_within_the_passage(text: str, selection: str) -> None:
    """No text breaks the search, and offsets never leave the passage."""
    found = exact(selection, [hit(0, text)])

    if found:
        assert 0 <= found.start < found.end <= len(text)
        assert shown(selection) in between(found.hit.passage, found.start, found.end)


@pytest.mark.parametrize(
    ("markdown", "selection", "expected"),
    [
        ("Call `vec.push(1)` **now**.", "vec.push(1) now", "vec.push(1)` **now"),
        (
            "See [the *lens*](lens.md#turn) turn.",
            "See the lens turn",
            "See [the *lens*](lens.md#turn) turn",
        ),
        ("An “own” wick – trimmed", 'own" wick - trimmed', "own” wick – trimmed"),
        ("The oﬃce is ﬂat.", "the office is flat", "The oﬃce is ﬂat"),
        (
            "A light\u00adhouse of\u00a0stone",
            "lighthouse of stone",
            "light\u00adhouse of\u00a0stone",
        ),
        ("- Open it.\n- Wait.", "• Open it. • Wait.", "Open it.\n- Wait"),
        ("1. Open it.\n2. Wait.", "Open it. Wait.", "Open it.\n2. Wait"),
        ("1. Open it.\n2. Wait.", "1. Open it.\n2. Wait.", "Open it.\n2. Wait"),
        ("Use `Vec<T>` here.", "Vec<T>", "Vec<T"),
        ("A <b>bold</b> lamp", "a bold lamp", "A <b>bold</b> lamp"),
        ("Press the **bell** now", "Press the **bell**", "Press the **bell"),
        ("Read [this](a.md) now", "Read [this](a.md) now", "Read [this](a.md) now"),
        ("Start the Art.", "art", "Art"),
        ("No such thing.", "such things", None),
        ("No letters", "…?!", None),
    ],
)
def test_what_a_browser_changes_is_found_again(
    markdown: str, selection: str, expected: str | None
) -> None:
    """Markup, quotes, dashes, ligatures, spaces and bullets are lost or others."""
    blocks = [evolve(b, kind="list") for b in paragraphs(markdown)]
    one_list = markdown.startswith(("- ", "1. "))
    held = evolve(passage(0, markdown), blocks=tuple(blocks) if one_list else paragraphs(markdown))
    found = exact(selection, [Hit(held, 1.0, None)])

    assert (markdown[found.start : found.end] if found else None) == expected


def test_a_selection_across_passages_is_the_one_s_with_its_greatest_part() -> None:
    """The other one is kept beside it; passages between which something lies are apart."""
    first = hit(0, "The keeper trims the wick before dusk.")
    second = hit(1, "Then the lamp burns until the sun has risen.")
    across = "before dusk. Then the lamp burns until"
    found = exact(across, [second, first])

    assert found is not None
    assert found.hit.passage == second.passage
    assert second.passage.text[found.start : found.end] == "Then the lamp burns until"
    assert [other.passage for other in found.others] == [first.passage]
    assert exact(across, [hit(2, second.passage.text), first]) is None
    assert exact(across, [first, hit(1, second.passage.text, page="other.md")]) is None


def test_a_changed_selection_is_found_by_its_words() -> None:
    """Six tenths of them are enough, half of them are not."""
    hits = [
        hit(0, "The horn sounds."),
        hit(1, "First paragraph.\n\nThe keeper trims the wick daily."),
    ]
    near = closest("keeper trims wick weekly", hits, one)
    far = closest("keeper trims sails weekly", hits, one)

    assert near is not None
    assert near.hit.passage == hits[1].passage
    assert near.hit.passage.text[near.start : near.end] == "The keeper trims the wick daily."
    assert near.is_exact is False
    assert far is None


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[Index]:
    """Two pages, whose passages differ in their last words only."""
    book = [
        evolve(
            passage(n, f"The lamp is lit at dusk, and keeper {n} signs."),
            page="long.md" if n > 9 else "first.md",
        )
        for n in range(60)
    ]
    await publish(open_writer(Location(tmp_path), dimensions=0), book, embedder="none")
    index = await open_index(Location(tmp_path), embedder="none", dimensions=0)
    yield index
    await index.close()


@pytest.mark.anyio
async def test_words_that_stand_everywhere_are_found_where_they_were(index: Index) -> None:
    """The first eight candidates do not have it; what follows on is one text."""
    found = await locate(index, "lamp is lit at dusk, and keeper 31")
    long = await locate(
        index, " ".join(f"The lamp is lit at dusk, and keeper {n} signs." for n in range(13, 43))
    )

    assert found is not None
    assert found.hit.passage.ordinal == 31
    assert long is not None
    assert len(long.others) == 29


@pytest.mark.anyio
@pytest.mark.parametrize(
    "selection", ["", "the of", "?!", "Quantum chromodynamics of gluons", "x" * 10_000]
)
async def test_what_is_not_of_the_book_is_not_found(index: Index, selection: str) -> None:
    """Nor what says nothing."""
    assert await locate(index, selection) is None


@pytest.mark.parametrize(
    "hostile",
    [
        "[" * 10_000,
        "`" * 10_000,
        "<a " * 3_000,
        "](" * 5_000,
        "` `` " * 2_000,
        "\\" * 10_000,
        "1. " * 3_000,
        "&a" * 5_000,
        "![" * 5_000,
        "<!--" * 2_500,
    ],
)
def test_a_selection_is_looked_at_in_linear_time(hostile: str) -> None:
    """Anybody may send one."""

    async def look() -> None:
        async with asyncio.timeout(2):
            await asyncio.to_thread(exact, hostile, [hit(0, "The lamp.")])

    asyncio.run(look())


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Explain this", True),
        ("explain", True),
        ("What does this mean?", True),
        ("Can you give me an example?", True),
        ("and why?", True),
        ("How do I undo that?", True),
        ("Is it dangerous?", True),
        ("", True),
        ("Erklär mir das bitte", True),
        ("Explique ce passage", True),
        ("Что это значит?", True),
        ("ماذا يعني هذا؟", True),
        ("इसका क्या मतलब है?", True),
        ("これはどういう意味ですか？", True),
        ("Who are you?", False),
        ("Who won the football world cup?", False),
        ("What is the learning rate of this transformer?", False),
        ("Wie hoch ist der Eiffelturm?", False),
    ],
)
def test_a_question_without_a_subject_is_about_the_selection(
    question: str, *, expected: bool
) -> None:
    """In any of the larger languages; one with a subject of its own is not."""
    assert explains(question, "The vaporiser heats the paraffin.") is expected


def test_an_explanation_prefers_a_definition_to_another_mention() -> None:
    """The selection's own blocks are first."""
    text = "Heat the vaporiser.\n\nThe vaporiser stands there.\n\nThe vaporiser is a coil of brass."
    found = exact("Heat the vaporiser", [hit(0, text)])
    assert found is not None
    quotes = [text[u.start : u.end] for _, u in explanation(found, [found.hit], one)]

    assert quotes[:2] == ["Heat the vaporiser.", "The vaporiser is a coil of brass."]


def test_the_choices_are_few_and_short() -> None:
    """A book may have thousands of pages with endless names."""
    contents = [
        Entry(page=f"{n}-{'x' * 500}.md", title="", chapter=f"Chapter {n} {'y' * 500}", url=None)
        for n in range(3_000)
    ]
    for kind in ("chapter", "page"):
        with pytest.raises(UnknownScope) as unknown:
            pages_of(Scope(kind, "Chapter 7 yyy"), contents)
        assert len(str(unknown.value)) < OFFERED + 200
    with pytest.raises(UnknownScope, match="not known for this collection"):
        pages_of(Scope("page", "fog.md"), ())
