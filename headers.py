"""What every response tells browsers: never to guess, frame, remember or pass on what it holds.

A response that has a header of its own keeps it. No ``X-Frame-Options``: ``frame-ancestors``
replaces it. Pure ASGI, so that streams pass as they are; knows no route.
"""

from collections.abc import Awaitable, Iterable, Iterator

from starlette.types import ASGIApp, Message, Receive, Scope, Send

Header = tuple[bytes, bytes]
Sent = Awaitable[None]  # by a name: in a request's own function the type would be made each time

USUAL: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    # It governs images and scripts, not fetch() with CORS. What other sites embed says so itself.
    (b"cross-origin-resource-policy", b"same-origin"),
)
HTTPS_ONLY: Header = (b"strict-transport-security", b"max-age=63072000")  # two years
NO_STORE: Header = (b"cache-control", b"no-store")
REVALIDATE: Header = (b"cache-control", b"no-cache")


class SecurityHeaders:
    """Adds the security headers; HTTPS for good if the request used it or the site is *secure*."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self.app, self.secure = app, secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        https = self.secure or scope["scheme"] == "https"

        def protected(message: Message) -> Sent:
            # No coroutine of its own: each frame of a stream passes here.
            if message["type"] == "http.response.start":
                own = message["headers"]
                message["headers"] = [*own, *_missing({name for name, _ in own}, https=https)]
            return send(message)

        await self.app(scope, receive, protected)


def _missing(own: Iterable[bytes], *, https: bool) -> Iterator[Header]:
    # A validator, such as a file's ETag, is of use only to a browser that may keep the response.
    usual = (*USUAL, REVALIDATE if b"etag" in own else NO_STORE)
    yield from (header for header in usual if header[0] not in own)
    if https and HTTPS_ONLY[0] not in own:
        yield HTTPS_ONLY
