"""Request schemas and the records that handlers get say the same of a body.

Two descriptions of one thing: what fits the schema is always shaped, and arrives whole.
"""

import inspect
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode

from contract import Operation, converter
from service import HANDLERS
from settings import ROOT
from tests.live import CONTRACT

SCHEMA = schemathesis.openapi.from_path(str(ROOT / "openapi.yaml"))
TAKING = [operation for operation in CONTRACT.operations() if operation.bodies]
# Protocols of others, whose clients may send what we have never heard of; it is ignored.
OPEN = {"chatkit", "create_chat_completion"}


def bodies(operation: Operation) -> st.SearchStrategy[Any]:
    """What fits the operation's schema."""
    described = SCHEMA[operation.path][operation.method]
    cases = described.as_strategy(generation_mode=GenerationMode.POSITIVE)
    return cases.map(lambda case: case.body)


def lost(body: Any, kept: Any, *, is_open: bool, at: str = "") -> list[str]:
    """Where *kept* lacks something of *body*, or has something else there."""
    if isinstance(body, dict) and isinstance(kept, dict):
        missing = [f"{at}/{name}" for name in body if name not in kept]
        pairs = [(f"{at}/{name}", body[name], kept[name]) for name in body if name in kept]
        inner = [lost(b, k, is_open=is_open, at=where) for where, b, k in pairs]
        return [*([] if is_open else missing), *(place for places in inner for place in places)]
    if isinstance(body, list) and isinstance(kept, list | tuple):
        pairs = [(f"{at}/{n}", b, k) for n, (b, k) in enumerate(zip(body, kept, strict=False))]
        inner = [lost(b, k, is_open=is_open, at=where) for where, b, k in pairs]
        cut = [at] if len(body) != len(kept) else []
        return [*cut, *(place for places in inner for place in places)]
    is_text = isinstance(body, str) and isinstance(kept, str)
    same = (
        body.lower() == kept.lower() if is_text else body == kept
    )  # a UUID in capitals is the same
    return [] if same else [at]


@pytest.mark.parametrize("operation", TAKING, ids=lambda operation: operation.operation_id)
def test_what_fits_the_schema_becomes_a_record_and_loses_nothing(operation: Operation) -> None:
    """Shaping never raises behind validation, and no member of a closed body is dropped."""
    shape = inspect.get_annotations(HANDLERS[operation.operation_id], eval_str=True)["body"]
    (validate,) = operation.bodies.values()

    @settings(
        max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(bodies(operation))
    def holds(body: Any) -> None:
        assert [*validate(body)] == []
        record = converter().structure(body, shape)
        kept = converter().unstructure(record)

        assert lost(body, kept, is_open=operation.operation_id in OPEN) == []

    holds()
