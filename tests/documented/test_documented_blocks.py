"""No example of our documents goes unnoticed, and what is named in them is there."""

import re
from pathlib import Path

from agent.evaluate.sets import read_set
from serve import BANNER
from settings import ROOT
from tests.documented.blocks import PAGES, Block, blocks, commands, is_output, name_of
from tests.documented.rules import LANGUAGES, QUOTED, RULES, is_run, is_variable, rules_for
from tests.live import CONTRACT

BLOCKS = [block for page in PAGES for block in blocks(page)]
COMMANDS = [command for page in PAGES for command in commands(page)]
OTHERS = [one for one in COMMANDS if not is_run(one.text) and not is_variable(one)]


def test_no_block_goes_unnoticed() -> None:
    """Each is run, compared, or has a reason why not; the table of reasons has nothing idle."""
    others = {block.language for block in BLOCKS} - {"sh", "text", "json", "python", "js", "sql"}
    shown = {command.shown for command in COMMANDS if is_run(command.text)}
    text = [one for one in BLOCKS if is_output(one) and one.text not in shown]
    unclaimed = [one.where for one in text if not is_claimed(one)]

    assert others == LANGUAGES.keys()
    assert unclaimed == []


def is_claimed(block: Block) -> bool:
    """Whether another test of this file looks at it, or nothing prints it."""
    return name_of(block.page) in QUOTED or is_banner(block) or is_questions(block)


def test_every_command_is_run_or_has_one_reason() -> None:
    """A new kind of command has to be thought of once."""
    unclear = [(one.block.where, one.text) for one in OTHERS if len(rules_for(one.text)) != 1]
    idle = [one.why for one in RULES if not any(one.matches(it.text) for it in OTHERS)]

    assert unclear == []
    assert idle == []


def test_every_operation_is_asked_by_curl_somewhere() -> None:
    """In the API by example, which runs."""
    page = [one.text for one in COMMANDS if name_of(one.block.page) == "docs/api.md"]
    asked = {
        (method_of(text), path) for text in page for path in re.findall(r":8000(/[\w/.-]*)", text)
    }
    unasked = [
        one.operation_id
        for one in CONTRACT.operations()
        if not any(one.method == method and fits(one.path, path) for method, path in asked)
    ]

    assert unasked == []


def method_of(command: str) -> str:
    named = re.search(r" -X ([A-Z]+)", command)
    has_body = re.search(r" -d ", command)
    return named[1] if named else "POST" if has_body else "GET"


def fits(template: str, path: str) -> bool:
    return re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path) is not None


def test_make_has_every_target_that_is_named() -> None:
    """``make`` itself is what runs this test."""
    named = {name for one in OTHERS for name in re.findall(r"\bmake ([a-z-]+)", one.text)}
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)

    assert "run" in named
    assert named <= set(targets)


def test_every_setting_that_is_named_is_one() -> None:
    """In front of a command, and in lines of ``.env``; BOOK and PORT are settings, too."""
    known = set(re.findall(r"`([A-Z_]+)`", (ROOT / "docs" / "settings.md").read_text()))
    named = {name for one in OTHERS for name in re.findall(r"(?:^|\s)([A-Z_]{2,})=", one.text)}

    assert {"OPENAI_API_KEY", "BOOK"} <= named
    assert named - known == {"ARGS", "PYTEST_ARGS"}  # of make


def test_every_file_that_is_installed_from_is_there() -> None:
    """``pip install -r`` names it."""
    named = [name for one in COMMANDS for name in re.findall(r"-r (\S+\.txt)", one.text)]

    assert named
    assert all((ROOT / name).is_file() for name in named)


def is_banner(block: Block) -> bool:
    return block.text.startswith(BANNER.strip().partition("{")[0])


def test_the_banner_is_what_make_run_prints() -> None:
    """Word for word, for a folder of Ada's."""
    banners = [one.text.strip() for one in BLOCKS if is_banner(one)]
    said = {"url": "http://127.0.0.1:8000", "book": "/home/ada/footnote/docs"}
    expected = BANNER.format(**said, question="What is this book about?").strip()

    assert banners == [expected]


def is_questions(block: Block) -> bool:
    return block.language == "json" and block.text.startswith('{"question"')


def test_questions_for_the_evaluation_are_read(tmp_path: Path) -> None:
    """As ``make evaluate`` would read them."""
    file = tmp_path / "questions.jsonl"
    [block] = [one for one in BLOCKS if is_questions(one)]
    file.write_text(block.text)

    assert len(read_set(str(file), book=ROOT / "docs").questions) == 2
