"""What a new version of openapi.yaml takes away from those who built upon the old one.

Front ends are generated from the document and never read our code, so a promise is what their
generator saw: requests may widen and responses may narrow, names stay. Where it cannot be decided
whether a schema kept its promise, it did not.

``python -m contract.breaking OLD NEW`` lists what is broken and exits with 1.
"""

from collections.abc import Mapping
from typing import Any

from contract.breaking.document import Document
from contract.breaking.finding import RULES, Finding, merged
from contract.breaking.operations import differences

__all__ = ["RULES", "Finding", "breaks"]


def breaks(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Finding]:
    """Every promise of the document *old* that *new* does not keep, each once."""
    return merged(differences(Document(old), Document(new)))
