"""Asking a part of the book, through the front door: a chapter, a page, or the selected text."""

from typing import Any

import httpx2
import pytest
from attrs import evolve

from settings import Settings
from tests.fake_model import FakeModel
from tests.live import Live, Serve

QUESTION = "How long is one blast of the fog signal?"
REFUSAL = "The book does not answer this question."
SELECTION = "liquid paraffin will flood the mantle and may catch fire"
FOREIGN = "Every halting Turing machine can be simulated by a lambda term of bounded depth."


def short(live: Live, question: str, **members: object) -> httpx2.Response:
    """The question in the dialect of simple front ends."""
    return live.client.post("/api/v1/chat", json={"query_text": question} | members)


def pages(reply: dict[str, Any]) -> set[str]:
    return {citation["page"] for citation in reply["citations"]}


@pytest.mark.parametrize("chapter", ["Fog", "fog", "  FOG "])
def test_a_chapter_answers_from_its_own_pages(live: Live, chapter: str) -> None:
    """By its title as in the table of contents."""
    reply = live.ask(QUESTION, context="chapter", chapter=chapter).json()

    assert "one blast of five seconds" in reply["response"]["content"]
    assert pages(reply) == {"fog.md"}


def test_a_chapter_has_all_of_its_pages(live: Live) -> None:
    """Also those below its first one."""
    reply = live.ask("How do I trim the wick?", context="chapter", chapter="The Lamp").json()

    assert reply["citations"][0]["page"] == "lamp/wick.md"


@pytest.mark.parametrize(
    "page",
    [
        "fog.md",
        "https://example.org/book/fog.html",
        "https://example.org/book/fog.html#the-fog-signal",
        "https://example.org/book/fog?theme=dark",
        "https://EXAMPLE.org/book/fog/",
        "/book/fog.html",
        "fog",
    ],
)
def test_a_page_is_named_by_its_file_or_by_its_address(live: Live, page: str) -> None:
    """A front end knows ``location.href`` and nothing else."""
    reply = live.ask(QUESTION, context_mode="page", page=page).json()

    assert pages(reply) == {"fog.md"}


def test_a_chapter_without_the_answer_names_the_one_that_has_it(live: Live) -> None:
    """It refuses, and sends the reader there."""
    reply = live.ask(QUESTION, context="chapter", chapter="The Lamp").json()

    assert reply["refused"] is True
    assert reply["citations"] == []
    said = "This chapter does not answer the question, but “Fog” does."
    assert reply["response"]["content"].startswith(said)
    assert reply["nearest"][0] == {
        "page": "fog.md",
        "title": "Fog",
        "url": "https://example.org/book/fog.html",
    }


def test_a_page_without_the_answer_names_the_one_that_has_it(live: Live) -> None:
    """Even where it is of the same chapter."""
    reply = live.ask("How do I trim the wick?", context="page", page="lamp.md").json()

    assert reply["refused"] is True
    assert "This page does not answer" in reply["response"]["content"]
    assert "“Trimming the Wick”" in reply["response"]["content"]
    assert all(page["page"] != "lamp.md" for page in reply["nearest"])


def test_what_no_chapter_answers_is_refused_for_the_book(live: Live) -> None:
    """No chapter is said to have it."""
    reply = live.ask("Who won the football world cup?", context="chapter", chapter="Fog").json()

    assert reply["refused"] is True
    assert reply["response"]["content"].startswith(REFUSAL)


@pytest.mark.parametrize(
    ("metadata", "pointer", "choice"),
    [
        ({"context": "chapter", "chapter": "The Lamps"}, "chapter", "“The Lamp”, "),
        ({"context": "chapter", "chapter": "lamp.md"}, "chapter", "“The Lamp”, "),
        ({"context": "page", "page": "lamp/wicks.md"}, "page", "“lamp/wick.md”, "),
        ({"context": "page", "page": "https://elsewhere.org/book/fog.html"}, "page", "“fog.md”"),
        ({"context": "page", "page": "http://[::1"}, "page", "“lamp.md”"),
    ],
)
def test_an_unknown_part_is_refused_with_the_choices(
    live: Live, metadata: dict[str, str], pointer: str, choice: str
) -> None:
    """422 with the place and what there is, the nearest first; what was sent is not repeated."""
    response = live.ask(QUESTION, **metadata)
    problem = response.json()
    first = short(live, QUESTION, context_mode=metadata["context"], **_named(metadata)).json()

    assert (response.status_code, problem["error"]) == (422, "validation_error")
    assert [error["pointer"] for error in problem["errors"]] == [f"/message/metadata/{pointer}"]
    assert choice in problem["detail"]
    assert metadata[pointer] not in problem["detail"].replace("lamp.md", "")
    assert [error["pointer"] for error in first["errors"]] == [f"/{pointer}"]


def _named(metadata: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in metadata.items() if name != "context"}


@pytest.mark.parametrize(
    ("metadata", "pointers"),
    [
        ({"context": "chapter"}, ["/message/metadata"]),
        ({"context": "page", "page": None}, ["/message/metadata/page"]),
        ({"context": "chapter", "chapter": ""}, ["/message/metadata/chapter"]),
        (
            {"context": "full-book", "context_mode": "chapter", "chapter": "Fog"},
            ["/message/metadata/context"],
        ),
        (
            {"context": "page", "context_mode": "chapter", "chapter": "Fog", "page": "fog.md"},
            ["/message/metadata/context", "/message/metadata/context_mode"],
        ),
    ],
)
def test_a_part_must_be_named_once(
    live: Live, metadata: dict[str, object], pointers: list[str]
) -> None:
    """Neither nothing nor two things."""
    response = live.ask(QUESTION, **metadata)

    assert response.status_code == 422
    assert sorted({error["pointer"] for error in response.json()["errors"]}) == pointers


