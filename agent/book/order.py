"""The order of files where no table of contents gives one, and their names as labels."""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath

# "01-intro", but neither "2024-05-news" nor "1.2-changes", which are dates and versions
_NUMBERED = re.compile(r"(\d+)\s*[-_.]+\s*(?=[^\d\s_.-])")
_FIRST = {"index": 0, "readme": 0, "intro": 1, "introduction": 1}

Key = tuple[tuple[int, float, int, tuple[str | int, ...]], ...]


def place(path: str, positions: Mapping[str, float]) -> Key:
    """What to sort paths by: given positions, an introduction, then numbers as numbers.

    *positions* are those of files and folders, by path. The page of a folder itself comes first.
    """
    parts = PurePosixPath(path).parts
    paths = ["/".join(parts[: depth + 1]) for depth in range(len(parts))]
    return tuple(_place(part, positions.get(whole)) for part, whole in zip(parts, paths))  # noqa: B905


def _place(name: str, position: float | None) -> tuple[int, float, int, tuple[str | int, ...]]:
    stem = PurePosixPath(name).stem.casefold()
    rank = _FIRST.get(without_number(stem), 2)
    numbers = re.split(r"(\d+)", name.casefold())  # text, number, text, … so that types match
    natural = tuple(int(part) if i % 2 else part for i, part in enumerate(numbers))
    return min(rank, 1), float("inf") if position is None else position, rank, natural


def number_of(name: str) -> float | None:
    """The number that a file or folder begins with to be sorted by."""
    match = _NUMBERED.match(name)
    return float(match[1]) if match else None


def without_number(name: str) -> str:
    return _NUMBERED.sub("", name, count=1) if _NUMBERED.match(name) else name


def label_of(name: str) -> str:
    """A file's or folder's name as a title: ``01-getting_started`` is "Getting started"."""
    words = re.sub(r"[-_\s]+", " ", without_number(name)).strip() or name
    return words[:1].upper() + words[1:]


def title_of(path: str) -> str:
    """What a page without any title is called; an index as its folder."""
    file = PurePosixPath(path)
    is_index = _FIRST.get(without_number(file.stem).casefold()) == 0 and file.parent.name
    return label_of(file.parent.name if is_index else file.stem)


def chapter_of(path: str) -> str | None:
    """The label of the top-level folder that *path* is in."""
    first, _, rest = path.partition("/")
    return label_of(first) if rest else None
