"""``python -m contract.breaking [OLD NEW]``; without both, the last release and openapi.yaml."""

import argparse
import sys
from pathlib import Path

from contract.breaking import breaks
from contract.breaking.release import CONTRACT, RELEASED, load


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m contract.breaking", description=__doc__)
    parser.add_argument("old", nargs="?", type=Path, default=RELEASED)
    parser.add_argument("new", nargs="?", type=Path, default=CONTRACT)
    arguments = parser.parse_args()
    found = breaks(load(arguments.old), load(arguments.new))
    for finding in found:
        print(finding)
    print(f"{len(found)} broken promises between {arguments.old} and {arguments.new}.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
