"""The way to a model's endpoint: addresses, TLS, the machine's proxy, connections that are kept.

Import this in a thread, with :func:`certificates`, which takes 50 ms. Knows no model and no JSON.
"""

import asyncio
import base64
import ssl
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache, partial
from socket import SOCK_STREAM
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohappyeyeballs
from attrs import define, field

from agent.providers.connection import Broken, Connection, Hear, Reply

PORTS = {"http": 80, "https": 443}
USUAL = {
    "user-agent": "Footnote",  # some firewalls refuse who has none
    "accept": "*/*",
    "accept-encoding": "identity",  # a compressed stream comes in larger pieces
    "content-type": "application/json",
}
CLOSING_SECONDS = 1.0
IDLE_SECONDS = 15.0  # that a connection is kept; servers close them a little later
SECOND_ADDRESS_SECONDS = 0.25  # after the first: a machine's IPv6 may lead nowhere (RFC 8305)


@define(eq=False)
class Transport:
    """POSTs to one *url*. Raises ``ValueError`` for what is no address or no value of a header.

    Follows no redirect, which would carry the key away. As many connections are opened as there are
    answers, which have a limit of their own.
    """

    url: str
    headers: dict[str, str] = field(repr=False)
    _to: SplitResult = field(init=False, repr=False)
    _proxy: SplitResult | None = field(init=False, repr=False)  # whose address may hold a password
    _secure: ssl.SSLContext | None = field(init=False, repr=False)
    _head: bytes = field(init=False, repr=False)
    _open: dict[asyncio.Future[None], Connection] = field(init=False, factory=dict)  # by their end
    _idle: list[tuple[float, Connection]] = field(init=False, factory=list)  # since when

    def __attrs_post_init__(self) -> None:
        self._to = _address(self.url)
        self._proxy = _proxy_for(self._to)
        self._secure = certificates() if self._to.scheme == "https" else None
        self._head = self._request_head()

    async def post(self, content: Callable[[], bytes], hear: Hear, *, seconds: float) -> Reply:
        """The reply, when it is whole; *hear* is told the body of a good one, read by read.

        *content* is made for each attempt. *seconds* are for connecting. Raises ``OSError``.
        Cancelling it hangs up.
        """
        while kept := self._kept():
            try:
                return await kept.ask(self._request(content()), hear)
            except OSError:
                if kept.has_heard:
                    raise
            # Else the server had closed it before our question came.
        async with asyncio.timeout(seconds):
            connection = await self._connected()
        return await connection.ask(self._request(content()), hear)

    async def close(self) -> None:
        """Close all connections."""
        closing = dict(self._open)
        for connection in closing.values():
            connection.close()
        if closing:
            await asyncio.wait(closing, timeout=CLOSING_SECONDS)

    def _keep(self, connection: Connection) -> None:
        now = time.monotonic()
        self._idle.append((now, connection))
        while self._idle[0][0] < now - IDLE_SECONDS:
            self._idle.pop(0)[1].close()

    def _request(self, content: bytes) -> bytes:
        return b"%bcontent-length: %d\r\n\r\n%b" % (self._head, len(content), content)

    def _kept(self) -> Connection | None:
        """A connection that is open, as far as one can know."""
        longest = time.monotonic() - IDLE_SECONDS
        while self._idle:
            since, connection = self._idle.pop()
            if connection.is_idle and since > longest:
                return connection
            connection.close()
        return None

    async def _connected(self) -> Connection:
        if self._proxy is None:
            return await self._dialled(self._to, self._secure)
        connection = await self._dialled(self._proxy, None)
        if self._secure:
            await self._tunnel(connection, self._proxy, self._secure)
        return connection

    async def _dialled(self, to: SplitResult, secure: ssl.SSLContext | None) -> Connection:
        loop = asyncio.get_running_loop()
        host, port = to.hostname or "", to.port or PORTS[to.scheme]
        addresses = await loop.getaddrinfo(host, port, type=SOCK_STREAM)
        found = await aiohappyeyeballs.start_connection(
            addresses, happy_eyeballs_delay=SECOND_ADDRESS_SECONDS
        )
        _, connection = await loop.create_connection(
            partial(Connection, self._keep),
            sock=found,
            ssl=secure,
            server_hostname=host if secure else None,
        )
        self._open[connection.lost] = connection
        connection.lost.add_done_callback(self._open.pop)
        return connection

    async def _tunnel(
        self, connection: Connection, proxy: SplitResult, secure: ssl.SSLContext
    ) -> None:
        """Through *proxy*, with TLS to the endpoint: it sees where we go, and nothing else."""
        host, loop = _authority(self._to), asyncio.get_running_loop()
        asked = f"CONNECT {host} HTTP/1.1\r\nhost: {host}\r\n{_credentials(proxy)}\r\n"
        with ExitStack() as failing:
            failing.callback(connection.close)
            reply = await connection.ask(asked.encode(), lambda _: None, is_tunnel=True)
            if not reply.is_good:
                raise Broken("the proxy refuses")
            inside = await loop.start_tls(
                connection.transport, connection, secure, server_hostname=self._to.hostname
            )
            connection.connection_made(inside or connection.transport)
            failing.pop_all()

    def _request_head(self) -> bytes:
        """All of it but the length of what follows."""
        host = self._to.netloc.rpartition("@")[2]
        path = f"{self._to.path or '/'}{f'?{self._to.query}' if self._to.query else ''}"
        plain_proxy = self._proxy if self._proxy and not self._secure else None
        target = f"http://{host}{path}" if plain_proxy else path
        headers = {"host": host, **USUAL, **self.headers}
        lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
        if plain_proxy:
            lines.append(_credentials(plain_proxy))
        head = f"POST {target} HTTP/1.1\r\n{''.join(lines)}"
        if " " in target or not head.replace("\r\n", "").isprintable():
            raise ValueError("nothing that a head can hold")
        return head.encode("ascii")


@cache
def certificates() -> ssl.SSLContext:
    """The machine's authorities; one for all providers."""
    if sys.platform in {"darwin", "win32"}:  # whose authorities OpenSSL does not find
        import truststore

        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return ssl.create_default_context()


def _address(url: str) -> SplitResult:
    to = urlsplit(url)
    if to.scheme not in PORTS or not to.hostname or to.port == 0:
        raise ValueError("no address of a server")
    return to


def _authority(to: SplitResult) -> str:
    """Host and port, as a proxy is told them."""
    host = f"[{to.hostname}]" if ":" in (to.hostname or "") else to.hostname
    return f"{host}:{to.port or PORTS[to.scheme]}"


def _credentials(proxy: SplitResult) -> str:
    """The header's line, if the proxy's address names a user."""
    if not proxy.username:
        return ""
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return f"proxy-authorization: Basic {base64.b64encode(pair.encode()).decode()}\r\n"


def _proxy_for(to: SplitResult) -> SplitResult | None:
    """What the machine says by HTTPS_PROXY, HTTP_PROXY and NO_PROXY, read as others read them."""
    proxy = None if proxy_bypass(to.hostname or "") else getproxies().get(to.scheme)
    return _address(proxy) if proxy else None
