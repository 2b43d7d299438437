"""Random conversations in ChatKit: after each step, the screen must be the one of a reload."""

from typing import Any, ClassVar

from hypothesis import Phase
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.chatkit.screen import Screen
from tests.fake_model import Behaviour, FakeModel
from tests.live import Live, until

# No shrinking: when a reader presses Stop, it depends on the moment what has been said.
BRIEFLY = hypothesis_settings(
    max_examples=12, stateful_step_count=14, deadline=None, phases=[Phase.generate]
)
ANSWERED = ["How long is one blast of the fog signal?", "Who may light the lamp?"]
LETTERS = st.characters(codec="utf-8", exclude_categories=["Cc"])
STRANGE = ["🙂🙃 Who may light the lamp?", "מי מדליק את המנורה?", "Why?"]
QUESTIONS = st.sampled_from(ANSWERED + STRANGE) | st.text(LETTERS, max_size=20).map("Fog {}".format)
QUOTED = st.sampled_from(["", "", "", "one blast of five seconds", "🙂 נר", " \n"])
MARKED = ["[1]", " [2]", "[1][2]", "[", "]", "1", "[9]", "【1】", "`", "```\n", "~~~\n", " \n\n"]
PROSE = ["One blast ", "🙂", "שלום ", "[a](https://example.org/)", "![](https://example.org/a.png)"]
PIECES = st.lists(st.sampled_from(MARKED + PROSE), min_size=1, max_size=16)
USUALLY: list[Behaviour] = ["answer"] * 9  # a model that keeps failing is left alone
BEHAVIOURS = st.sampled_from([*USUALLY, "cut", "error", "eof"])
WHICH = st.integers(0, 5)


