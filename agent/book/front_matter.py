"""YAML as books use it, in front of a page and in files of settings: only text comes out of it."""

from math import isfinite
from typing import Any

import yaml
from attrs import field

from agent.book.folder import printable
from records import frozen

LONGEST = 256 * 1024  # characters; PyYAML takes seconds for them
LONGEST_IN_FRONT = 16 * 1024  # of a page: there are many, and theirs is short


class YamlBroken(Exception):
    """This is not YAML, or far too much of it."""


@frozen
class FrontMatter:
    """What a page says about itself; values are text as written, ``draft: no`` is ``"no"``."""

    values: dict[str, str] = field(factory=dict)

    def get(self, *names: str) -> str | None:
        """The first of these that has a value."""
        return next((value for name in names if (value := self.values.get(name))), None)

    def number(self, name: str) -> float | None:
        try:
            number = float(self.values[name])
        except (KeyError, ValueError):
            return None
        return number if isfinite(number) else None

    @property
    def is_hidden(self) -> bool:
        """The author keeps the page out of the book: a draft, or unlisted."""
        return "true" in (self.values.get(name, "").lower() for name in ("draft", "unlisted"))


def read_yaml(text: str) -> Any:
    """Lists, mappings and text; no tag is obeyed, so nothing is executed.

    Raises :class:`YamlBroken`.
    """
    if len(text) > LONGEST:
        raise YamlBroken
    try:
        return yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506  # builds nothing but text
    except (yaml.YAMLError, RecursionError) as error:
        raise YamlBroken from error


def values_of(settings: object) -> FrontMatter:
    """The entries of a mapping that are plain text or numbers; of anything else, nothing."""
    entries = settings.items() if isinstance(settings, dict) else ()
    return FrontMatter(
        {
            str(name): printable(str(value).lower() if isinstance(value, bool) else str(value))
            for name, value in entries
            if isinstance(value, str | int | float)
        }
    )


def split(text: str) -> tuple[FrontMatter, str]:
    """The front matter of a page and the rest. Raises :class:`YamlBroken`."""
    source, rest = halves(text)
    if len(source) > LONGEST_IN_FRONT:
        raise YamlBroken
    settings = read_yaml(source)
    # Not a mapping: two rules with text between them.
    return (values_of(settings), rest) if isinstance(settings, dict) else (FrontMatter(), text)


def halves(text: str) -> tuple[str, str]:
    """The lines between a page's opening ``---`` and the next one, and the page after them."""
    first, _, rest = text.partition("\n")
    if first.rstrip() != "---":
        return "", text
    lines = rest.split("\n")
    for number, line in enumerate(lines):
        if line.rstrip() in ("---", "..."):
            return "\n".join(lines[:number]), "\n".join(lines[number + 1 :])
    return "", text
