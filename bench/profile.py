"""``python -m bench.profile``: where the CPU of relayed tokens goes, as a flame graph and a list.

py-spy looks at the service two hundred times a second while 100 readers get 50 tokens a second
each; the graph goes into ``build/bench/profile.svg``, the list into ``profile.txt`` here. Needs
py-spy, which ``.venv-bench`` has.
"""

import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.rig import service
from bench.rig.load import Load, readers
from bench.rig.processes import Server
from bench.rig.tools import BUILT
from bench.rig.upstream import upstream
from bench.stream import first_answers
from settings import ROOT

STREAMS, TOKENS, EVERY_US, SECONDS, RATE = 100, 3000, 20_000, 15, 200
GRAPH, LIST = BUILT / "profile.svg", Path(__file__).with_name("profile.txt")
PLACES = (".venv-bench/bin", "/usr/local/bin", "/usr/bin")
LINE = re.compile(r"(.*?) \((.*?)(?::\d+)?\)$")


def main() -> int:
    spy = shutil.which("py-spy", path=":".join(str(ROOT / place) for place in PLACES))
    if spy is None:
        print("Skipped: make bench installs py-spy, which looks into the process.")
        return 0
    with TemporaryDirectory(prefix="footnote-bench-") as place, upstream(Path(place)) as model:
        scratch = Path(place)
        words = {"EMBEDDING_MODEL": "none", "AGENT_TIMEOUT": "600"}  # none ends meanwhile
        with (
            service.site(scratch, BUILT / "home-words", embedding="none") as site,
            service.serving(site, model, scratch, words) as server,
        ):
            first_answers("Footnote", server, site.stream, model)
            model.behave(tokens=TOKENS, every_us=EVERY_US)
            load = Load(streams=STREAMS, requests=STREAMS, ramp_ms=2000, tokens=TOKENS)
            with readers(server, site.stream, load) as running:
                running.until(lambda now: now.speaking >= STREAMS, 30)
                seen = looked_at(spy, server, scratch / "stacks")
                running.stop()
    LIST.write_text("".join(f"{share:6.1%}  {name}\n" for share, name in shares(seen)))
    print(LIST.read_text())
    return 0


def looked_at(spy: str, server: Server, stacks: Path) -> list[tuple[list[str], int]]:
    """Each stack from the outside in, with how often it was seen; the graph is written, too."""
    command = [spy, "record", "--pid", str(server.process.pid), "--rate", str(RATE)]
    command += ["--duration", str(SECONDS), "--nonblocking", "--output"]
    for arguments in ([str(GRAPH)], [str(stacks), "--format", "raw"]):
        subprocess.run([*command, *arguments], check=True, capture_output=True)
    lines = (line.rpartition(" ") for line in stacks.read_text().splitlines())
    return [(stack.split(";"), int(count)) for stack, _, count in lines]


def shares(seen: list[tuple[list[str], int]]) -> list[tuple[float, str]]:
    """Of all that was seen, the functions that were on the stack most often."""
    total, by_function = sum(count for _, count in seen), Counter[str]()
    for stack, count in seen:
        by_function.update(dict.fromkeys(map(_short, stack), count))
    return [(count / total, name) for name, count in by_function.most_common(40)]


def _short(frame: str) -> str:
    found = LINE.match(frame)
    return f"{found[1]} ({'/'.join(found[2].split('/')[-2:])})" if found else frame


if __name__ == "__main__":
    sys.exit(main())
