"""Ada, of whom the examples of openapi.yaml tell, and a request of hers for each operation.

Her ids, her password and her words are read from the document, so what it shows is what is sent.
"""

import asyncio
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
from attrs import evolve, field, frozen

from contract import Operation, escape
from credentials import tokens
from credentials.passwords import Passwords
from tests.live import CONTRACT, SERVICE_KEY, Live

BOOK = Path(__file__).with_name("ownership")
BOOK_URL = "https://doc.rust-lang.org/book/"
PLANT = Path(__file__).with_name("ada.sql").read_text("utf-8")

Json = Any  # of a document


def at(pointer: str) -> Json:
    return CONTRACT.at(pointer)[1]


REGISTER = "#/paths/~1api~1v1~1auth~1register/post"
SESSION = "#/paths/~1api~1v1~1auth~1session/get/responses/200"
PASSWORD: str = at(f"{REGISTER}/requestBody/content/application~1json")["example"]["password"]
ADA: str = at(f"{SESSION}/content/application~1json")["example"]["user_id"]
CONVERSATION: str = at("#/components/parameters/ConversationId")["example"]
MESSAGE: str = at("#/components/parameters/MessageId")["example"]


@frozen
class Call:
    """One request of an operation, as the document shows it; *name* is the example's."""

    operation: Operation
    name: str
    path: str
    body: Json = None
    query: Mapping[str, str] = field(factory=dict)
    headers: Mapping[str, str] = field(factory=dict)

    def __str__(self) -> str:
        return f"{self.operation.operation_id}-{self.name}"

    def with_headers(self, **headers: str) -> "Call":
        return evolve(self, headers={**self.headers, **headers})

    def send(self, live: Live) -> httpx2.Response:
        content: Json = {} if self.body is None else {"json": self.body}
        return live.client.request(
            self.operation.method,
            self.path,
            params=dict(self.query),
            headers=dict(self.headers),
            **content,
        )


def calls(operation: Operation) -> Iterator[Call]:
    """Each example of *operation*; without a body, with and without what may be left out."""
    path, optional = operation.path, []
    for _, parameter in parameters(operation):
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", parameter["example"])
        else:
            optional.append(parameter)
    if not operation.bodies:
        yield Call(operation, "bare", path)
    for parameter in optional:
        given = {parameter["name"]: str(parameter["example"])}
        place = {"query": "query", "header": "headers"}[parameter["in"]]
        yield Call(operation, parameter["name"], path, **{place: given})
    for media in operation.bodies:
        pointer = f"{node(operation)}/requestBody"
        body = f"{CONTRACT.at(pointer)[0]}/content/{escape(media)}"
        for name, value in examples(body):
            yield Call(operation, name, path, body=value)


def node(operation: Operation) -> str:
    return f"#/paths/{escape(operation.path)}/{operation.method.lower()}"


def parameters(operation: Operation) -> Iterator[tuple[str, Json]]:
    for holder in (f"#/paths/{escape(operation.path)}", node(operation)):
        for number in range(len(at(holder).get("parameters", []))):
            yield CONTRACT.at(f"{holder}/parameters/{number}")


def examples(pointer: str) -> Iterator[tuple[str, Json]]:
    """The examples of a media type, by name."""
    media = at(pointer)
    if "example" in media:
        yield "example", media["example"]
    for name in media.get("examples", {}):
        yield name, at(f"{pointer}/examples/{escape(name)}")["value"]


@frozen
class World:
    """A service that knows Ada."""

    live: Live
    token: str  # of her session, as the database has it

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.live.state['signer'].sign(self.token)}"}

    @property
    def cookie(self) -> dict[str, str]:
        return {"Cookie": f"better-auth.session_token={self.live.state['signer'].sign(self.token)}"}

    def entitled(self, call: Call) -> Call:
        """The call by somebody who may: Ada, the site's own program, or nobody."""
        if "serviceKey" in call.operation.schemes:
            return call.with_headers(**{"X-Service-Key": SERVICE_KEY})
        asks = call.operation.is_anonymous and call.operation.bodies
        return call if asks or not call.operation.schemes else call.with_headers(**self.bearer)


def plant(live: Live, *, status: str = "success") -> World:
    """Ada as she was before her day, whatever happened to her; her answer ended with *status*."""
    token = tokens.new()
    live.sql("delete from users where email = 'ada@example.com'")
    args = UUID(ADA), HASH, token, UUID(CONVERSATION), UUID(MESSAGE), status
    live.sql(PLANT, *args)
    return World(live, token)


async def _hash() -> str:
    passwords = Passwords(4)
    try:
        return await passwords.hash(PASSWORD)
    finally:
        passwords.close()


HASH = asyncio.run(_hash())


def agrees(example: Json, actual: Json) -> bool:
    """Whether *actual* has the shape of *example*: its members, and what kind of thing each is.

    Of a list the first item counts, where both have one; null may stand for anything.
    """
    if example is None or actual is None:
        return True
    if isinstance(example, dict) and isinstance(actual, dict):
        same = example.keys() == actual.keys()
        return same and all(agrees(example[name], actual[name]) for name in example)
    if isinstance(example, list) and isinstance(actual, list):
        return not (example and actual) or agrees(example[0], actual[0])
    numbers = (int, float)
    is_number = type(example) in numbers and type(actual) in numbers
    return is_number or type(example) is type(actual)


UNKNOWN = re.sub("[0-9a-f]{12}$", "0" * 12, MESSAGE)  # an id that nothing has
