"""Which book it is, for pages that greet a reader."""

import asyncio
from collections.abc import Sequence

from starlette.requests import Request

from agent.index import Entry
from agent.retrieval import OUTAGES
from models import Book, PageLink
from problems import NotReady
from state import State

PATIENCE = 1.0  # seconds; a page can be without it
MOST = 200  # chapters, as in openapi.yaml


async def get_book(request: Request[State]) -> Book:
    """GET /api/v1/book

    Raises ``NotReady`` when the index is out of reach.
    """
    try:
        async with asyncio.timeout(PATIENCE):
            manifest = (await request.state["agent"].retriever.index()).manifest
    except OUTAGES:
        raise NotReady("The book cannot be looked up now.") from None
    return Book(name=manifest.book, chapters=chapters(manifest.contents)[:MOST])


def chapters(contents: Sequence[Entry]) -> tuple[PageLink, ...]:
    """Each chapter once, in reading order, with the first of its pages."""
    first: dict[str, Entry] = {}
    for entry in contents:
        first.setdefault(entry.chapter, entry)
    return tuple(PageLink(page=e.page, title=chapter, url=e.url) for chapter, e in first.items())
