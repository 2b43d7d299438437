"""Cost against size: streams, the book, readers, questions, answers. Does anything grow too fast?

Each point is a CPU time, of the service or of its database, so that a busy machine bends no curve.
Filling takes the time it takes, within bounds: what did not fit is left out, and said.
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path

from attrs import evolve

from bench.rig import book, scratch, service
from bench.rig.load import Load, Target, asked
from bench.rig.processes import Server
from bench.rig.rivals import Gateway
from bench.rig.service import QUESTION, Site
from bench.rig.tools import BUILT
from bench.rig.upstream import Upstream, upstream
from bench.samples import Rounds, Samples, named, progress
from bench.stream import Pace, first_answers, streamed

STREAMS = (1, 10, 100, 1_000, 5_000)
ALL_PER_SECOND = 2_000  # tokens of all streams together
PASSAGES = (100, 1_000, 10_000, 50_000)
QUESTION_LENGTHS = (50, 500, 1_000, 2_000, 4_000)
ANSWER_TOKENS = (50, 200, 800, 3_200)
READERS = (1, 1_000, 10_000, 100_000, 1_000_000)
HISTORY, FEW = 50, 5  # conversations of a reader; of each beyond MANY
MANY = 100_000
FILLING_SECONDS = 900.0
AT_A_TIME = 5_000  # readers that are filled with one statement
ASKED = 300
WORDS = {"EMBEDDING_MODEL": "none"}
CROWD = {**WORDS, "ANSWERS_AT_ONCE": "100000", "AGENT_TIMEOUT": "600"}
EMBEDDING = {"EMBEDDING_MODEL": "stub-embedding"}


def suite(place: Path, _rounds: int) -> Rounds:
    found = Rounds()
    with (
        upstream(place) as model,
        service.site(place, BUILT / "home-words", embedding="none") as site,
    ):
        with service.serving(site, model, place, CROWD) as server:
            first_answers("Footnote", server, site.stream, model)
            found.extend(by_streams(server, site, model))
            found.extend(by_answer(server, site, model))
            found.extend(by_question(server, site, model))
        found.extend(by_book(site, model, place))
        found.extend(by_readers(site, place))
    return found


def by_streams(server: Server, site: Site, model: Upstream) -> Iterator[Samples]:
    """A relayed token, with more and more streams that together bring as many in a second."""
    ours = Gateway("Footnote", server, site.stream)
    for streams in STREAMS:
        progress(f"growth, {streams} streams")
        every_us = 1_000_000 * streams // ALL_PER_SECOND
        seconds = 10 + streams // 50  # 100 begin in a second
        tokens = 3 * seconds * ALL_PER_SECOND // streams  # none ends before all have begun
        pace = Pace("", streams, tokens, every_us, ramp_ms=10 * streams, ends=False, settled=2)
        seen = streamed(ours, model, evolve(pace, longest_seconds=30 + seconds * 1.5))
        yield point("streams", streams, "CPU µs/token", seen["relay µs/token"])


def by_answer(server: Server, site: Site, model: Upstream) -> Iterator[Samples]:
    for tokens in ANSWER_TOKENS:
        progress(f"growth, answers of {tokens} tokens")
        model.behave(tokens=tokens, every_us=0, in_words=True)
        yield point("answer tokens", tokens, "CPU ms/answer", cost(server, site.stream, 40))


def by_question(server: Server, site: Site, model: Upstream) -> Iterator[Samples]:
    model.behave(tokens=20, every_us=0, in_words=True)
    for characters in QUESTION_LENGTHS:
        progress(f"growth, questions of {characters} characters")
        text = (f"{QUESTION} " * 60)[:characters]
        target = evolve(site.stream, bodies=(json.dumps({"message": {"content": text}}),))
        yield point("question characters", characters, "CPU ms/answer", cost(server, target, 100))


def by_book(site: Site, model: Upstream, place: Path) -> Iterator[Samples]:
    """Keyless answers; vectors are the stub's, since embedding 50,000 passages takes an hour."""
    for passages in PASSAGES:
        progress(f"growth, a book of {passages} passages")
        folder, home = BUILT / f"book-{passages}", BUILT / f"home-book-{passages}"
        questions = book.write(folder, passages)[:100]
        began = time.perf_counter()
        larger = service.indexed(evolve(site, book=folder), home, "stub-embedding", model)
        progress(f"its index took {time.perf_counter() - began:.0f} s, or was there")
        settings = {**EMBEDDING, "OPENAI_BASE_URL": f"{model.url}/v1", "GLOBAL_CHAT_PER_DAY": "0"}
        with service.serving(larger, model, place, settings) as server:
            target = evolve(site.stream, bodies=book.bodies(questions))
            asked(server, target, Load(requests=20))
            yield point("passages", passages, "CPU ms/answer", cost(server, target, 100))
            yield point("passages", passages, "MiB", server.memory / 1024)


def by_readers(site: Site, place: Path) -> Iterator[Samples]:
    """A list and a save, in a database of more and more readers with 50 conversations each."""
    scratch.run(site.dsn, "rest", "forgive")
    present, deadline = 0, time.monotonic() + FILLING_SECONDS
    with service.serving(site, None, place, WORDS) as server:
        for readers in READERS:
            progress(f"growth, {readers} readers")
            present = fill(site.dsn, present + 1, readers, deadline)
            if present < readers:
                progress(f"stopped filling at {present} readers: {FILLING_SECONDS:.0f} s are over")
            numbers = range(1, present + 1, max(1, present // 1000))
            yield from of_readers(server, place, list(numbers), present)
            if present < readers:
                return


def fill(dsn: str, first: int, last: int, deadline: float) -> int:
    """The last reader who has got conversations; those that rest.py enrols are there already."""
    for start in range(first, last + 1, AT_A_TIME):
        if time.monotonic() > deadline:
            return start - 1
        end = min(last, start + AT_A_TIME - 1)
        if end > service.READERS:
            service.enrol(dsn, max(start, service.READERS + 1), end)
        count = HISTORY if end <= MANY else FEW
        scratch.run(dsn, "rest", "fill", first=start, last=end, count=count, sentences=3)
    return last


def of_readers(server: Server, place: Path, numbers: list[int], present: int) -> Iterator[Samples]:
    """What the service and the database spend on a list and on a save."""
    listing = Target(path="/api/v1/conversations?limit=50", heads=service.heads_of(numbers))
    saving = Target(
        path="/api/v1/conversations/internal-save",
        bodies=tuple(saved(number) for number in numbers),
        heads=(f"x-service-key: {service.SERVICE_KEY}",),
    )
    for name, target in (("list", listing), ("save", saving)):
        cost(server, target, ASKED)
        before = scratch.cpu(place)
        ours = cost(server, target, ASKED)
        theirs = 1e3 * (scratch.cpu(place) - before) / ASKED
        yield point("readers", present, f"CPU ms/{name}", ours)
        yield point("readers", present, f"Postgres CPU ms/{name}", theirs)


def saved(number: int) -> str:
    user_id = f"00000000-0000-4000-8000-{number:012}"
    return json.dumps({"user_id": user_id, "query": "Why?", "response": "Because. " * 150})


def cost(server: Server, target: Target, requests: int) -> float:
    """CPU milliseconds of the server for one of so many requests, four at a time."""
    seen = asked(server, target, Load(streams=4, requests=requests))
    if seen["errors"] > requests / 10:
        raise RuntimeError(f"{target.path}: {seen['first_error']}")
    return 1e3 * float(seen["server_cpu"]) / requests


def point(kind: str, size: int, metric: str, value: float) -> Samples:
    return named("growth", kind, size, samples={metric: value})
