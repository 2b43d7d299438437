"""The contract itself and the page that shows it; static, so they are no operations of it."""

import re
from collections.abc import Callable
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from contract import Contract
from cross_site import PUBLIC, PUBLIC_PREFLIGHT

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "pages"
POLICY = (
    "default-src 'self'; base-uri 'none'; frame-ancestors 'self'; form-action 'none'; "
    "require-trusted-types-for 'script'"  # it shows replies: a browser refuses innerHTML
)
TAG = re.compile(r'(?:W/)?("[^"]*")')


def routes(contract: Contract) -> list[BaseRoute]:
    """GET /openapi.yaml, /openapi.json, /docs, and the files that the page loads."""

    def as_json() -> bytes:
        return orjson.dumps(contract.document, option=orjson.OPT_INDENT_2)

    async def get_page(request: Request) -> Response:
        return FileResponse(PAGES / "reference.html", headers={"Content-Security-Policy": POLICY})

    documents = {
        "/openapi.yaml": Document((ROOT / "openapi.yaml").read_bytes, "application/yaml"),
        "/openapi.json": Document(as_json, "application/json"),
    }
    slashes = ("", "/")
    return [
        *(
            Route(path + slash, document)
            for path, document in documents.items()
            for slash in slashes
        ),
        *(Route(f"/docs{slash}", get_page) for slash in slashes),
        Mount("/pages", StaticFiles(directory=PAGES)),
    ]


class Document:
    """A text that tools anywhere may read, and need not fetch again while it is the same.

    It is made when it is first asked for: few are, and all of them are 0.4 MiB.

    ``no-cache`` asks them to ask: the contract changes with the service, and a 304 costs 200 bytes.
    """

    def __init__(self, make: Callable[[], bytes], media_type: str) -> None:
        self._make, self.media_type = make, media_type

    @cached_property
    def content(self) -> bytes:
        return self._make()

    @cached_property
    def etag(self) -> str:
        return f'"{sha256(self.content).hexdigest()[:32]}"'

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._answer(Request(scope))(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=PUBLIC_PREFLIGHT)
        if request.method not in ("GET", "HEAD"):
            raise HTTPException(405, headers={"Allow": "GET, HEAD, OPTIONS"})
        headers = {"ETag": self.etag, "Cache-Control": "public, no-cache", **PUBLIC}
        if is_known(self.etag, request.headers.getlist("If-None-Match")):
            return Response(status_code=304, headers=headers)
        return Response(self.content, media_type=self.media_type, headers=headers)


def is_known(etag: str, if_none_match: list[str]) -> bool:
    """Whether the client has it: by weak comparison, any in the list, or ``*``. RFC 9110, 13.1.2"""
    told = ",".join(if_none_match)
    return told.strip() == "*" or etag in TAG.findall(told)
