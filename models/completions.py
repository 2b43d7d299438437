"""OpenAI's chat completions, as far as a book can answer them."""

from collections.abc import Mapping
from typing import Any

from attrs import field

from records import record


@record(kw_only=True)
class CompletionMessage:
    role: str
    content: Any = None  # text, or a list of parts of which some are text

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "\n".join(part["text"] for part in self.content if part["type"] == "text")
        return self.content or ""


@record(kw_only=True)
class CompletionStreamOptions:
    include_usage: bool = False


@record(kw_only=True)
class CompletionRequest:
    messages: tuple[CompletionMessage, ...]
    model: str = "footnote"  # one answers, whatever is asked for
    stream: bool | None = None
    stream_options: CompletionStreamOptions | None = None
    metadata: Mapping[str, str] | None = field(default=None)

    @property
    def includes_usage(self) -> bool:
        return self.stream_options is not None and self.stream_options.include_usage


@record(kw_only=True)
class Model:
    id: str
    object: str = "model"
    created: int
    owned_by: str = "footnote"


@record(kw_only=True)
class ModelList:
    object: str = "list"
    data: tuple[Model, ...]
