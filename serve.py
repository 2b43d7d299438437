"""``make run``: local mode, the service, and a first question to copy.

Everything that can be wrong is said in a sentence before the first request: settings, port, book.
"""

import asyncio
import errno
import signal
import socket
import sys

import uvicorn

import local
from connections import Connection
from local import LocalUnavailable
from service import create_app
from settings import Settings, read_or_exit

USAGE_EXIT = 2

BANNER = """
Footnote answers from {book} at {url}

    curl -N {url}/api/v1/chat/stream -H 'Content-Type: application/json' \\
         -d '{{"message": {{"content": "{question}"}}}}'

The API: {url}/docs    Ready? {url}/health/ready    Stop: Ctrl-C
"""


def main() -> int:
    settings = read_or_exit(serves=True)
    # A plain kill ends like Ctrl-C: uvicorn raises the signal again when it has shut down, and the
    # default would end the process before the private Postgres is stopped.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with listen(settings) as listener:
            factory = uvicorn.Config(app="").get_loop_factory()  # uvloop where there is one
            with asyncio.Runner(loop_factory=factory) as runner:
                runner.run(serve(settings, listener))
    except LocalUnavailable as missing:
        print(missing, file=sys.stderr)
        return missing.exit_code
    except KeyboardInterrupt:
        pass
    return 0


def listen(settings: Settings) -> socket.socket:
    """The bound socket. Exits with a sentence when the port is not to be had."""
    try:
        listener = socket.create_server((settings.host, settings.port), backlog=512)
        # Inherited by connections: else a frame waits 40 ms for the client's acknowledgement.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        why = (
            "is taken" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
        )
        print(
            f"{where} {why}: set PORT (or HOST) to another, e.g. make run PORT=8001",
            file=sys.stderr,
        )
        raise SystemExit(USAGE_EXIT) from None
    return listener


async def serve(settings: Settings, listener: socket.socket) -> None:
    async with local.opened(settings, refresh=True, strict=True) as here:
        config = uvicorn.Config(
            create_app(here),
            http=Connection,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # anybody can write them; CLIENT_IP_HEADER and PUBLIC_URL say more
            timeout_keep_alive=65,
            timeout_graceful_shutdown=3,
        )
        host, port = listener.getsockname()[:2]
        question = "What is this book about?"
        print(
            BANNER.format(book=here.book, url=f"http://{host}:{port}", question=question),
            flush=True,
        )
        await uvicorn.Server(config).serve(sockets=[listener])


if __name__ == "__main__":
    sys.exit(main())
