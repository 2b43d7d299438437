"""An embedding endpoint that points elsewhere: the key and the reader's question stay here."""

import pytest

from agent.embedding.endpoint import EndpointEmbedder
from tests.fake_model import FakeModel
from tests.raw_http import Connection, Server

pytestmark = pytest.mark.anyio


class Redirecting(Server):
    """Sends everybody to *target*."""

    def __init__(self, target: str, status: int) -> None:
        super().__init__()
        self.target, self.status = target, status

    async def serve(self, client: Connection) -> None:
        while True:
            await client.receive()
            await client.send(self.status, {}, {"location": self.target})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed_because_the_key_would_travel(status: int) -> None:
    """It is an outage like any other, with its status for the operator."""
    with FakeModel() as thief, Redirecting(f"{thief.url}/embeddings", status) as endpoint:
        url = f"http://127.0.0.1:{endpoint.port}/v1"
        embedder = EndpointEmbedder("fake", api_key="sk-secret", base_url=url)
        with pytest.raises(ConnectionError, match=f"status {status}"):
            await embedder.embed_query("What did the butler see?")
        with pytest.raises(ConnectionError, match=f"status {status}"):
            await embedder.embed_passages(["The butler saw it all."])
        await embedder.close()

    assert thief.requests == []
