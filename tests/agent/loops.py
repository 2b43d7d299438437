"""Fixtures for tests of connections: both event loops, no proxies, transports that are closed."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from agent.providers.transport import Transport
from tests.agent.scripted import Open

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


@pytest.fixture(
    params=[pytest.param({"use_uvloop": uvloop}, id=f"uvloop={uvloop}") for uvloop in (False, True)]
)
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    return "asyncio", request.param


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def opened() -> AsyncIterator[Open]:
    everything: list[Transport] = []

    def over(url: str) -> Transport:
        everything.append(Transport(url, {"authorization": "Bearer sk"}))
        return everything[-1]

    yield over
    for transport in everything:
        await transport.close()
