"""The fenced blocks of our documents, and the commands in them with the output that is shown."""

import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from attrs import frozen

from settings import ROOT

PAGES = sorted(
    page
    for pattern in ("*.md", "docs/*.md", "examples/*/README.md")
    for page in ROOT.glob(pattern)
    if page.name != "CHANGELOG.md" and page.parent.name != "clients"  # which tests/clients runs
)
FENCE = re.compile(r"^( *)```(\S*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
PROMPT = "$ "


@frozen
class Block:
    """What stands between two fences."""

    page: Path
    line: int
    language: str
    text: str

    @property
    def where(self) -> str:
        return f"{name_of(self.page)}:{self.line}"

    @property
    def is_transcript(self) -> bool:
        """Commands behind a prompt, each with its output."""
        return self.language == "text" and self.text.startswith(PROMPT)


@frozen
class Command:
    """One command of a block, and the output that the page shows for it, if any."""

    block: Block
    text: str
    shown: str = ""


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path) -> list[Block]:
    """All of a page's, in its order."""
    text = page.read_text()
    return [
        Block(page, text.count("\n", 0, found.start()) + 1, found[2], found[3])
        for found in FENCE.finditer(text)
    ]


def blocks_in(language: str) -> list[Block]:
    """Of all pages; those of the generated clients are tested with them."""
    found = [block for page in PAGES for block in blocks(page)]
    return [one for one in found if one.language == language and "clients" not in one.page.parts]


def where(block: Block) -> str:
    """A test's name."""
    return block.where


def is_output(block: Block) -> bool:
    """Whether it may show what the block before it prints."""
    return block.language in ("json", "text") and not block.is_transcript


def commands(page: Path) -> list[Command]:
    """All of a page's, in its order. An output in a block of its own belongs to the last one."""
    found: list[Command] = []
    end = Block(page, 0, "", "")
    for block, following in pairwise([*blocks(page), end]):
        if block.is_transcript:
            found += transcript(block)
        elif block.language == "sh":
            *others, last = whole_commands(block.text)
            found += [Command(block, text) for text in others]
            found.append(Command(block, last, following.text if is_output(following) else ""))
    return found


def whole_commands(text: str) -> list[str]:
    """Lines, joined where a quote or a backslash goes over the end of one."""
    found, lines = [], ""
    for line in text.splitlines():
        lines += line + "\n"
        if is_whole(lines):
            found.append(lines.strip())
            lines = ""
    assert not lines, lines
    return [command for command in found if command and not command.startswith("#")]


def is_whole(lines: str) -> bool:
    try:
        shlex.split(lines, comments=True)
    except ValueError:
        return False
    return not lines.endswith("\\\n")


def transcript(block: Block) -> Iterator[Command]:
    """Commands begin at a prompt; what follows until the next one is their output."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        lines = part.splitlines(keepends=True)
        length = next(i for i in range(1, len(lines) + 1) if is_whole("".join(lines[:i])))
        yield Command(block, "".join(lines[:length]).strip(), "".join(lines[length:]).strip())
