"""One bash for all the commands of a page, so that variables and cookies carry on."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from attrs import frozen

# As a person would run it, but for what it says about itself: statuses go to standard error.
CURL = """
curl() {
    command curl --silent --show-error --max-time 20 \
        --write-out '%{stderr}\\n%{http_code}\\n' "$@"
}
"""


@frozen
class Ran:
    """What a command has said; *status* is that of the last HTTP reply."""

    code: int
    out: str
    err: str

    @property
    def status(self) -> int:
        return int(self.err.split()[-1])


class Shell:
    """Commands are given one by one; each one's output is known when ``run`` returns."""

    def __init__(self, directory: Path, environment: Mapping[str, str]) -> None:
        self.directory = directory
        self.bash = subprocess.Popen(
            ["bash", "--norc"],
            cwd=directory,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._say(CURL)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.bash.communicate()

    def run(self, command: str) -> Ran:
        self._say(f"{{ {command}\n}} >out 2>err </dev/null; echo $?\n")
        assert self.bash.stdout
        code = int(self.bash.stdout.readline())
        out, err = ((self.directory / name).read_text() for name in ("out", "err"))
        return Ran(code, out, err)

    def _say(self, text: str) -> None:
        assert self.bash.stdin
        self.bash.stdin.write(text)
        self.bash.stdin.flush()
