"""Which book a path leads to."""

from pathlib import Path

from agent.book import docusaurus, mdbook, mkdocs
from agent.book.folder import BookUnreadable, Folder
from agent.book.formats import SUFFIXES
from agent.book.layout import MARKDOWN, Entry, Layout, name_of, pages_in, with_the_rest

READABLE = (*MARKDOWN, *SUFFIXES)


def find(root: Path) -> Layout:
    """The book at *root*: a project, its folder of pages, or a single page.

    Raises :class:`BookUnreadable`.
    """
    root = _opened(root)
    if root.is_file():
        return _single(root)
    folder = Folder(root, root)
    found = mdbook.find(folder) or mkdocs.find(folder) or docusaurus.find(folder) or _plain(folder)
    if not found.entries:
        raise BookUnreadable(
            f"{root} holds no pages: put {', '.join(READABLE)} files there, or name another folder."
        )
    return found


def _opened(root: Path) -> Path:
    try:
        root = root.expanduser().resolve(strict=True)
        if root.is_dir():
            next(root.iterdir(), None)
    except FileNotFoundError as error:
        raise BookUnreadable(
            f"There is no {root}: name the folder that holds the book's pages, or one page."
        ) from error
    except (OSError, RuntimeError, ValueError) as error:
        raise BookUnreadable(
            f"{root} cannot be opened: check the name, and that you may read it."
        ) from error
    return root


def _single(file: Path) -> Layout:
    if not file.name.lower().endswith(READABLE):
        raise BookUnreadable(f"{file} is no page: name a folder or a {', '.join(READABLE)} file.")
    folder = Folder(file.parent, file.parent)
    return Layout(kind="plain", name=file.stem, folder=folder, entries=(Entry(file.name),))


def _plain(folder: Folder) -> Layout:
    entries = with_the_rest((), pages_in(folder, READABLE))
    return Layout(kind="plain", name=name_of(folder), folder=folder, entries=entries)
