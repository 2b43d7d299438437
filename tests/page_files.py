"""The files that a page loads, followed as a browser would."""

import re
from urllib.parse import urljoin

from tests.live import Live


def modules(live: Live, path: str) -> set[str]:
    """The paths of all modules behind the page at *path*, each served as JavaScript.

    A browser refuses a module of any other type, and the page would stay empty.
    """
    seen: set[str] = set()
    found = re.findall(r'<script type="module" src="([^"]+)"', live.client.get(path).text)
    waiting = {urljoin(path, url) for url in found}
    while waiting:
        seen.add(url := waiting.pop())
        module = live.client.get(url)
        assert module.status_code == 200, url
        assert module.headers["content-type"].startswith("text/javascript"), url
        imported = re.findall(r'^import .*"(.+)";$', module.text, re.MULTILINE)
        waiting |= {urljoin(url, path) for path in imported} - seen
    return seen
