"""Where a book's site shows a page."""

from posixpath import dirname, join, normpath
from urllib.parse import quote

from agent.book.front_matter import FrontMatter
from agent.book.layout import MARKDOWN, Kind
from agent.book.order import without_number


def url_of(path: str, *, kind: Kind, base_url: str, meta: FrontMatter) -> str:
    """The address of the page; *base_url* is where the site serves the pages' folder.

    That is with Docusaurus, for instance, ``https://example.org/docs``.
    """
    return f"{base_url.rstrip('/')}/{quote(_ROUTES[kind](path, meta))}"


def _mdbook(path: str, _meta: FrontMatter) -> str:
    folder, name = dirname(path), _stem(path)
    return join(folder, "index.html" if name.lower() == "readme" else f"{name}.html")


def _docusaurus(path: str, meta: FrontMatter) -> str:
    """Folders without their numbers, and the page's slug, id or name; none for a folder's own."""
    *folders, name = map(without_number, (*dirname(path).split("/"), _stem(path)))
    folder = "/".join(filter(None, folders))
    own = {"index", "readme", (folders or [""])[-1].lower()}
    slug = meta.get("slug") or ("./" if name.lower() in own else meta.get("id") or name)
    route = normpath(join("/", folder, slug)).strip("/")
    return f"{route}/" if route and slug.endswith("/") else route


def _mkdocs(path: str, _meta: FrontMatter) -> str:
    name = _stem(path)
    return join(dirname(path), "" if name.lower() in ("index", "readme") else f"{name}/")


def _plain(path: str, _meta: FrontMatter) -> str:
    return f"{path.rpartition('.')[0]}.html" if path.lower().endswith(MARKDOWN) else path


def _stem(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[0]


_ROUTES = {"mdbook": _mdbook, "docusaurus": _docusaurus, "mkdocs": _mkdocs, "plain": _plain}
