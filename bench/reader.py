"""One reader alone: how soon the first frame and token come, and what becomes of who leaves.

The whole pipeline runs: session, limits, embedding, retrieval, model, checks, log, history.
"""

import socket
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from bench.rig import service
from bench.rig.load import Load, Target, asked
from bench.rig.rivals import Gateway, gateways
from bench.rig.tools import BUILT
from bench.rig.upstream import Upstream, upstream
from bench.samples import Rounds, Samples, named, progress
from bench.stream import warm

QUESTIONS, TOKENS = 60, 20
LEAVERS, SEEN_TOKENS = 10, 5  # how many leave, and after how many tokens
LONGEST_SECONDS = 12.0  # that an upstream's end is waited for
DEAF = {"raw ASGI", "direct"}  # they do not watch their readers


def suite(scratch: Path, rounds: int) -> Rounds:
    found = Rounds()
    with (
        service.site(scratch, BUILT / "home-bundled") as site,
        upstream(scratch) as model,
        gateways(site, model, scratch) as all_gateways,
    ):
        warm(all_gateways, model)
        for number in range(1, rounds + 1):
            progress(f"reader, round {number} of {rounds}")
            found.extend(alone(gateway, model) for gateway in all_gateways)
            found.add(gone(all_gateways, model))
    return found


def alone(gateway: Gateway, model: Upstream) -> Samples:
    """A question at a time, to a model that answers at once."""
    model.behave(tokens=TOKENS, every_us=0)
    seen = asked(gateway.server, gateway.stream, Load(requests=QUESTIONS, tokens=TOKENS))
    names = {"first frame": "first_byte_ms", "first token": "first_token_ms", "end": "total_ms"}
    times = {f"{name} p{n} ms": seen[key][f"p{n}"] for name, key in names.items() for n in (50, 99)}
    cpu = {"CPU ms/question": 1e3 * seen["server_cpu"] / QUESTIONS}
    samples = times | cpu | {"errors": seen["errors"]}
    return named("reader", gateway.name, samples=samples)


def gone(all_gateways: Sequence[Gateway], model: Upstream) -> Samples:
    """Milliseconds from a reader's leaving to the end of the model's stream."""
    model.behave(tokens=1000, every_us=20_000)
    samples: Samples = {}
    for gateway in all_gateways:
        if gateway.name not in DEAF:
            times = [left(gateway, model, number) for number in range(LEAVERS)]
            found = {"gone p50 ms": statistics.median(times), "gone max ms": max(times)}
            samples |= named("reader", gateway.name, samples=found)
    return samples


def left(gateway: Gateway, model: Upstream, number: int) -> float:
    before, _ = model.hung_up
    with socket.create_connection(("127.0.0.1", gateway.server.port)) as connection:
        connection.sendall(request(gateway.stream, number))
        said = b""
        while said.count(b"@") < SEEN_TOKENS:
            said += connection.recv(65536)
    at, deadline = time.monotonic_ns(), time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < deadline:
        count, ended = model.hung_up
        if count > before:
            return (ended - at) / 1e6
        time.sleep(0.002)
    return 1e3 * LONGEST_SECONDS


def request(target: Target, number: int) -> bytes:
    """What load.c would send."""
    body = target.bodies[0].replace("%number%", f"{time.monotonic_ns() // 1000 % 10**8:08}")
    fields = ["host: 127.0.0.1", "content-type: application/json", f"content-length: {len(body)}"]
    fields += target.heads[number].split("\t") if target.heads else []
    return "\r\n".join([f"POST {target.path} HTTP/1.1", *fields, "", body]).encode()
