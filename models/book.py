"""Which book it is."""

from models.chat import PageLink
from records import record


@record(kw_only=True)
class Book:
    name: str
    chapters: tuple[PageLink, ...]  # by the chapter's title, each with its first page
