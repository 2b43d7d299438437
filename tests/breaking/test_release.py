"""A changed contract: its version has moved far enough, and the changelog says what broke."""

import tomllib
from typing import Any

import pytest

from contract.breaking import breaks
from contract.breaking.release import CHANGELOG, CONTRACT, RELEASED, complaints, least_version, load
from settings import ROOT
from tests.breaking.test_rules import SCHEMAS, SHOP, edited

NARROWER = (f"{SCHEMAS}|Order|properties|words|maxLength", 9)
WIDER = (f"{SCHEMAS}|Order|properties|words|maxLength", 99)
PROSE = (f"{SCHEMAS}|Order|description", "What somebody wants of a lamp.")
TOLD = "## [Unreleased]\n\n### Changed\n- **Breaking**: `light_lamp` takes\n  nine characters.\n"


def version(text: str) -> tuple[str, str]:
    return "info|version", text


def test_the_version_has_moved_as_the_contract_has() -> None:
    """Since the last release; CONTRIBUTING.md tells what to do."""
    assert complaints(load(RELEASED), load(CONTRACT), CHANGELOG.read_text()) == []


def test_contract_and_package_have_one_version() -> None:
    """Which the changelog closes at a release."""
    package = tomllib.loads((ROOT / "pyproject.toml").read_text())

    assert package["project"]["version"] == load(CONTRACT)["info"]["version"]


@pytest.mark.parametrize(
    ("since", "edit", "least"),
    [
        ("1.2.3", NARROWER, (2, 0, 0)),
        ("0.2.3", NARROWER, (0, 3, 0)),
        ("1.2.3", WIDER, (1, 3, 0)),
        ("0.2.3", WIDER, (0, 3, 0)),
        ("1.2.3", PROSE, (1, 2, 4)),
        ("1.2.3", version("1.9.0"), (1, 2, 3)),
    ],
)
def test_a_break_moves_more_than_an_addition(since: str, edit: Any, least: Any) -> None:
    """As semver.org has it; before 1.0 a break is a minor version."""
    old = edited(version(since))
    new = edited(edit, document=old)

    assert least_version(old, new, breaks(old, new)) == least


@pytest.mark.parametrize(
    ("edits", "changelog", "complaint"),
    [
        ((), "", None),
        ((NARROWER, version("1.3.0")), TOLD, "must be at least 2.0.0"),
        ((NARROWER, version("1.3.0")), TOLD, "body-narrowed: light_lamp"),
        ((NARROWER, version("2.0.0")), TOLD, None),
        ((NARROWER, version("2.0.0")), TOLD.replace("Unreleased", "2.0.0"), None),
        ((NARROWER, version("2.0.0")), TOLD.replace("Unreleased", "1.2.3"), "has no section"),
        ((NARROWER, version("2.0.0")), TOLD.replace("light", "dim"), "names light_lamp"),
        ((NARROWER, version("2.0.0")), TOLD.replace("- **B", "- B"), "names light_lamp"),
        ((WIDER, version("1.2.4")), TOLD, "must be at least 1.3.0"),
        ((WIDER, version("1.3.0")), "", "has no section"),
        ((WIDER, version("1.3.0")), "## [Unreleased]\n\n- Longer words.\n", None),
        ((PROSE,), TOLD, "must be at least 1.2.4"),
    ],
)
def test_what_a_release_still_lacks_is_said(edits: Any, changelog: str, complaint: Any) -> None:
    """The version first, then the entry."""
    texts = complaints(SHOP, edited(*edits), changelog)

    assert (complaint in "\n".join(texts)) if complaint else texts == []
