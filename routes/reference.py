"""The contract itself and the page that shows it; static, so they are no operations of it."""

from pathlib import Path

import orjson
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from contract import Contract

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "pages"


def routes(contract: Contract) -> list[BaseRoute]:
    """GET /openapi.yaml, /openapi.json, /docs, and the files that the page loads."""
    as_json = orjson.dumps(contract.document, option=orjson.OPT_INDENT_2)

    async def get_yaml(request: Request) -> Response:
        return FileResponse(ROOT / "openapi.yaml", media_type="application/yaml")

    async def get_json(request: Request) -> Response:
        return Response(as_json, media_type="application/json")

    async def get_page(request: Request) -> Response:
        return FileResponse(PAGES / "reference.html", headers={"Content-Security-Policy": POLICY})

    handlers = {"/openapi.yaml": get_yaml, "/openapi.json": get_json, "/docs": get_page}
    both = [(path + slash, get) for path, get in handlers.items() for slash in ("", "/")]
    return [
        *(Route(path, get) for path, get in both),
        Mount("/pages", StaticFiles(directory=PAGES)),
    ]


POLICY = "default-src 'self'; base-uri 'none'; frame-ancestors 'self'; form-action 'none'"
