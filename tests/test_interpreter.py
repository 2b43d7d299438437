"""What each question does on the event loop keeps the interpreter: docs/decisions/0013."""

import os
import sys
import threading
import time
from collections.abc import Callable

import pytest

from agent.providers import Message, cache
from credentials.tokens import Signer
from identifiers import uuid7
from limits import Bucket, Limits, Rate

SIGNER = Signer(("of 32 characters, and of some more",))
SIGNED = SIGNER.sign("t" * 32)
LONG = [Message("user", "a question with its sources " * 500)]
LIMITS = Limits(None, secret="of the tests", enabled=True)
BUCKETS = [Bucket("ask", f"address {number}", Rate(1_000_000, 1)) for number in range(3)]


def charge() -> None:
    """Without a database nothing is waited for, so no loop is needed."""
    with pytest.raises(StopIteration):
        LIMITS.charge(BUCKETS).send(None)


def turns_of_another(call: Callable[[], object], times: int = 2_000) -> int:
    """How often another thread got the interpreter while *call* ran so many *times*.

    Nobody takes it away meanwhile, so *call* has given each turn.
    """
    turns, is_over, began = 0, False, threading.Event()

    def wait_for_a_turn() -> None:
        nonlocal turns
        while not is_over:
            turns += 1
            began.set()
            time.sleep(0)  # gives it back

    other, interval = threading.Thread(target=wait_for_a_turn), sys.getswitchinterval()
    sys.setswitchinterval(60)
    try:
        other.start()
        began.wait()
        before = turns
        for _ in range(times):
            call()
        return turns - before
    finally:
        is_over = True
        sys.setswitchinterval(interval)
        other.join()


def verify() -> None:
    assert SIGNER.verified(SIGNED)


def find_again() -> None:
    cache.key(LONG, ())


@pytest.mark.parametrize("call", [verify, find_again, charge])
def test_a_question_s_hashes_keep_the_interpreter(call: Callable[[], object]) -> None:
    """Beside a thread that works, it comes back 5 ms after it was let go, and all readers wait."""
    call()  # what the first one imports

    assert turns_of_another(call) == 0


def test_ids_seldom_ask_the_system_for_randomness(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which lets go of it, too."""
    asked: list[int] = []
    source = os.urandom

    def counted(size: int) -> bytes:
        asked.append(size)
        return source(size)

    monkeypatch.setattr(os, "urandom", counted)

    made = {uuid7() for _ in range(1_280)}

    assert len({made_id.int & (1 << 62) - 1 for made_id in made}) == 1_280
    assert len(asked) <= 11
