"""A book's folder: nothing outside of it is read, nothing too large, nothing that is no text."""

import os
from collections.abc import Iterator
from pathlib import Path

from attrs import evolve, field

from records import frozen

MEBIBYTE = 1024 * 1024
SIZE_LIMIT = 5 * MEBIBYTE
PDF_SIZE_LIMIT = 50 * MEBIBYTE  # figures weigh, the text is what we read
MISSING = "is missing"
DEEPEST = 30  # folders in folders; a book has a handful


class BookUnreadable(Exception):  # as the problems, named for what is wrong
    """There is no book here; the message tells a person why, and what to do."""


class Unreadable(Exception):
    """One file cannot be read; the message goes on from its name: "is larger than 5 MB"."""


@frozen
class Folder:
    """The files that a book may consist of. Paths are relative to *base*, with "/"."""

    base: Path  # resolved; the pages are in here
    bounds: Path  # resolved; what pages include may lie anywhere in here
    warnings: dict[str, None] = field(factory=dict)  # for a person, each once, in order

    def warn(self, message: str) -> None:
        self.warnings[message] = None

    def files(self) -> Iterator[str]:
        """Every file, sorted, but for hidden ones and those that tools install."""
        for folder, folders, names in os.walk(self.base, onerror=self._unlisted):
            here = Path(folder).relative_to(self.base)
            folders[:] = sorted(filter(_is_listed, folders)) if len(here.parts) < DEEPEST else []
            yield from ((here / name).as_posix() for name in sorted(filter(self._is_named, names)))

    def bytes_of(self, path: str) -> bytes:
        """The file's content. Raises :class:`Unreadable`, also for what lies out of bounds."""
        try:
            return self._file(path).read_bytes()
        except (OSError, RuntimeError, ValueError) as error:  # loops of links, NUL in a name
            raise Unreadable("cannot be opened") from error

    def text_of(self, path: str) -> str:
        """The file as text that is safe to store; bytes that are no UTF-8 are replaced."""
        data = self.bytes_of(path)
        is_utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
        text = data.decode("utf-16" if is_utf16 else "utf-8-sig", "replace")
        strange = sum(map(text.count, map(chr, (*range(9), *range(14, 27), 0xFFFD))))
        if strange * 10 > len(text) * 4:
            raise Unreadable("is no UTF-8 text")
        if "\ufffd" in text:
            self.warn(f"{path} is not all UTF-8; what could not be read shows as \ufffd")
        return printable(text)

    def find_text(self, path: str) -> str | None:
        """The file as text; none, and no fuss, if there is no such file."""
        try:
            return self.text_of(path)
        except Unreadable as error:
            if str(error) != MISSING:
                self.warn(f"{path} {error}; skipped")
            return None

    def within(self, path: str) -> "Folder | None":
        """The folder at *path*, if there is one and it lies in bounds."""
        try:
            base = (self.base / path).resolve()
            is_folder = base.is_dir() and base.is_relative_to(self.bounds)
        except (OSError, RuntimeError, ValueError):
            return None
        return evolve(self, base=base) if is_folder else None

    def has(self, path: str) -> bool:
        """Whether a page could be read from *path*, which may not lead out of this folder."""
        try:
            return not path.startswith(("..", "/")) and (self.base / path).is_file()
        except (OSError, ValueError):
            return False

    @property
    def parent(self) -> "Folder":
        """The folder around this one, to look for a project's settings in."""
        return evolve(self, base=self.base.parent, bounds=self.base.parent)

    def _file(self, path: str) -> Path:
        file = (self.base / path).resolve()
        if not file.is_relative_to(self.bounds):
            raise Unreadable("lies outside the book")
        if not file.is_file():
            raise Unreadable(MISSING)
        limit = PDF_SIZE_LIMIT if file.suffix.lower() == ".pdf" else SIZE_LIMIT
        if file.stat().st_size > limit:
            raise Unreadable(f"is larger than {limit // MEBIBYTE} MB")
        return file

    def _is_named(self, name: str) -> bool:
        """Whether *name* can be written down at all: names are bytes, not always UTF-8."""
        name_as_shown = os.fsencode(name).decode(errors="replace")
        if name_as_shown != name:
            self.warn(f"{name_as_shown} has a name that is no UTF-8; skipped")
        return _is_listed(name) and name_as_shown == name

    def _unlisted(self, error: OSError) -> None:
        self.warn(f"the folder {Path(error.filename).name} cannot be opened; skipped")


def _is_listed(name: str) -> bool:
    return not name.startswith(".") and name != "node_modules"


def printable(text: str) -> str:
    r"""The text as databases and encoders take it: no NUL, no lone surrogates, lines end in \n."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return text.encode("utf-8", "replace").decode()
