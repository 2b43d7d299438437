"""``python -m bench.interpreter``: what it costs to let go of the interpreter for a microsecond.

A call that lets go of it (CPython's GIL) may find that a thread which works has taken it, and gets
it back after the switch interval, 5 ms. Of each pair the first lets go and the second does not: in
µs alone, and beside such a thread, with how many of 100 calls lost the interpreter, which depends
on what else the machine does. Each call is the first one after a wait, and its caches are cold.
"""

import hmac
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from statistics import mean, median

from agent.providers import Message, cache
from identifiers import uuid7

CALLS = 512  # of which some read random words ahead
LOST = 1000.0  # µs: no call takes that long by itself
SECRET, TOKEN = b"s" * 32, b"t" * 32
PROMPT = "a question with its sources " * 430
PROMPT_BYTES = PROMPT.encode()  # 12 KB
MESSAGES = [Message("user", PROMPT)]

PAIRS: dict[str, Callable[[], object]] = {
    "hmac.digest": lambda: hmac.digest(SECRET, TOKEN, "sha256"),
    "hmac.new": lambda: hmac.new(SECRET, TOKEN, "sha256").digest(),
    "os.urandom(8)": lambda: os.urandom(8),
    "uuid7, of words read ahead": uuid7,
    "sha256 of 12 KB at once": lambda: sha256(PROMPT_BYTES).digest(),
    "the same in pieces, cache.key": lambda: cache.key(MESSAGES, ()),
}


@contextmanager
def thread_that_works() -> Iterator[None]:
    is_over = False

    def work() -> None:
        while not is_over:
            pass

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        is_over = True
        thread.join()


def times(call: Callable[[], object]) -> list[float]:
    """µs of each call."""
    took = []
    for _ in range(CALLS):
        time.sleep(0.002)  # as an event loop waits, and then has the interpreter for 5 ms
        began = time.perf_counter()
        call()
        took.append(1e6 * (time.perf_counter() - began))
    return took


def main() -> None:
    print(f"{'µs':32}{'alone':>8}{'beside: p50':>14}{'mean':>10}{'lost, of 100':>15}")
    for name, call in PAIRS.items():
        alone = median(times(call))
        with thread_that_works():
            beside = times(call)
        lost = 100 * sum(took > LOST for took in beside) / CALLS
        print(f"{name:32}{alone:8.0f}{median(beside):14,.0f}{mean(beside):10,.0f}{lost:15.0f}")


if __name__ == "__main__":
    main()