def test_the_short_dialect_asks_parts_of_the_book(live: Live) -> None:
    """With the names beside the mode."""
    chapter = short(live, QUESTION, context_mode="chapter", chapter="Fog").json()
    page = short(live, QUESTION, context_mode="page", page="lamp.md", chapter=None).json()

    assert pages(chapter) == {"fog.md"}
    assert page["refused"] is True
    assert short(live, QUESTION, context_mode="chapter").status_code == 422


def test_a_page_is_a_mere_hint_for_a_question_to_the_whole_book(live: Live) -> None:
    """Front ends send where the reader is, whatever the reader asks."""
    reply = live.ask(
        QUESTION, context="full-book", page="https://nowhere.org/x", chapter="?"
    ).json()

    assert pages(reply) == {"fog.md"}


def test_where_the_book_is_out_of_reach_a_part_of_it_is_too(
    serve: Serve, settings: Settings
) -> None:
    """Nobody can say whether there is such a chapter: an honest sentence, no 422."""
    dead = evolve(settings, qdrant_url="http://127.0.0.1:1")
    reply = serve(dead).ask(QUESTION, context="chapter", chapter="Fog").json()

    assert reply["degraded"] == ["retrieval"]
    assert "cannot be searched" in reply["response"]["content"]


@pytest.mark.parametrize(
    "question",
    [
        "Explain this",
        "What does this mean?",
        "why?",
        "?",
        "Is this dangerous?",
        "Was bedeutet das?",
        "¿Qué significa esto?",
        "Que veut dire cela ?",
        "اس کا کیا مطلب ہے؟",
        "这是什么意思？",
    ],
)
def test_a_question_about_the_selection_alone_is_answered_around_it(
    live: Live, question: str
) -> None:
    """In any language: the blocks that it stands in come first."""
    reply = live.ask(question, context="selected-text", selected_text=SELECTION).json()
    first = reply["citations"][0]

    assert reply["refused"] is False
    assert (first["index"], first["page"]) == (1, "lamp.md")
    assert "liquid paraffin will flood the mantle" in first["quote"]


def test_a_selection_is_explained_by_other_words_of_its_section(live: Live) -> None:
    """To repeat what the reader has marked explains little."""
    reply = live.ask("Explain this", context="selected-text", selected_text=SELECTION).json()
    quotes = [citation["quote"] for citation in reply["citations"]]

    assert len(quotes) == len(set(quotes)) > 1
    assert "3. Open the paraffin valve" in "".join(quotes[1:])


def test_a_question_of_its_own_is_answered_beside_the_selection(live: Live) -> None:
    """From its page where that can, from the rest of the book where it cannot."""
    here = {"context": "selected-text", "selected_text": SELECTION}
    near = live.ask("How does the lens rotate?", **here).json()
    far = live.ask(QUESTION, **here).json()

    assert "ninety kilograms" in near["citations"][0]["quote"]
    assert "one blast of five seconds" in far["citations"][0]["quote"]


@pytest.mark.parametrize(
    ("selected", "page"),
    [("Ring the bell by hand, ten strokes a minute", "fog.md"), ("put out the lamp", "day.md")],
)
def test_the_selection_s_page_is_asked_first(live: Live, selected: str, page: str) -> None:
    """Two pages speak of him; the reader is on one of them."""
    reply = live.ask(
        "What about the harbour master?", context="selected-text", selected_text=selected
    ).json()

    assert pages(reply) == {page}


def test_a_selection_opens_no_gate_for_other_subjects(live: Live) -> None:
    """The page does not say, nor does the book."""
    for question in ("Who won the football world cup?", "What is a transformer's learning rate?"):
        reply = live.ask(question, context="selected-text", selected_text=SELECTION).json()

        assert (reply["refused"], reply["citations"]) == (True, [])


def test_the_model_gets_the_selection_s_passage_first(
    serve: Serve, with_model: Settings, model: FakeModel
) -> None:
    """Whatever else fits the question better."""
    model.say("The siren gives one blast [2].")
    here = {"context": "selected-text", "selected_text": SELECTION}
    reply = serve(with_model).ask(QUESTION, **here).json()
    first = model.requests[0].json["messages"][-1]["content"].split("</source>")[0]

    assert "may catch fire" in first
    assert pages(reply) == {"fog.md"}


def test_a_selection_that_the_book_does_not_have_is_never_cited(
    serve: Serve, with_model: Settings, model: FakeModel, live: Live
) -> None:
    """It is the reader's: the model sees it as data, and no source holds it."""
    here = {"context": "selected-text", "selected_text": FOREIGN}
    keyless = live.ask("Explain this", **here).json()
    model.say("The siren gives one blast [1].")
    written = serve(with_model).ask(QUESTION, **here).json()
    asked = model.requests[0].json["messages"][-1]["content"]

    assert (keyless["refused"], keyless["citations"]) == (True, [])
    assert f"<selection>\n{FOREIGN}\n</selection>" in asked
    assert asked.count("lambda term") == 1
    assert all("lambda" not in citation["quote"] for citation in written["citations"])


def test_the_short_dialect_explains_a_selection(live: Live) -> None:
    """With its sources in the text."""
    reply = short(
        live, "Explain this", context_mode="selected-text", selected_text=SELECTION
    ).json()

    assert "[The Lamp › Lighting the lamp](" in reply["response"]["content"]
    assert reply["citations"][0]["page"] == "lamp.md"
