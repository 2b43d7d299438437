"""What a streamed token costs: ours beside nginx, a raw ASGI relay and the service people write.

All servers run side by side and are loaded one after another, again and again, so that what else
the machine does falls on all of them. CPU time is the whole process tree's, from the scheduler.

A *relay* figure is taken while all streams are open and none begins or ends: what one more token
costs. A *whole* figure is all CPU of the answers, with finding passages, checking and keeping them.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import frozen

from bench.rig import service
from bench.rig.load import Load, Moment, Seen, Target, asked, readers
from bench.rig.processes import Server
from bench.rig.rivals import Gateway, gateways
from bench.rig.tools import BUILT
from bench.rig.upstream import Upstream, upstream
from bench.samples import Rounds, Samples, named, progress

PATIENCE_SECONDS = 10.0  # then the readers of whoever has fallen behind are sent away


@frozen
class Pace:
    """So many streams at once, each of *tokens*, one every *every_us* (0: without pause).

    What *ends* is followed to the end, for the figures of whole answers.
    """

    name: str
    streams: int
    tokens: int
    every_us: int
    ramp_ms: int = 0
    ends: bool = True
    settled: int = 10  # tokens of each stream, before a relay figure begins
    window_seconds: float = 3.0  # that it takes
    longest_seconds: float = 30.0  # that its beginning and its end are waited for


PACES = (
    Pace("50 × 50/s", streams=50, tokens=250, every_us=20_000, ramp_ms=1000),
    Pace("200 × 50/s", streams=200, tokens=500, every_us=20_000, ramp_ms=4000),
    Pace("saturated", streams=64, tokens=4000, every_us=0, ends=False),
)


def suite(scratch: Path, rounds: int) -> Rounds:
    found = Rounds()
    with (
        service.site(scratch, BUILT / "home-bundled") as site,
        upstream(scratch) as model,
        gateways(site, model, scratch) as all_gateways,
    ):
        warm(all_gateways, model)
        for number in range(1, rounds + 1):
            progress(f"stream, round {number} of {rounds}")
            found.extend(measure(all_gateways, model))
    return found


def measure(
    gateways: Sequence[Gateway], model: Upstream, paces: Sequence[Pace] = PACES
) -> Iterator[Samples]:
    """One round: every pace, on every server in turn."""
    for pace in paces:
        for gateway in gateways:
            yield named("stream", pace.name, gateway.name, samples=streamed(gateway, model, pace))


def warm(gateways: Sequence[Gateway], model: Upstream) -> None:
    """The first requests of a server import, connect and compile; they are nobody's figure."""
    for gateway in gateways:
        first_answers(gateway.name, gateway.server, gateway.stream, model)


def first_answers(name: str, server: Server, target: Target, model: Upstream) -> None:
    """Raises ``RuntimeError`` if a server does not relay every token."""
    model.behave(tokens=20, every_us=0)
    seen = asked(server, target, Load(streams=4, requests=60, tokens=20))
    if seen["errors"]:
        raise RuntimeError(f"{name} does not relay: {seen['first_error']}")


def streamed(gateway: Gateway, model: Upstream, pace: Pace) -> Samples:
    model.behave(tokens=pace.tokens, every_us=pace.every_us)
    load = Load(
        streams=pace.streams,
        requests=pace.streams,
        ramp_ms=pace.ramp_ms,
        tokens=pace.tokens,
    )
    before = gateway.server.cpu
    with readers(gateway.server, gateway.stream, load) as running:
        total = pace.streams * pace.tokens
        start = running.until(lambda now: _is_settled(now, pace), pace.longest_seconds)
        end = running.until(
            lambda now: now.tokens > 0.9 * total or now.at > start.at + pace.window_seconds,
            pace.longest_seconds,
        )
        if pace.ends:
            running.until(lambda now: now.ended == pace.streams, PATIENCE_SECONDS)
        seen = running.stop()
    samples = _relay(start, end) | _whole(seen, gateway.server.cpu - before, pace)
    model.await_silence()
    return samples


def _is_settled(now: Moment, pace: Pace) -> bool:
    """Everyone has had a token, so that no question is on its way any more; or half is over."""
    all_speak = now.speaking >= pace.streams and now.tokens > pace.settled * pace.streams
    return all_speak or now.tokens > 0.5 * pace.streams * pace.tokens


def _relay(start: Moment, end: Moment) -> Samples:
    tokens, seconds = end.tokens - start.tokens, end.at - start.at
    return {
        "relay µs/token": 1e6 * (end.cpu - start.cpu) / max(1, tokens),
        "tokens/s": tokens / seconds,
        "cores": (end.cpu - start.cpu) / seconds,
    }


def _whole(seen: Seen, cpu: float, pace: Pace) -> Samples:
    samples = {
        "lost tokens": float(seen["lost"]),
        # Where a server is too busy to pass on each by itself, several share one: that is cheaper.
        "tokens/frame": seen["tokens"] / max(1, seen["frames"]),
    }
    if not pace.ends:  # all were sent away
        return samples
    ways = {
        "first token": "first_token_ms",  # since it was asked for
        "first token's way": "first_token_way_ms",  # since the model wrote it
        "token's way": "token_way_ms",
    }
    times = {f"{name} p{n} ms": seen[key][f"p{n}"] for name, key in ways.items() for n in (50, 99)}
    whole = {"whole µs/token": 1e6 * cpu / max(1, seen["tokens"])}
    return (
        samples
        | whole
        | times
        | {
            "errors": float(seen["errors"]),
            "answers": float(seen["requests"]),
        }
    )
