"""Which book it is: its name and chapters, before anything has been asked."""

from pathlib import Path

from attrs import evolve

from agent.index import Entry
from routes.book import chapters
from settings import Settings
from tests.live import BOOK_URL, Live, Serve


def test_a_page_can_greet_with_the_books_name_and_chapters(live: Live) -> None:
    """In reading order, each with the address of its first page."""
    book = live.client.get("/api/v1/book").raise_for_status().json()

    assert book["name"] == "The Lighthouse Keeper's Manual"
    assert [c["title"] for c in book["chapters"]][:2] == ["Foreword", "The Lamp"]
    assert book["chapters"][0]["url"].startswith(BOOK_URL)


def test_a_chapter_of_many_pages_is_named_once() -> None:
    """With the first of them."""
    pages = [Entry(page=f"{n}.md", title=f"Page {n}", chapter="Fog", url=None) for n in range(3)]

    assert [(c.page, c.title) for c in chapters(pages)] == [("0.md", "Fog")]


def test_without_an_index_it_is_not_known(serve: Serve, settings: Settings, tmp_path: Path) -> None:
    """503, and soon."""
    nowhere = evolve(settings, book=tmp_path / "missing", home=tmp_path)
    reply = serve(nowhere).client.get("/api/v1/book")

    assert (reply.status_code, reply.json()["error"]) == (503, "not_ready")
