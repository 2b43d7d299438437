"""What the hundreds of services of a test process load once, and a process of its own once, too.

Loading it for each took two thirds of the CPU time of a test with a service of its own. It is the
real thing, shared; what is tested about loading itself loads for itself.
"""

from collections.abc import Iterator
from functools import cache

import pytest

from agent.embedding import minilm
from contract import Contract


@pytest.fixture(scope="session", autouse=True)
def one_model() -> Iterator[None]:
    """The bundled model: 0.3 s. A model in use changes nothing in itself."""
    load = cache(minilm._Model)

    class Sharing(minilm.MiniLM):
        def _load(self) -> minilm._Model:
            return load()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(minilm, "MiniLM", Sharing)
        yield


@pytest.fixture(scope="session", autouse=True)
def one_contract() -> Iterator[None]:
    """The services' contract: 0.06 s. Not that of the tests, which judges it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Contract, "load", cache(Contract.load))
        yield
