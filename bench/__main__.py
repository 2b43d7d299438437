"""``make bench``: what the service costs, beside what the machine and others can do.

    python -m bench [--suite stream,chat] [--rounds 3] [--out results]

Everything runs on loopback, against a stub model, with a private Postgres; see bench/README.md.
"""

import argparse
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import chat, cold, crowd, growth, reader, rest, retrieval, stream
from bench.report import show, write
from bench.rig.tools import Missing
from bench.samples import Rounds

Suite = Callable[[Path, int], Rounds]

SUITES: Mapping[str, Suite] = {
    "stream": stream.suite,
    "reader": reader.suite,
    "crowd": crowd.suite,
    "chat": chat.suite,
    "rest": rest.suite,
    "retrieval": retrieval.suite,
    "cold": cold.suite,
    "growth": growth.suite,
}
USUAL = ("stream", "reader", "crowd", "chat", "rest", "retrieval", "cold")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--suite", default=",".join(USUAL), help=f"of {', '.join(SUITES)}; all; none"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", default="results", help="bench/OUT.json and bench/OUT.md")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # no server outlives the bench
    if options.suite == "none":
        show(options.out)
        return 0
    names = [*SUITES] if options.suite == "all" else options.suite.split(",")
    if unknown := set(names) - SUITES.keys():
        parser.error(f"no such suite: {', '.join(sorted(unknown))}")
    for name in names:
        try:
            with TemporaryDirectory(prefix="footnote-bench-") as scratch:
                rounds = SUITES[name](Path(scratch), options.rounds)
        except Missing as missing:
            print(f"Skipped {name}: {missing}", file=sys.stderr)
            continue
        write(options.out, name, rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
