"""Which tags mean what: those that go, those that stay, and the one that has a caption."""

from agent.book.markup import Tag


def _names(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


KEPT = _names("table thead tbody tfoot tr th td caption colgroup col pre")
VOID = _names("br hr img input link meta source wbr area base embed track")
KNOWN = VOID | _names(
    "a abbr address article aside audio b bdi bdo big blockquote body button center cite code data"
    " dd del details dfn dialog div dl dt em fieldset figcaption figure font footer form h1 h2 h3"
    " h4 h5 h6 head header hgroup html i iframe ins kbd label legend li main map mark nav noscript"
    " object ol optgroup option output p param picture progress q rp rt ruby s samp script section"
    " select slot small span strike strong style sub summary sup svg template textarea time title"
    " tt u ul var video"
)


def without(tag: Tag) -> str | None:
    """What an HTML tag leaves in Markdown. None for what could be a placeholder: ``<name>``."""
    if tag.name == "Listing":
        return "" if tag.closes else caption(tag)
    if tag.name.lower() == "br":
        return " "
    return "" if tag.name.lower() in KNOWN else None


def caption(tag: Tag) -> str:
    """The caption of a listing of the Rust book's kind: "Listing 4-1 (src/main.rs): A loop"."""
    if tag.name != "Listing":
        return ""
    name = " ".join(filter(None, ("Listing", tag.get("number"))))
    file = tag.get("file-name")
    place = f"{name} ({file})" if file else name
    return ": ".join(filter(None, (place, tag.get("caption"))))
