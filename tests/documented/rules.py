"""Which of the documented commands run in a test, and why the others do not.

Each rule is one reason. ``test_documented_commands`` sees to it that every command has exactly one,
and that no rule has outlived its last command.
"""

import re

from attrs import frozen

from tests.documented.blocks import Command

OURS = re.compile(r"(?:127\.0\.0\.1|localhost):8000")


@frozen
class Rule:
    """Commands that match are not run, because of *why*."""

    pattern: str
    why: str

    def matches(self, command: str) -> bool:
        return re.match(self.pattern, command) is not None


ASSIGNMENTS = r"""(?:[A-Z_]+=(?:'[^']*'|"[^"]*"|\S*)(?:\s+(?:\\\n\s*)?))*"""

RULES = (
    Rule(ASSIGNMENTS + "make ", "the Makefile's; that it has the target is tested here"),
    Rule(
        r"[A-Z_]+=\S*$|[A-Z_]+=\".*\"$", "a line of .env; that the setting is known is tested here"
    ),
    Rule(r"cd ", "into a folder of another machine"),
    Rule(r"sudo ", "changes the machine"),
    Rule(r"git clone ", "needs the network"),
    Rule(r"npx ", "a generator; the clients have tests of their own"),
    Rule(r"pip install ", "needs the network; that the file is there is tested here"),
    Rule(ASSIGNMENTS + "uvicorn ", "serves until it is stopped; tests/chaos starts it like that"),
    Rule(r"psql ", "a program that need not be there; the SQL is run here"),
    Rule(r"curl https://your-project\.", "a deployment of somebody's own"),
)

# Blocks in other languages than these are run or compared.
LANGUAGES = {
    "": "a drawing, or examples of prose",
    "ini": "a unit of systemd's",
    "nginx": "a part of nginx's configuration",
    "caddy": "a part of Caddy's configuration",
    "html": "tags, as the site of tests/browser has them",
}

# Text that no command prints.
QUOTED = {
    "docs/index.md": "an answer, as a reader sees it",
}


def is_run(command: str) -> bool:
    return re.search(r"\bcurl ", command) is not None and OURS.search(command) is not None


def is_variable(command: Command) -> bool:
    """What a later command of the same transcript needs."""
    return command.block.is_transcript and re.match(r"[A-Z_]+=", command.text) is not None


def rules_for(command: str) -> list[Rule]:
    return [rule for rule in RULES if rule.matches(command)]
