"""POST /chat, the answer in one piece: requests a second and CPU a request, beside the peer.

The peer embeds with the stub's endpoint and searches a stub of Qdrant. Ours searches its own index;
it embeds with the bundled model (the default), with the same endpoint, or goes by words alone.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from attrs import frozen

from bench.rig import rivals, service
from bench.rig.load import Load, Target, asked
from bench.rig.processes import Server
from bench.rig.scratch import empty_database
from bench.rig.tools import BUILT
from bench.rig.upstream import Upstream, upstream
from bench.samples import Rounds, Samples, named, progress

AT_ONCE, SECONDS, TOKENS = 32, 4.0, 200
EMBEDDINGS = {"bundled": "minilm", "endpoint": "stub-embedding", "words": "none"}


@frozen
class Chat:
    name: str
    server: Server
    target: Target


def suite(scratch: Path, rounds: int) -> Rounds:
    found = Rounds()
    with upstream(scratch) as model, services(scratch, model) as all_services:
        model.behave(tokens=TOKENS, every_us=0, in_words=True)
        for chat in all_services:
            asked(chat.server, chat.target, Load(streams=4, requests=40))
        for number in range(1, rounds + 1):
            progress(f"chat, round {number} of {rounds}")
            found.extend(chatted(chat) for chat in all_services)
    return found


@contextmanager
def services(scratch: Path, model: Upstream) -> Iterator[list[Chat]]:
    with ExitStack() as stack:
        site = stack.enter_context(service.site(scratch, BUILT / "home-bundled"))
        found = []
        for kind, embedding in EMBEDDINGS.items():
            logs = scratch / kind
            logs.mkdir()
            theirs = service.indexed(site, BUILT / f"home-{kind}", embedding, model)
            settings = {"EMBEDDING_MODEL": embedding}
            server = stack.enter_context(service.serving(theirs, model, logs, settings))
            found.append(Chat(f"Footnote, {kind}", server, site.chat))
        if rivals.has_fastapi():
            dsn = stack.enter_context(empty_database(scratch / "peer"))  # 40 connections a server
            server = stack.enter_context(rivals.fastapi(dsn, model, scratch))
            found.append(Chat("FastAPI", server, rivals.PEER_CHAT))
        yield found


def chatted(chat: Chat) -> Samples:
    seen = asked(chat.server, chat.target, Load(streams=AT_ONCE, seconds=SECONDS))
    samples = {
        "requests/s": seen["requests_per_second"],
        "CPU ms/request": 1e3 * seen["server_cpu"] / max(1, seen["requests"]),
        "p50 ms": seen["total_ms"].get("p50", 0.0),
        "p99 ms": seen["total_ms"].get("p99", 0.0),
        "errors": float(seen["errors"]),
    }
    if seen["errors"]:
        progress(f"{chat.name}: {seen['first_error']}")
    return named("chat", chat.name, samples=samples)
