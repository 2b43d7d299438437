"""Output as a document shows it: JSON with ``…`` for what is left out, compared by its shape.

``{"a": 1, …}`` may have more members, ``[1, …]`` more items, and a text that ends early may go on.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

MORE = "…"
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|[{}\[\]:,…]|[^\s{}\[\]:,"…]+', re.DOTALL)
# What programs branch on is the same to the letter, not only of the same type.
EXACT = frozenset({"status", "error", "type", "pointer", "in", "stored", "token_type", "object"})
Json = Any  # as json.loads has it


class Shape:
    """A JSON text that may be cut anywhere; ``value`` has a ``…`` where it was."""

    def __init__(self, text: str) -> None:
        self.tokens = TOKEN.findall(text)
        self.value = self._value()

    def _value(self) -> Json:
        token = self.tokens.pop(0) if self.tokens else MORE
        if token == "{":
            return dict(self._members())
        if token == "[":
            return list(self._items())
        if token.startswith('"'):
            return token[1:-1] if token.endswith('"') and len(token) > 1 else MORE
        return MORE if token == MORE else json.loads(token)

    def _members(self) -> Iterator[tuple[str, Json]]:
        for name in self._until("}"):
            if name == MORE:
                yield MORE, MORE
                continue
            if self.tokens:
                assert self.tokens.pop(0) == ":", name
            yield name.strip('"'), self._value()

    def _items(self) -> Iterator[Json]:
        for token in self._until("]"):
            self.tokens.insert(0, token)
            yield self._value()

    def _until(self, closing: str) -> Iterator[str]:
        while self.tokens and self.tokens[0] != closing:
            token = self.tokens.pop(0)
            if token != ",":
                yield token
        if self.tokens:
            self.tokens.pop(0)
        else:
            yield MORE  # cut off


class Comparison:
    """Compares what is shown with what came, and learns which of the ids stands for which."""

    def __init__(self) -> None:
        self.learned: dict[str, str] = {}

    def compare(self, shown: Json, came: Json, at: str = "") -> None:
        """Raise an AssertionError that says where they differ."""
        if shown == MORE:
            return
        if isinstance(shown, dict):
            assert isinstance(came, dict), f"{at} is no object but {came!r}"
            self._members(shown, came, at)
        elif isinstance(shown, list):
            assert isinstance(came, list), f"{at} is no list but {came!r}"
            self._items(shown, came, at)
        else:
            self._scalar(shown, came, at)

    def _members(self, shown: Mapping[str, Json], came: Mapping[str, Json], at: str) -> None:
        names = shown.keys() - {MORE}
        assert names <= came.keys(), f"{at} has no {sorted(names - came.keys())}"
        assert MORE in shown or names == came.keys(), (
            f"{at}: not shown {sorted(came.keys() - names)}"
        )
        for name in names:
            self.compare(shown[name], came[name], f"{at}/{name}")

    def _items(self, shown: list[Json], came: list[Json], at: str) -> None:
        assert bool(shown) == bool(came) or shown == [MORE], f"{at}: {came!r}"
        for i, (one, other) in enumerate(zip(shown, came, strict=False)):
            self.compare(one, other, f"{at}/{i}")

    def _scalar(self, shown: Json, came: Json, at: str) -> None:
        name = at.rpartition("/")[2]
        numbers = all(type(one) in (int, float) for one in (shown, came))
        assert numbers or type(shown) is type(came), f"{at} is {came!r}, not like {shown!r}"
        if isinstance(shown, bool) or name in EXACT:
            assert came == shown, f"{at} is {came!r}, not {shown!r}"
        elif isinstance(came, str) and (name.endswith("id") or name in ("next", "access_token")):
            self.learned[shown] = came
