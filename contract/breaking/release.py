"""What follows from a changed contract: the version must have moved, the changelog must say so.

``python -m contract.breaking.release`` makes openapi.yaml the contract of the last release.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from contract.breaking import Finding, breaks
from contract.breaking.schemas import PROSE

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = ROOT / "openapi.yaml"
RELEASED = ROOT / "contract" / "released.yaml"
CHANGELOG = ROOT / "CHANGELOG.md"

Version = tuple[int, int, int]


def load(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.load(path.read_bytes(), yaml.CSafeLoader)
    return document


def complaints(old: Mapping[str, Any], new: Mapping[str, Any], changelog: str) -> list[str]:
    """Why *new* cannot follow the released *old* as it is; empty when it can."""
    found = breaks(old, new)
    version, least = version_of(new), least_version(old, new, found)
    texts = [] if version >= least else [_unmoved(version, least, found)]
    if version < least or least > version_of(old):
        texts += _unsaid(found, section(changelog, version))
    return texts


def version_of(document: Mapping[str, Any]) -> Version:
    major, minor, patch = map(int, document["info"]["version"].split("."))
    return major, minor, patch


def least_version(old: Mapping[str, Any], new: Mapping[str, Any], found: list[Finding]) -> Version:
    """The version that *new* must have reached (semver.org): 0.x breaks with a minor."""
    major, minor, patch = version_of(old)
    if found and major:
        return major + 1, 0, 0
    if found or substance(old) != substance(new):
        return major, minor + 1, 0
    return major, minor, patch + (_unversioned(old) != _unversioned(new))


def substance(document: Any) -> Any:
    """What a document promises, without what it says about it."""
    if isinstance(document, list):
        return [substance(each) for each in document]
    if not isinstance(document, Mapping):
        return document
    kept = document.keys() - PROSE - {"info"}
    return {
        key: {name: substance(part) for name, part in document[key].items()}
        if key == "properties"
        else substance(document[key])
        for key in kept
    }


def _unversioned(document: Mapping[str, Any]) -> Any:
    return {**document, "info": {**document["info"], "version": None}}


def section(changelog: str, version: Version) -> str:
    """What the changelog says under Unreleased and under *version*."""
    names = ("Unreleased", ".".join(map(str, version)))
    heads = "|".join(re.escape(name) for name in names)
    found = re.findall(rf"(?ms)^## \[(?:{heads})\][^\n]*\n(.*?)(?=^## |\Z)", changelog)
    return "\n".join(found).strip()


def _unmoved(version: Version, least: Version, found: list[Finding]) -> str:
    why = f"breaks {len(found)} promises" if found else "differs from the released one"
    lines = "\n".join(str(finding) for finding in found)
    text = ".".join(map(str, version)), ".".join(map(str, least))
    return f"The contract {why}: info.version is {text[0]} and must be at least {text[1]}.\n{lines}"


def _unsaid(found: list[Finding], entries: str) -> Iterator[str]:
    if not entries:
        yield "CHANGELOG.md has no section for this version: what changed for front ends?"
    breaking = " ".join(re.findall(r"(?ms)^- \*\*Breaking\*\*.*?(?=^- |^#|\Z)", entries))
    names = {name for finding in found for name in finding.operations or (finding.place,)}
    unsaid = sorted(name for name in names if name.split()[-1] not in breaking)
    if unsaid:
        yield f"No `- **Breaking**` entry of CHANGELOG.md names {', '.join(unsaid)}."


def is_released(document: Mapping[str, Any], changelog: str) -> bool:
    """Whether the changelog has closed this version; until then its contract is in the making."""
    version = re.escape(document["info"]["version"])
    return re.search(rf"^## \[{version}\]", changelog, re.MULTILINE) is not None


def main() -> int:
    """Copy openapi.yaml over the released contract, unless the version has to move first."""
    old, new, changelog = load(RELEASED), load(CONTRACT), CHANGELOG.read_text()
    texts = complaints(old, new, changelog) if is_released(old, changelog) else []
    for text in texts:
        print(text)
    if not texts:
        RELEASED.write_bytes(CONTRACT.read_bytes())
        print(f"{RELEASED.name} is the contract of {new['info']['version']}.")
    return 1 if texts else 0


if __name__ == "__main__":
    sys.exit(main())
