"""Every operation under generated input, against a live service: all checks, nothing excluded."""

import os
import subprocess
import sys
from uuid import UUID

from attrs import evolve

from credentials import tokens
from settings import ROOT, Settings
from tests.live import CONTRACT, SERVICE_KEY, Live, Serve

SAVE = "#/paths/~1api~1v1~1conversations~1internal-save/post/requestBody"
SAVED = CONTRACT.at(SAVE)[1]["content"]["application/json"]["example"]["user_id"]
SEED = "1"
EXAMPLES = "20"  # of each operation and phase
WITHOUT_DATABASE = (
    "only_unavailable,stream_protocol,status_code_conformance,content_type_conformance,"
    "response_schema_conformance,response_headers_conformance"
)


def adas_token(live: Live) -> str:
    """A session of the reader whom the examples tell of; the user of their ids is there, too."""
    live.sql("insert into users (id, email) values ($1, 'example@example.com')", UUID(SAVED))
    live.register("ada@example.com")
    return live.reader("ada@example.com").token


def run(live: Live, config: str, environ: dict[str, str], *arguments: str) -> None:
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", f"tests/{config}.toml"]
    command += ["run", f"{live.url}/openapi.yaml", "--seed", SEED, *arguments]
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "SERVICE_KEY": SERVICE_KEY, **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    print(ended.stdout)

    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_contract_holds_under_generated_input(live: Live) -> None:
    """Valid and invalid data, wrong methods and media types, every response, every event."""
    environ = {"ADAS_TOKEN": adas_token(live)}
    run(live, "schemathesis", environ, "--checks", "all", "--max-examples", EXAMPLES)


def test_the_contract_holds_while_the_database_is_out_of_reach(
    serve: Serve, settings: Settings
) -> None:
    """A genuine session that nobody can look up: 503 may be the answer, and no other 5xx."""
    live = serve(evolve(settings, database_url="postgresql://nobody@127.0.0.1:1/nothing"))
    token = live.state["signer"].sign(tokens.new())
    run(
        live,
        "schemathesis_off",
        {},
        *("--checks", WITHOUT_DATABASE, "--max-examples", "8"),
        *("--header", f"Authorization: Bearer {token}"),
    )
