"""Which book it is."""

from attrs import frozen

from models.chat import PageLink


@frozen(kw_only=True)
class Book:
    name: str
    chapters: tuple[PageLink, ...]  # by the chapter's title, each with its first page
