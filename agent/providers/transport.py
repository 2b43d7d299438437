"""The openai library's way to the network: aiohttp, and each response's bytes as they come.

The library reads a stream through five iterators, which cost more than the rest of a token's way
through the service; ``body_of`` is what they end at. Import this in a thread: it imports both.
"""

from collections.abc import AsyncIterator
from functools import cache
from ssl import SSLContext
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx2

ENCODED = (b"content-encoding", b"content-length", b"transfer-encoding")  # undone by aiohttp


class Transport(httpx2.AsyncBaseTransport):
    """Sends requests, and follows no redirect. Raises what aiohttp does.

    A read has no limit of its own, since a timer for each would cost more than the read: whoever
    reads watches the clock.
    """

    def __init__(self) -> None:
        self._certificates = _certificates()
        self._session: aiohttp.ClientSession | None = None  # made in the loop

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if self._session is None:
            # As many connections as there are answers, which have a limit of their own.
            connector = aiohttp.TCPConnector(limit=0, ssl=self._certificates)
            self._session = aiohttp.ClientSession(connector=connector)
        response = await self._session.request(
            request.method,
            str(request.url),
            headers=[(name.decode(), value.decode()) for name, value in request.headers.raw],
            data=request.content,
            allow_redirects=False,
            proxy=_proxy_for(request.url),
            timeout=aiohttp.ClientTimeout(sock_connect=request.extensions["timeout"]["connect"]),
        )
        headers = [(name, value) for name, value in response.raw_headers if _is_kept(name)]
        body = Body(response)
        return httpx2.Response(
            response.status, headers=headers, stream=body, extensions={"body": body}
        )

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()


class Body(httpx2.AsyncByteStream):
    """A response's bytes, one read at a time; the library takes them whole, an error's.

    Who keeps only this lets go of the request, and with it of a prompt for each open stream.
    """

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.read = response.content.readany  # what there is, at least a byte; none at EOF

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while read := await self.read():
            yield read

    async def aclose(self) -> None:
        self._response.release()  # hangs up, unless all has been read


@cache
def _certificates() -> SSLContext:
    """One for all providers: reading the authorities takes 50 ms."""
    return httpx2.create_ssl_context()


def _proxy_for(url: httpx2.URL) -> str | None:
    """What the machine says, by HTTPS_PROXY, HTTP_PROXY and NO_PROXY, as other programs read them.

    Not by aiohttp's ``trust_env``, which would look for passwords in ``.netrc``, too.
    """
    return None if proxy_bypass(url.host) else getproxies().get(url.scheme)


def _is_kept(name: bytes) -> bool:
    return name.lower() not in ENCODED


def body_of(response: httpx2.Response) -> Body:
    """That of a response that came through :class:`Transport`."""
    body: Body = response.extensions["body"]
    return body
