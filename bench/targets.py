"""What we want of the service, target by target, as functions of the figures."""

from collections.abc import Callable

from attrs import frozen

from bench.samples import Samples

OURS = "Footnote"
CROWDED = "stream|200 × 50/s"


@frozen
class Target:
    """*of* takes figures to the value; it raises ``KeyError`` where one was not measured."""

    name: str
    of: Callable[[Samples], float]
    unit: str = ""
    at_most: float | None = None
    at_least: float | None = None

    @property
    def limit(self) -> str:
        value = self.at_least if self.at_most is None else self.at_most
        sign = "=" if self.at_least == self.at_most else "≤" if self.at_least is None else "≥"
        return f"{sign} {value:g}{self.unit}"

    def value(self, figures: Samples) -> float | None:
        try:
            return self.of(figures)
        except (KeyError, ZeroDivisionError):
            return None

    def is_met(self, value: float) -> bool:
        return (self.at_most is None or value <= self.at_most) and (
            self.at_least is None or value >= self.at_least
        )


def figure(name: str) -> Callable[[Samples], float]:
    return lambda figures: figures[name]


def ratio(over: str, under: str) -> Callable[[Samples], float]:
    return lambda figures: figures[over] / figures[under]


def added(place: str, metric: str) -> Callable[[Samples], float]:
    """What the service adds to asking the model itself."""
    return lambda f: f[f"{place}|{OURS}|{metric}"] - f[f"{place}|direct|{metric}"]


def relay(gateway: str, place: str = CROWDED) -> str:
    return f"{place}|{gateway}|relay µs/token"


TARGETS = (
    Target("relayed token, CPU, to nginx", ratio(relay(OURS), relay("nginx")), "×", 3.0),
    Target("relayed token, CPU, to raw ASGI", ratio(relay(OURS), relay("raw ASGI")), "×", 1.5),
    Target(
        "relayed token, CPU, FastAPI's to ours",
        ratio(relay("FastAPI"), relay(OURS)),
        "×",
        at_least=5.0,
    ),
    Target(
        "the same saturated",
        ratio(relay("FastAPI", "stream|saturated"), relay(OURS, "stream|saturated")),
        "×",
        at_least=25.0,
    ),
    Target("tokens lost", figure(f"{CROWDED}|{OURS}|lost tokens"), at_most=0.0),
    Target("first token, relay adds, p50", added(CROWDED, "first token's way p50 ms"), " ms", 4.0),
    Target("first token, relay adds, p99", added(CROWDED, "first token's way p99 ms"), " ms", 30.0),
    Target("first token, all adds, p50", added(CROWDED, "first token p50 ms"), " ms", 4.0),
    Target("first token, all adds, p99", added(CROWDED, "first token p99 ms"), " ms", 30.0),
    Target("a token's way, p99", figure(f"{CROWDED}|{OURS}|token's way p99 ms"), " ms", 10.0),
    Target("one reader, first frame", figure(f"reader|{OURS}|first frame p50 ms"), " ms", 2.0),
    Target("one reader, first token", figure(f"reader|{OURS}|first token p50 ms"), " ms", 15.0),
    Target("reader gone, model left", figure(f"reader|{OURS}|gone p50 ms"), " ms", 100.0),
    Target(
        "POST /chat, requests/s, ours to FastAPI's",
        ratio("chat|Footnote, endpoint|requests/s", "chat|FastAPI|requests/s"),
        "×",
        at_least=8.0,
    ),
    Target(
        "POST /chat, CPU, FastAPI's to ours",
        ratio("chat|FastAPI|CPU ms/request", "chat|Footnote, endpoint|CPU ms/request"),
        "×",
        at_least=8.0,
    ),
    Target("idle streams, of 5,000", figure("crowd|5000 idle|open"), at_least=5000.0),
    Target("an idle stream's memory", figure("crowd|5000 idle|KiB each"), " KiB", 20.0),
    Target("relaying streams, of 5,000", figure("crowd|5000 relaying|open"), at_least=5000.0),
    Target("a relaying stream's memory", figure("crowd|5000 relaying|KiB each"), " KiB", 35.0),
    Target("start to first 200, serverless", figure("cold|serverless|CPU ms"), " ms CPU", 350.0),
    Target("memory at rest, server", figure("cold|server, words|MiB at rest"), " MiB", 60.0),
    Target(
        "saves/s, our pool to pgbench",
        ratio("rest|in Postgres|our pool|saves/s", "rest|in Postgres|pgbench|saves/s"),
        "×",
        at_least=0.5,
    ),
    Target(
        "conversations kept of 200 saved at once",
        figure(f"rest|200 saved at once|{OURS}|kept"),
        at_least=50.0,
        at_most=50.0,
    ),
    Target("keyless answer, p95", figure("retrieval|1 at once|p95 ms"), " ms", 25.0),
    Target(
        "8 at once, p95, to one",
        ratio("retrieval|8 at once|p95 ms", "retrieval|1 at once|p95 ms"),
        "×",
        4.0,
    ),
)