class Conversations(RuleBasedStateMachine):
    """One reader, one tab, a model that says anything."""

    live: ClassVar[Live]
    model: ClassVar[FakeModel]
    told: ClassVar[list[tuple[str, Any]]]

    @initialize(pieces=PIECES)
    def come(self, pieces: list[str]) -> None:
        self.screen = Screen(self.live.guest(), told=self.told)
        self.titles: dict[str, str] = {}  # of threads, the one that was asked last at the end
        self.ask(ANSWERED[0], "", pieces, "answer")

    @property
    def has_thread(self) -> bool:
        return self.screen.thread is not None

    @property
    def has_question(self) -> bool:
        return self.has_thread and bool(self.screen.items)

    @rule(question=QUESTIONS, quoted=QUOTED, pieces=PIECES, behaviour=BEHAVIOURS)
    def ask(self, question: str, quoted: str, pieces: list[str], behaviour: Behaviour) -> None:
        self.will_say(pieces, behaviour)
        self.screen.ask(question, quoted)
        self.answered()

    @rule(question=QUESTIONS, pieces=PIECES, deltas=st.integers(1, 3))
    def ask_and_stop(self, question: str, pieces: list[str], deltas: int) -> None:
        self.will_say(pieces * 8, gap=0.002)
        self.screen.ask(question, stop_after=deltas)
        self.stopped()

    @precondition(lambda self: self.has_question)
    @rule(which=WHICH, pieces=PIECES, behaviour=BEHAVIOURS)
    def retry(self, which: int, pieces: list[str], behaviour: Behaviour) -> None:
        self.will_say(pieces, behaviour)
        self.screen.retry(self.question(which))
        self.answered()

    @precondition(lambda self: self.has_question)
    @rule(which=WHICH, pieces=PIECES)
    def retry_and_stop(self, which: int, pieces: list[str]) -> None:
        self.will_say(pieces * 8, gap=0.002)
        self.screen.retry(self.question(which), stop_after=1)
        self.stopped()

    @precondition(lambda self: self.has_thread)
    @rule(title=QUESTIONS)
    def rename(self, title: str) -> None:
        self.screen.rename(title)
        self.titles[self.thread_id] = self.title

    @precondition(lambda self: self.has_thread)
    @rule()
    def delete(self) -> None:
        self.titles.pop(self.thread_id)
        self.screen.delete()

    @rule()
    def begin(self) -> None:
        self.screen.begin()

    @rule(which=WHICH)
    def open(self, which: int) -> None:
        if self.titles:
            self.screen.open(list(self.titles)[which % len(self.titles)])

    @precondition(lambda self: self.has_question)
    @rule(kind=st.sampled_from(["positive", "negative"]))
    def judge(self, kind: str) -> None:
        self.screen.judge(kind, [item["id"] for item in self.screen.items[-2:]])

    @rule(limit=st.integers(1, 3))
    def list_threads(self, limit: int) -> None:
        """The one that was asked last first, each once."""
        listed = self.screen.history(limit)

        assert [(t["id"], t["title"]) for t in listed] == list(self.titles.items())[::-1]

    @precondition(lambda self: self.has_thread)
    @rule(limit=st.integers(1, 5), order=st.sampled_from(["asc", "desc"]))
    def list_items(self, limit: int, order: str) -> None:
        """By small pages, either way."""
        listed = self.screen.listed(self.thread_id, limit=limit, order=order)

        assert (listed if order == "asc" else listed[::-1]) == self.screen.items

    @invariant()
    def a_reload_changes_nothing(self) -> None:
        if self.has_thread:
            shown, kept = (self.screen.thread, self.screen.items), self.reloaded()
            assert shown == kept, f"\n{shown}\nafter a reload:\n{kept}"

    @property
    def thread_id(self) -> str:
        assert self.screen.thread
        return str(self.screen.thread["id"])

    @property
    def title(self) -> str:
        assert self.screen.thread
        return str(self.screen.thread["title"])

    def will_say(
        self, pieces: list[str], behaviour: Behaviour = "answer", gap: float = 0.0
    ) -> None:
        """If the model is asked: many questions are none for the book."""
        self.model.forget()
        self.model.say(pieces=pieces, behaviour=behaviour, gap=gap)

    def question(self, which: int) -> str:
        ids = [item["id"] for item in self.screen.items if item["type"] == "user_message"]
        return str(ids[which % len(ids)])

    def answered(self) -> None:
        """The thread is the newest now; each question was asked once."""
        assert self.screen.posts == 1
        assert not self.screen.may_stop or self.has_thread
        self.titles.pop(self.thread_id, None)
        self.titles[self.thread_id] = self.title
        self.screen.posts = 0

    def reloaded(self) -> tuple[Any, Any]:
        other = Screen(self.screen.reader, told=self.told)
        other.open(self.thread_id)
        return other.thread, other.items

    def stopped(self) -> None:
        """What was on the screen is kept, and what was on its way to it."""
        until(lambda: self.live.state["answers"].load == (0, 0))
        self.answered()
        shown, kept = self.screen.items, self.reloaded()[1]

        assert kept[: len(shown) - 1] == shown[:-1]
        assert len(kept) == len(shown)
        if shown[-1] != kept[-1]:
            assert is_beginning(shown[-1], kept[-1]), f"\n{shown[-1]}\nafter a reload:\n{kept[-1]}"
        self.screen.open(self.thread_id)


def is_beginning(shown: dict[str, Any], kept: dict[str, Any]) -> bool:
    """Whether an answer's item has more words behind those that the reader saw."""
    names = {name: kept[name] for name in kept if name != "content"}
    (part,), (whole,) = shown["content"], kept["content"]
    notes = part["annotations"]
    return (
        shown == names | {"content": [part]}
        and whole["text"].startswith(part["text"])
        and whole["annotations"][: len(notes)] == notes
    )


def play(live: Live, model: FakeModel) -> list[tuple[str, Any]]:
    """All that has been told in some conversations, none of which a reload has changed."""

    class Here(Conversations):
        pass

    Here.live, Here.model, Here.told = live, model, []
    run_state_machine_as_test(Here, settings=BRIEFLY)
    return Here.told
