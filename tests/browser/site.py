"""A book's own site, on another origin than the service, with a policy as strict as they come."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The lamp</title>
<script src="{service}/embed.js" data-title="Ask the light-keeper" {attributes} defer></script>
</head>
<body>
<main>
<h1>The lamp</h1>
<p id="lamp">The lens turns once in ninety seconds.</p>
<p><a href="/elsewhere" data-footnote-ask="How long is one blast of the fog signal?">The fog
signal</a>, and <a href="/next">the next page</a>.</p>
{lines}
</main>
{again}
</body>
</html>
"""
AGAIN = '<script src="{service}/embed.js"></script>'

# Nothing but the script and what it talks to; nobody makes markup of text.
POLICY = (
    "default-src 'none'; script-src {service}; connect-src {service}; "
    "require-trusted-types-for 'script'"
)


class Site:
    """Serves one *page* under a *policy* at every path, once it is told of which *service*."""

    def __init__(self) -> None:
        self.service = self.attributes = ""
        self.page, self.policy, self.again = PAGE, POLICY, AGAIN
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Visit, self))
        # Another port alone would be another origin, but the same site.
        self.origin = f"http://localhost:{self.server.server_port}"


class Visit(BaseHTTPRequestHandler):
    """One request to a site."""

    def __init__(self, site: Site, *args: Any) -> None:
        self.site = site
        super().__init__(*args)

    def do_GET(self) -> None:
        told = {
            "service": self.site.service,
            "attributes": self.site.attributes,
            "lines": "<br>" * 80,
        }
        told["again"] = self.site.again.format_map(told)
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Security-Policy", self.site.policy.format_map(told))
        self.end_headers()
        self.wfile.write(self.site.page.format_map(told).encode())

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@contextmanager
def opened() -> Iterator[Site]:
    """A site that runs until the end of the block."""
    site = Site()
    thread = Thread(target=partial(site.server.serve_forever, poll_interval=0.05))
    thread.start()
    try:
        yield site
    finally:
        site.server.shutdown()
        site.server.server_close()
        thread.join()
