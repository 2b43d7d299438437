"""Generating and compiling takes longer than all other tests of a file: on demand only."""

import pytest


@pytest.fixture
def on_demand(request: pytest.FixtureRequest) -> None:
    if not request.config.getoption("--clients"):
        pytest.skip("make test-clients runs these")
