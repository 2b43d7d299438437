"""The rules, one function for each part of an operation. Each yields what *new* breaks."""

from collections.abc import Iterator, Mapping
from typing import Any

from contract.breaking.document import Document, Node, Promise
from contract.breaking.finding import Finding
from contract.breaking.schemas import Schema, gaps, label, pairs, told

EVENTS = "text/event-stream"
# How a parameter is written, by its place, when nothing else is said (OpenAPI 3.1 §4.8.12).
STYLES = {"path": "simple", "query": "form", "header": "simple", "cookie": "form"}


def differences(old: Document, new: Document) -> Iterator[Finding]:
    """All broken promises, the same one for each operation that it concerns."""
    for url in old.servers():
        if url not in new.servers():
            yield Finding(rule="server-removed", place=url)
    for name in old.component("schemas").keys() - new.component("schemas").keys():
        yield Finding(rule="schema-removed", place=f"schema {name}")
    promises = {promise.operation_id: promise for promise in new.promises()}
    for promise in old.promises():
        if promise.operation_id in promises:
            yield from Pair(old, new, promise, promises[promise.operation_id]).differences()
        else:
            place = f"{promise.method} {promise.path}"
            yield Finding(rule="operation-removed", operations=(promise.operation_id,), place=place)


class Pair:
    """The same operation in two versions."""

    def __init__(self, old: Document, new: Document, before: Promise, after: Promise) -> None:
        self.old, self.new, self.before, self.after = old, new, before, after

    def found(self, rule: str, place: str, at: str = "", change: str = "") -> Finding:
        operations = (self.before.operation_id,)
        return Finding(rule=rule, operations=operations, place=place, at=at, change=change)

    def differences(self) -> Iterator[Finding]:
        yield from self._address()
        yield from self._security()
        yield from self._parameters()
        yield from self._body()
        yield from self._responses()

    def _address(self) -> Iterator[Finding]:
        before, after = self.before, self.after
        if (before.method, before.path) != (after.method, after.path):
            change = f"{before.method} {before.path} → {after.method} {after.path}"
            yield self.found("operation-moved", "path", change=change)
        if before.tag != after.tag:
            yield self.found("operation-retagged", f"tag {before.tag} → {after.tag}")

    def _security(self) -> Iterator[Finding]:
        # Who shows credentials wants to be known by them, where anybody is known at all.
        named = [wanted for wanted in self.after.security if wanted] or self.after.security
        for shown in self.before.security:
            accepted = named if shown else self.after.security
            if not any(self._suffices(shown, wanted) for wanted in accepted):
                credentials = " and ".join(sorted(shown)) or "no credentials"
                yield self.found("security-tightened", f"with {credentials}")
        schemes = (self.old.component("securitySchemes"), self.new.component("securitySchemes"))
        for name in sorted({scheme for shown in self.before.security for scheme in shown}):
            if name in schemes[1] and _form(schemes[0][name]) != _form(schemes[1][name]):
                yield self.found("security-scheme-changed", f"scheme {name}")

    def _suffices(self, shown: Mapping[str, list[str]], wanted: Mapping[str, list[str]]) -> bool:
        return all(
            scheme in shown and set(scopes) <= set(shown[scheme])
            for scheme, scopes in wanted.items()
        )

    def _parameters(self) -> Iterator[Finding]:
        before, after = self.before.parameters, self.after.parameters
        for key, parameter in after.items():
            if parameter.get("required") and not before.get(key, {}).get("required"):
                yield self.found("parameter-required", " ".join(key))
        for key, parameter in before.items():
            if key not in after:
                yield self.found("parameter-removed", " ".join(key))
                continue
            if _serialization(parameter) != _serialization(after[key]):
                yield self.found("parameter-serialized", " ".join(key))
            yield from self._taken(
                "parameter-narrowed", " ".join(key), _schema(parameter), _schema(after[key])
            )

    def _body(self) -> Iterator[Finding]:
        before, after = self.before.body, self.after.body
        if after.get("required") and not before.get("required"):
            yield self.found("body-required", "request body")
        for media, content in before.get("content", {}).items():
            place = f"request body {media}"
            if media in after.get("content", {}):
                taken = content["schema"], after["content"][media]["schema"]
                yield from self._taken("body-narrowed", place, *taken)
            else:
                yield self.found("body-media-removed", place)

    def _responses(self) -> Iterator[Finding]:
        before, after = self.before.responses, self.after.responses
        for status in after:
            if status not in before:
                yield self.found("status-added", f"status {status}")
        for status, response in before.items():
            if status in after:
                yield from self._headers(status, response, after[status])
                yield from self._contents(status, response, after[status])
            elif status.startswith("2"):
                yield self.found("status-removed", f"status {status}")

    def _headers(self, status: str, before: Node, after: Node) -> Iterator[Finding]:
        headers = {name.lower(): header for name, header in after.get("headers", {}).items()}
        for name, header in before.get("headers", {}).items():
            was, place = self.old.follow(header), f"{status} header {name}"
            now = self.new.follow(headers.get(name.lower()))
            if now is None or (was.get("required") and not now.get("required")):
                yield self.found("header-removed", place)
            else:
                yield from self._given("header-widened", place, _schema(was), _schema(now))

    def _contents(self, status: str, before: Node, after: Node) -> Iterator[Finding]:
        was, now = before.get("content", {}), after.get("content", {})
        for media in now.keys() - was.keys():
            yield self.found("media-added", f"{status} {media}")
        for media, content in was.items():
            place = f"{status} {media}"
            if media not in now:
                yield self.found("media-removed", place)
                continue
            given = content["schema"], now[media]["schema"]
            events = list(self._events(place, *given)) if media == EVENTS else []
            yield from events
            widened = self._given("response-widened", place, *given)
            yield from (f for f in widened if f.at not in {event.at for event in events})

    def _events(self, place: str, before: Any, after: Any) -> Iterator[Finding]:
        """Which events there are; what is in them is a matter of their schemas."""
        was = Schema.of(self.old, before)
        before, after = _branches(was), _branches(Schema.of(self.new, after))
        for name in after - before:
            yield self.found("event-added", place, was.at, name)
        for name in before - after:
            yield self.found("event-removed", place, was.at, name)

    def _taken(self, rule: str, place: str, before: Any, after: Any) -> Iterator[Finding]:
        """What the service takes: the new schema must admit all that the old one did."""
        old, new = Schema.of(self.old, before), Schema.of(self.new, after)
        for now, was in gaps(new, old):
            yield self.found(rule, place, was.at, told(was, now))
        for was, now in pairs(old, new, set()):
            if now.node.get("additionalProperties") is not False:  # else it is refused: found above
                for name in sorted(was.members - now.members):
                    yield self.found("member-removed", place, f"{was.at}.{name}")
            if was.node.get("default") != now.node.get("default"):
                yield self.found("default-changed", place, was.at, told(was, now, "default"))
        yield from self._meanings(place, old, new)

    def _given(self, rule: str, place: str, before: Any, after: Any) -> Iterator[Finding]:
        """What the service gives: the old schema must admit all that the new one does."""
        old, new = Schema.of(self.old, before), Schema.of(self.new, after)
        for was, now in gaps(old, new):
            yield self.found(rule, place, was.at, told(was, now))
        yield from self._meanings(place, old, new)

    def _meanings(self, place: str, old: Schema, new: Schema) -> Iterator[Finding]:
        """What no validator reads, and generators do."""
        for was, now in pairs(old, new, set()):
            if was.node.get("format") != now.node.get("format"):
                yield self.found("format-changed", place, was.at, told(was, now, "format"))
            discriminator = was.node.get("discriminator")
            if discriminator and not _tells_as(discriminator, now.node.get("discriminator")):
                yield self.found("discriminator-changed", place, was.at)


def _tells_as(before: Node, after: Node | None) -> bool:
    """Whether the branches that both know are told apart in the same way."""
    if after is None or before["propertyName"] != after["propertyName"]:
        return False
    was, now = before.get("mapping", {}), after.get("mapping", {})
    return all(now[value] == was[value] for value in was if value in now) and bool(was) == bool(now)


def _branches(schema: Schema) -> set[str]:
    return {label(b) for key in ("oneOf", "anyOf") for b in schema.node.get(key, [])}


def _schema(holder: Node) -> Any:
    """The schema of a parameter or a header, also of one that has a media type."""
    inner = next(iter(holder.get("content", {}).values()), holder)
    return inner.get("schema", {})


def _serialization(parameter: Node) -> tuple[Any, ...]:
    style = parameter.get("style", STYLES[parameter["in"]])
    explode = parameter.get("explode", style == "form")
    return style, explode, parameter.get("allowReserved", False), *parameter.get("content", {})


def _form(scheme: Node) -> dict[str, Any]:
    """A security scheme without its prose."""
    return {key: scheme[key] for key in scheme.keys() - {"description", "bearerFormat"}}
