"""The pages for readers, and the script for other sites; no operations of the contract.

Their files lie under ``/pages``, which ``reference`` serves. Knows nothing of what the pages show.
"""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from authentication import by_cookie
from state import State

PAGES = Path(__file__).resolve().parent.parent / "pages"
OWN = "default-src 'self'; base-uri 'none'; frame-ancestors 'self'; form-action 'none'"
# Trusted types: a browser refuses innerHTML and its like, whoever writes them one day.
ASK_POLICY = f"{OWN}; require-trusted-types-for 'script'"
CHATKIT = "https://cdn.platform.openai.com"  # the script, and the frame that it makes
CHATKIT_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; script-src 'self' {CHATKIT}; frame-src {CHATKIT}; "
        "connect-src 'self'; "
        # The component sizes its frame by a style element in its shadow root.
        "style-src 'self' 'unsafe-inline'; img-src 'self'; "
        "base-uri 'none'; frame-ancestors 'self'; form-action 'none'"
    ),
    "Referrer-Policy": "strict-origin",  # the frame is to learn which domain it is on, and no more
}
EMBED_HEADERS = {
    "Cross-Origin-Resource-Policy": "cross-origin",  # made for the pages of other sites
    "Cache-Control": "public, max-age=300",  # on every page of a book, and seldom another one
}


def routes() -> list[BaseRoute]:
    """GET /, /chatkit.html and /embed.js"""

    async def get_embed(request: Request) -> Response:
        return FileResponse(PAGES / "embed" / "embed.js", headers=EMBED_HEADERS)

    return [
        Route("/", shown("ask/ask.html", {"Content-Security-Policy": ASK_POLICY})),
        Route("/chatkit.html", shown("chatkit/chatkit.html", CHATKIT_HEADERS)),
        Route("/embed.js", get_embed),
    ]


def shown(name: str, headers: Mapping[str, str]) -> Callable[[Request[State]], Awaitable[Response]]:
    page = (PAGES / name).read_text()

    async def get_page(request: Request[State]) -> Response:
        """Tells the page when the browser has no session, which no script of it can see.

        To ask for one would be a 401, and a red line in every newcomer's console.
        """
        known = by_cookie(request)
        html = page if known else page.replace("<html ", "<html data-newcomer ", 1)
        return HTMLResponse(html, headers=headers)

    return get_page
