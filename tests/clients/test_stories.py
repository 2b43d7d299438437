"""Generated clients, compiled strictly, tell a reader's story to a running service."""

import re
import sys

import pytest

from settings import Settings
from tests.clients.workshop import commands, installed, run
from tests.live import Serve

STORY = """\
signed in: true
answer: success, from the lamp
stream: from the lamp
the same words: true
conversations: 2, and no more
kept: success, rated not yet
renamed: kept
feedback: 204
refused: 422 validation_error, body /message/content
stream refused: 422 validation_error
deleted: 204, then 404 conversation_not_found
"""
WITNESSED = {
    ("register", 201),
    ("login", 200),
    ("send_chat", 200),
    ("send_chat", 422),
    ("stream_chat", 200),
    ("stream_chat", 422),
    ("list_conversations", 200),
    ("get_conversation", 200),
    ("get_conversation", 404),
    ("rename_conversation", 200),
    ("give_feedback", 204),
    ("delete_conversation", 204),
}
# hey-api tells of a refused stream in a sentence of its own.
SENTENCE = re.compile(r"sse failed: 422 .*")
LOOSE = re.compile(r"\b(unknown|any)\b")
# An intersection with `unknown` is the other type, and what ChatKit's options hold is its business.
HARMLESS = re.compile(r"= unknown & \{$|\[key: string\]: unknown;$|^\s*(/?\*|//)")

pytestmark = pytest.mark.usefixtures("on_demand")


@pytest.mark.parametrize("folder", ["typescript-hey-api", "typescript-fetch", "python", "java"])
def test_a_generated_client_tells_the_whole_story(
    folder: str, serve: Serve, settings: Settings
) -> None:
    """As the README says; the service saw each step, and every reply was as promised."""
    place, live = installed(folder), serve(settings)
    told = run(commands(folder), place, FOOTNOTE_URL=live.url, QUESTION="How do I light the lamp?")

    assert SENTENCE.sub("422 validation_error", told.lower()).endswith(STORY)
    assert live.app.witnessed == WITNESSED


def test_no_type_of_hey_api_is_unknown() -> None:
    """Here by its text; `exact.ts` of openapi-fetch's client looks at every operation's types."""
    place = installed("typescript-hey-api")
    run(commands("typescript-hey-api").partition("\n")[0], place)
    lines = (place / "build" / "footnote" / "types.gen.ts").read_text().splitlines()

    assert [line for line in lines if LOOSE.search(line) and not HARMLESS.search(line)] == []


def test_the_python_story_is_typed_to_the_last_event() -> None:
    """As strictly as our own code, with the generated classes."""
    place = installed("python")
    run(commands("python").partition("\n")[0], place)
    check = f"{sys.executable} -m mypy --strict --follow-imports silent --config-file= story.py"

    assert "no issues found" in run(
        f"{check} --python-executable .venv/bin/python", place, MYPYPATH="build"
    )
