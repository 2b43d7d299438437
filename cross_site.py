"""What pages of other sites may do: read responses (CORS), and act with a reader's cookie (no).

CORS guards reading only, and a browser sends some requests without asking first. So a request that
is authenticated by the cookie passes ``check_origin`` as well. Knows neither sessions nor routes.
"""

from collections.abc import Collection, Iterator, Mapping

from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from border import Border
from headers import Header, SecurityHeaders, Sent
from metrics import Metrics
from problems import ForeignOrigin
from setting_values import origin_of
from settings import Settings

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
OWN_PAGES = frozenset({"same-origin", "none"})  # Sec-Fetch-Site: our page, or the reader's own act

METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
# No X-Service-Key: in a browser, it would be everybody's. The second line is ChatKit's, the others
# are what OpenAI's JavaScript library adds to each request.
REQUEST_HEADERS = (
    "accept, accept-language, authorization, content-type, last-event-id, "
    "chatkit-frame-instance-id, "
    "x-stainless-arch, x-stainless-helper-method, x-stainless-lang, x-stainless-os, "
    "x-stainless-package-version, x-stainless-retry-count, x-stainless-runtime, "
    "x-stainless-runtime-version, x-stainless-timeout"
)
RESPONSE_HEADERS = "location, retry-after, set-auth-token, www-authenticate, x-request-id"
PREFLIGHT_SECONDS = 7200  # Chromium remembers no longer

GRANTS = b"access-control-"
VARY: Header = (b"vary", b"Origin")
CREDENTIALS: Header = (b"access-control-allow-credentials", b"true")
EXPOSED: Header = (b"access-control-expose-headers", RESPONSE_HEADERS.encode())
PERMITTED: tuple[Header, ...] = (
    (b"access-control-allow-methods", METHODS.encode()),
    (b"access-control-allow-headers", REQUEST_HEADERS.encode()),
    (b"access-control-max-age", str(PREFLIGHT_SECONDS).encode()),
)

# What is nobody's secret, such as the contract: tools on every page may read it, none with cookies.
PUBLIC: Mapping[str, str] = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "etag, x-request-id",
}
PUBLIC_PREFLIGHT: Mapping[str, str] = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "accept, cache-control, content-type, if-none-match",
    "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
}


def outermost(settings: Settings, metrics: Metrics) -> list[Middleware]:
    """The layers around the border, so that its problems carry their headers, too."""
    layers = [Middleware(SecurityHeaders, secure=settings.is_https)]
    if settings.cors_origins:
        origins = settings.cors_origins
        layers.append(Middleware(CrossOrigin, origins=origins, metrics=metrics))
    return layers


class CrossOrigin:
    """Lets pages of *origins* read every response, problems included, and send cookies.

    With ``*`` every page may read, and none sends cookies. A preflight of another page gets what
    any OPTIONS request gets, without a grant but what is ``PUBLIC``. https://fetch.spec.whatwg.org/#http-cors-protocol
    """

    def __init__(self, app: ASGIApp, *, origins: Collection[str], metrics: Metrics) -> None:
        self.app, self.origins = app, frozenset(origins)
        # Of every path: a page that asks a wrong one is to see its 404, not a CORS error.
        self.preflight = Border(Response(status_code=204), metrics)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        asks = scope["method"] == "OPTIONS" and "access-control-request-method" in headers
        origin = headers.get("origin")
        is_granted = origin is not None and ("*" in self.origins or origin in self.origins)
        added = list(self._headers(origin if is_granted else None, asks=asks))

        def granting(message: Message) -> Sent:
            if message["type"] == "http.response.start":
                own = message["headers"]
                if is_granted:  # which says more than what every page is granted
                    own = [header for header in own if not header[0].startswith(GRANTS)]
                message["headers"] = [*own, *added]
            return send(message)

        await (self.preflight if asks and is_granted else self.app)(scope, receive, granting)

    def _headers(self, granted: str | None, *, asks: bool) -> Iterator[Header]:
        if "*" not in self.origins:
            yield VARY
        if granted is None:
            return
        if "*" in self.origins:
            yield (b"access-control-allow-origin", b"*")
        else:
            yield (b"access-control-allow-origin", granted.encode("latin-1"))
            yield CREDENTIALS
        yield from PERMITTED if asks else (EXPOSED,)


def trusted_origins(settings: Settings) -> frozenset[str]:
    """Whose pages may act with a reader's cookie: the listed ones, ours, and Better Auth's."""
    urls = (settings.public_url, settings.better_auth_url)
    own = {origin_of(url) for url in urls if url}
    return frozenset(settings.cors_origins) - {"*"} | own


def check_origin(
    method: str, headers: Mapping[str, str], *, host: str, trusted: Collection[str]
) -> None:
    """Let a request that is authenticated by the cookie pass, or raise ``ForeignOrigin``.

    Its page must be one of *trusted* or have the request's own *host* (a proxy may have changed the
    scheme). What names no page passes unless a browser says that it comes from another site: curl
    has no cookies to steal.
    """
    if method in SAFE_METHODS:
        return
    origins = _values(headers, "origin")
    if not origins:
        passes = OWN_PAGES.issuperset(_values(headers, "sec-fetch-site"))
    else:
        passes = len(origins) == 1 and (
            origins[0].lower() in trusted or _is_own(origins[0].lower(), host.lower())
        )
    if not passes:
        raise ForeignOrigin


def _values(headers: Mapping[str, str], name: str) -> list[str]:
    """Every value: Starlette's ``get`` tells the first, and a second one must not go unseen."""
    return [value for key, value in headers.items() if key.lower() == name]


def _is_own(origin: str, host: str) -> bool:
    scheme, _, page = origin.partition("://")
    port = {"http": ":80", "https": ":443"}.get(scheme)
    if port is None:
        return False
    page = page.removesuffix(port)
    return page != "" and page == host.removesuffix(port)
