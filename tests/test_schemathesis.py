"""Every operation under generated input, against a live service: all checks, nothing excluded.

Short here, with one seed; `make fuzz` runs the same for minutes, with a seed of its own.
"""

import logging
import os
import subprocess
import sys
from uuid import UUID

import pytest
from attrs import evolve, frozen

from credentials import tokens
from settings import ROOT, Settings
from tests.live import CONTRACT, SERVICE_KEY, Live, Serve

SAVE = "#/paths/~1api~1v1~1conversations~1internal-save/post/requestBody"
SAVED = CONTRACT.at(SAVE)[1]["content"]["application/json"]["example"]["user_id"]
SEED = 1
EXAMPLES = 20  # of each operation and phase
WITHOUT_DATABASE = (
    "only_unavailable,stream_protocol,status_code_conformance,content_type_conformance,"
    "response_schema_conformance,response_headers_conformance"
)


def adas_token(live: Live) -> str:
    """A session of the reader whom the examples tell of; the user of their ids is there, too."""
    live.sql("insert into users (id, email) values ($1, 'example@example.com')", UUID(SAVED))
    live.register("ada@example.com")
    return live.reader("ada@example.com").token


@frozen
class Fuzzer:
    """Runs schemathesis for so many *seconds*; without them a number of examples is enough."""

    seed: int
    seconds: int | None
    failures: int  # after which to stop; 0: go on
    only: tuple[str, ...]  # operations; empty: all

    def run(
        self, live: Live, config: str, environ: dict[str, str], *, examples: int, args: list[str]
    ) -> None:
        """Fails when anything that the service says is not what the contract promises."""
        if self.seconds:  # nothing is captured: tens of thousands of lines
            logging.getLogger("footnote").setLevel(logging.WARNING)
        command = [sys.executable, "-m", "schemathesis.cli"]
        command += ["--config-file", f"tests/{config}.toml", "run", f"{live.url}/openapi.yaml"]
        command += ["--seed", str(self.seed), *args]
        command += ["--max-failures", str(self.failures)] if self.failures else []
        command += self._narrowed()
        spent = ["--max-time", str(self.seconds)] if self.seconds else []
        ended = subprocess.run(  # it writes where pytest captures, and shows it if this fails
            [*command, *(spent or ["--max-examples", str(examples)])],
            cwd=ROOT,
            env={**os.environ, "SERVICE_KEY": SERVICE_KEY, **environ},
            check=False,
            timeout=300 + (self.seconds or 0),
        )

        assert ended.returncode == 0

    def _narrowed(self) -> list[str]:
        """Some operations alone lack what the others make, and one has no links."""
        narrow = [part for name in self.only for part in ("--include-operation-id", name)]
        phases = ["--phases", "examples,coverage,fuzzing"] if len(self.only) == 1 else []
        return [*narrow, *phases, "--warnings", "off"] if narrow else []


@pytest.fixture
def fuzzer(pytestconfig: pytest.Config) -> Fuzzer:
    seed: int | None = pytestconfig.getoption("--fuzz-seed")
    return Fuzzer(
        seed=SEED if seed is None else seed,
        seconds=pytestconfig.getoption("--fuzz-seconds"),
        failures=pytestconfig.getoption("--maxfail"),
        only=tuple(pytestconfig.getoption("--fuzz-only").split()),
    )


def test_the_contract_holds_under_generated_input(live: Live, fuzzer: Fuzzer) -> None:
    """Valid and invalid data, wrong methods and media types, every response, every event."""
    environ = {"ADAS_TOKEN": adas_token(live)}
    fuzzer.run(live, "schemathesis", environ, examples=EXAMPLES, args=["--checks", "all"])


def test_the_contract_holds_while_the_database_is_out_of_reach(
    serve: Serve, settings: Settings, fuzzer: Fuzzer
) -> None:
    """A genuine session that nobody can look up: 503 may be the answer, and no other 5xx."""
    live = serve(evolve(settings, database_url="postgresql://nobody@127.0.0.1:1/nothing"))
    token = live.state["signer"].sign(tokens.new())
    args = ["--checks", WITHOUT_DATABASE, "--header", f"Authorization: Bearer {token}"]
    evolve(fuzzer, seconds=None).run(live, "schemathesis_off", {}, examples=8, args=args)
