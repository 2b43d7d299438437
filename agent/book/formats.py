"""HTML, plain text, notebooks and PDF as Markdown. Each library is loaded by its first file."""

import json
import re
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from agent.book.folder import Folder, Unreadable, printable
from agent.book.order import title_of
from records import frozen

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

MOST_OUTPUT = 1000  # characters of a notebook cell's output that are worth reading
_NO_TEXT = "nav, aside, footer, script, style, noscript, template, svg, iframe, form, button"
_MAIN = ("main", "article", "[role=main]", "body")
_RULE = re.compile(r"^[-=_*~+.# \t]{3,}$", re.MULTILINE)
# A line on its own that is underlined or says what it is begins a chapter.
_HEADING = re.compile(
    r"(?:(?<=\n\n)|\A)(?:(\S[^\n]{0,79})\n[=~-]{3,}[ \t]*"
    r"|((?:chapter|part|book|act|scene|appendix)[ \t]+[\divxlc]+\b[^\n]{0,60}))(?=\n|\Z)",
    re.IGNORECASE,
)


@frozen
class Document:
    """A file as Markdown."""

    markdown: str
    title: str | None = None  # if the file gives one


def convert(folder: Folder, path: str) -> Document:
    """Read one file that is no Markdown. Raises :class:`Unreadable`."""
    suffix = path[path.rindex(".") :].lower()
    read = SUFFIXES[suffix]
    try:
        return read(folder, path)
    except Unreadable:
        raise
    except Exception as error:  # strange files raise anything in their libraries
        raise Unreadable(f"is no readable {suffix} file ({type(error).__name__})") from error


def read_html(folder: Folder, path: str) -> Document:
    """The main part of a page, without what serves to get around."""
    from bs4 import BeautifulSoup
    from markdownify import MarkdownConverter

    text = folder.text_of(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it looks like XML, or like a file's name
        soup = BeautifulSoup(text, "html.parser")
    title = soup.title.get_text(" ", strip=True) if soup.title else None
    main = next((part for name in _MAIN if (part := soup.select_one(name))), soup)
    _prune(main)
    converter = MarkdownConverter(
        heading_style="ATX",
        bullets="-",
        escape_asterisks=False,
        escape_underscores=False,
        code_language_callback=_language,
    )
    return Document(printable(converter.convert_soup(main)), title and printable(title))


def _prune(main: "Tag | BeautifulSoup") -> None:
    """Drop what is no text; a heading keeps its id as ``{#id}``."""
    for part in main.select(f"{_NO_TEXT}, a.headerlink, img[src^='data:']"):
        part.decompose()
    for heading in main.select("h1, h2, h3, h4, h5, h6"):
        section = heading.find_parent("section")
        is_first = section is not None and section.find(heading.name) is heading
        anchor = heading.get("id") or (section.get("id") if section and is_first else None)
        if anchor:
            heading.append(f" {{#{anchor}}}")


def _language(code: "Tag") -> str:
    inner = code.find("code") or code
    names = " ".join([*code.get_attribute_list("class"), *inner.get_attribute_list("class")])
    match = re.search(r"\blanguage-([\w+#-]+)", names)
    return match[1] if match else ""


def read_text(folder: Folder, path: str) -> Document:
    return Document(plain(folder.text_of(path)), title_of(path))


def plain(text: str) -> str:
    """Plain text as Markdown: nothing indented becomes code, no rule makes a heading of a page."""
    text = "\n".join(map(str.strip, text.split("\n")))
    text = _HEADING.sub(lambda match: f"## {match[1] or match[2]}\n", text)
    return _RULE.sub("", text)


def read_notebook(folder: Folder, path: str) -> Document:
    """The cells in order: Markdown as it is, code fenced, with the output if that is short."""
    notebook = json.loads(folder.text_of(path))
    language = notebook.get("metadata", {}).get("language_info", {}).get("name", "python")
    cells = [part for cell in notebook["cells"] for part in _cell(cell, language)]
    return Document(printable("\n\n".join(cells)))


def _cell(cell: dict[str, Any], language: str) -> Iterator[str]:
    source = "".join(cell.get("source", ""))
    if cell["cell_type"] == "markdown":
        yield source
    elif cell["cell_type"] == "code" and source.strip():
        yield _fence(source, language)
        output = "\n".join(filter(None, map(_output, cell.get("outputs", [])))).strip("\n")
        if output.strip() and len(output) <= MOST_OUTPUT:
            yield _fence(output, "text")


def _output(output: dict[str, Any]) -> str:
    return "".join(output.get("text") or output.get("data", {}).get("text/plain") or "")


def _fence(code: str, language: str) -> str:
    ticks = "`" * max(3, 1 + max(map(len, re.findall("`+", code)), default=0))
    return f"{ticks}{language}\n{code.rstrip()}\n{ticks}"


def read_pdf(folder: Folder, path: str) -> Document:
    """The text, under a heading for each page that opens the file there (``#page=3``)."""
    from io import BytesIO

    from pypdf import PdfReader

    reader = PdfReader(BytesIO(folder.bytes_of(path)))
    if reader.is_encrypted and not reader.decrypt(""):
        raise Unreadable("needs a password")
    texts = [plain(printable(page.extract_text())) for page in reader.pages]
    pages = [
        f"## Page {number} {{#page={number}}}\n\n{text}"
        for number, text in enumerate(texts, 1)
        if text.strip()
    ]
    title = (reader.metadata and reader.metadata.title) or title_of(path)
    return Document("\n\n".join(pages), printable(title))


SUFFIXES: dict[str, Callable[[Folder, str], Document]] = {
    ".html": read_html,
    ".htm": read_html,
    ".txt": read_text,
    ".ipynb": read_notebook,
    ".pdf": read_pdf,
}
