"""A folder of files becomes a book: which pages, in which order, under which names."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from agent.book import Book, BookUnreadable, read_book
from tests.agent.bookshelf import DOCUSAURUS, MDBOOK, MKDOCS, write


def paths(book: Book) -> list[str]:
    return [page.path for page in book.pages]


BINARY = bytes(range(256)) * 4
TOO_LARGE = b"a" * (5 * 1024 * 1024 + 1)
SUMMARY = """# Summary

[Foreword](foreword.md)

# Basics

- [The `servo`](servo/README.md)
  - [Wiring](servo/wiring.md)
    - [Colours](servo/colours.md)
- [Missing](missing.md)
- [Draft]()
    - [Part of a draft](draft%20page.md)
<!--
- [Commented out](unlisted.md)
-->
"""


@pytest.fixture
def mdbook(tmp_path: Path) -> Path:
    pages = ("foreword", "servo/README", "servo/wiring", "servo/colours", "draft page", "unlisted")
    texts = {f"src/{name}.md": f"# A heading\n\nAbout {name}." for name in pages}
    return write(tmp_path, {**MDBOOK, **texts, "src/SUMMARY.md": SUMMARY})


@pytest.mark.parametrize("start", [".", "src"])
def test_an_mdbook_is_what_its_summary_lists(mdbook: Path, start: str) -> None:
    """In that order, from the project's folder or from the pages'; nothing else belongs to it."""
    book = read_book(mdbook / start, base_url="https://example.org/book/")

    assert [(page.path, page.title, page.chapter) for page in book.pages] == [
        ("foreword.md", "Foreword", "Foreword"),
        ("servo/README.md", "The servo", "The servo"),
        ("servo/wiring.md", "Wiring", "The servo"),
        ("servo/colours.md", "Colours", "The servo"),
        ("draft page.md", "Part of a draft", "Draft"),
    ]
    assert book.warnings == ("SUMMARY.md names missing.md, which is not there",)
    assert book.pages[1].url == "https://example.org/book/servo/index.html"
    assert book.pages[4].url == "https://example.org/book/draft%20page.html"


def test_a_book_is_called_what_its_settings_say_or_as_its_folder(mdbook: Path) -> None:
    assert read_book(mdbook).name == "Robots"
    assert read_book(mdbook / "src").name == mdbook.name


def test_mkdocs_pages_stand_as_nav_has_them_and_the_others_last(tmp_path: Path) -> None:
    """Tags of Python objects are nothing to us, and links to elsewhere are no pages."""
    settings = """
site_name: Robots
docs_dir: handbook
markdown_extensions:
  - emoji: {index: !!python/name:os.system }
nav:
  - Home: index.md
  - Elsewhere: https://example.org/page.md
  - Motion:
    - motion/servo.md
    - Deeper:
      - "The gait": motion/gait.md
"""
    pages = ("a-late-one", "index", "motion/gait", "motion/servo", "motion/index", "z/y")
    texts = {f"handbook/{name}.md": f"---\ntitle: T {name}\n---\nHi." for name in pages}
    book = read_book(write(tmp_path, {"mkdocs.yml": settings, **texts}), base_url="https://e.org")

    assert [(page.path, page.title, page.chapter, page.url) for page in book.pages] == [
        ("index.md", "Home", "Home", "https://e.org/"),
        ("motion/servo.md", "T motion/servo", "Motion", "https://e.org/motion/servo/"),
        ("motion/gait.md", "The gait", "Motion", "https://e.org/motion/gait/"),
        ("a-late-one.md", "T a-late-one", "T a-late-one", "https://e.org/a-late-one/"),
        ("motion/index.md", "T motion/index", "Motion", "https://e.org/motion/"),
        ("z/y.md", "T z/y", "Z", "https://e.org/z/y/"),
    ]
    assert read_book(tmp_path / "handbook").pages == read_book(tmp_path).pages
    assert book.warnings == ()


DOCS: Mapping[str, str] = {
    "docs/03-hardware/_category_.json": '{"label": "The body", "position": 1}',
    "docs/03-hardware/index.md": "# Hardware\n\nHi.",
    "docs/03-hardware/10-arm.md": "Hi.",
    "docs/03-hardware/2-leg.mdx": "---\nid: leg\nslug: walking\n---\nHi.",
    "docs/intro.md": "---\nsidebar_position: 0.5\nslug: /\n---\n# Welcome\n\nHi.",
    "docs/setup.md": "---\nsidebar_position: 2\nsidebar_label: Set-up\ntitle: Setting up\n---\nHi.",
    "docs/zoo.md": "Hi.",
    "docs/secret.md": "---\ndraft: true\n---\nHi.",
    "docs/quiet.md": "---\nunlisted: True\n---\nHi.",
    "docs/_partial.mdx": "Hi.",
    "docs/.hidden/page.md": "Hi.",
    "docs/node_modules/page.md": "Hi.",
}


@pytest.mark.parametrize("start", [".", "docs"])
def test_docusaurus_orders_by_position_then_by_name(tmp_path: Path, start: str) -> None:
    """Positions of pages, categories and names together; drafts and partials are no pages."""
    root = write(tmp_path, {**DOCUSAURUS, **DOCS})
    book = read_book(root / start, base_url="https://e.org/docs")

    assert [(page.path, page.title, page.chapter, page.url) for page in book.pages] == [
        ("intro.md", "Welcome", "Welcome", "https://e.org/docs/"),
        ("03-hardware/index.md", "Hardware", "The body", "https://e.org/docs/hardware/"),
        ("03-hardware/2-leg.mdx", "Leg", "The body", "https://e.org/docs/hardware/walking"),
        ("03-hardware/10-arm.md", "Arm", "The body", "https://e.org/docs/hardware/arm"),
        ("setup.md", "Setting up", "Set-up", "https://e.org/docs/setup"),
        ("zoo.md", "Zoo", "Zoo", "https://e.org/docs/zoo"),
    ]
    assert book.warnings == ()


def test_a_docusaurus_sidebar_orders_what_it_names_without_being_run(tmp_path: Path) -> None:
    sidebar = """// 'setup' is only a comment here
    import {boom} from './boom';
    export default {docs: ['zoo', {type: 'category', label: 'It\\'s', items: ["hardware/leg"]},
      {type: 'autogenerated', dirName: '03-hardware'}, /* 'setup' */ `intro`]};"""
    book = read_book(write(tmp_path, {**DOCUSAURUS, **DOCS, "sidebars.ts": sidebar}))

    assert paths(book) == [
        "zoo.md",
        "03-hardware/2-leg.mdx",
        "03-hardware/index.md",
        "03-hardware/10-arm.md",
        "intro.md",
        "setup.md",
    ]


def test_a_plain_folder_is_read_as_people_count(tmp_path: Path) -> None:
    """The introduction first, 2 before 10, every format, and no partials."""
    names = ("10-end.md", "2-middle.txt", "README.md", "intro.md", "sub/b.htm", "sub/index.md")
    files = {name: f"About {name}." for name in (*names, "_part.md", "image.png", ".x/y.md")}
    book = read_book(write(tmp_path, files), base_url="https://e.org")

    assert [(page.path, page.title, page.chapter, page.url) for page in book.pages] == [
        ("README.md", "README", "README", "https://e.org/README.html"),
        ("intro.md", "Intro", "Intro", "https://e.org/intro.html"),
        ("2-middle.txt", "Middle", "Middle", "https://e.org/2-middle.txt"),
        ("10-end.md", "End", "End", "https://e.org/10-end.html"),
        ("sub/index.md", "Sub", "Sub", "https://e.org/sub/index.html"),
        ("sub/b.htm", "B", "Sub", "https://e.org/sub/b.htm"),
    ]


def test_a_book_can_be_a_single_file_without_urls(tmp_path: Path) -> None:
    write(tmp_path, {"one.md": "# The one\n\nAlone.", "two.md": "Another."})
    book = read_book(tmp_path / "one.md")

    assert [(book.name, page.path, page.title, page.url) for page in book.pages] == [
        ("one", "one.md", "The one", None)
    ]


@pytest.mark.parametrize(
    ("files", "path", "says"),
    [
        ({}, "nowhere", "There is no"),
        ({}, ".", "holds no pages"),
        ({"image.png": b"\x89PNG"}, ".", "holds no pages"),
        ({"image.png": b"\x89PNG"}, "image.png", "is no page"),
        ({"a.md": "\n\n"}, ".", "a.md has no text"),
        ({"a.md": BINARY}, ".", "a.md is no UTF-8 text"),
        ({**MKDOCS, "docs/x.txt": "Hi."}, ".", "holds no pages"),
        ({"a.md": "Hi."}, "a.md/b", "cannot be opened"),
        ({"a.md": "Hi."}, "\0", "cannot be opened"),
    ],
)
def test_what_is_no_book_says_so_in_a_sentence(
    tmp_path: Path, files: dict[str, str | bytes], path: str, says: str
) -> None:
    write(tmp_path, files)

    with pytest.raises(BookUnreadable, match=says):
        read_book(tmp_path / path)


@pytest.mark.parametrize(
    ("content", "warning"),
    [
        (b"", "odd.md has no text; skipped"),
        (b"<!-- nothing -->", "odd.md has no text; skipped"),
        (TOO_LARGE, "odd.md is larger than 5 MB; skipped"),
        (BINARY, "odd.md is no UTF-8 text; skipped"),
        (b"Stra\xdfe und Weg", "odd.md is not all UTF-8; what could not be read shows as \ufffd"),
        (b"---\ntitle: [\n---\nHi.", "odd.md has front matter that is no YAML; read without it"),
        (b"---\ntitle: 2024-99-99\n---\nHi.", None),
        ("A mark.".encode("utf-16"), None),
        (b"\xef\xbb\xbfA\0 mark.\r\n", None),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_strange_file_costs_a_warning_and_not_the_book(
    tmp_path: Path, content: bytes, warning: str | None
) -> None:
    book = read_book(write(tmp_path, {"fine.md": "Fine.", "odd.md": content}))

    assert book.warnings == ((warning,) if warning else ())
    assert ("odd.md" in paths(book)) == (not (warning or "").endswith("skipped"))
    assert not set("\0\r\ufeff") & set("".join(page.markdown for page in book.pages))


def test_a_link_that_leads_out_of_the_book_is_not_followed(tmp_path: Path) -> None:
    write(tmp_path, {"outside.md": "Secret.", "secrets/a.md": "Secret.", "book/a.md": "Fine."})
    (tmp_path / "book/file.md").symlink_to(tmp_path / "outside.md")
    (tmp_path / "book/folder").symlink_to(tmp_path / "secrets")
    (tmp_path / "book/loop.md").symlink_to(tmp_path / "book/loop.md")
    book = read_book(tmp_path / "book")

    assert paths(book) == ["a.md"]
    assert book.warnings[0] == "file.md lies outside the book; skipped"


def test_a_nav_that_multiplies_ends(tmp_path: Path) -> None:
    """Nine times nine times nine …: aliases make much of little YAML."""
    lists = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 18))
    settings = f"l0: &l0 [one.md, ../../secret.md]\n{lists}nav: [two.md, *l17]\n"
    files = {"mkdocs.yml": settings, "docs/one.md": "1", "docs/two.md": "2"}
    book = read_book(write(tmp_path, files))

    assert paths(book) == ["two.md", "one.md"]
    assert book.warnings == ("mkdocs.yml names ../../secret.md, which is not there",)


def test_mkdocs_settings_without_their_pages_are_told_and_left(tmp_path: Path) -> None:
    book = read_book(write(tmp_path, {"mkdocs.yml": "docs_dir: gone", "a.md": "Hi."}))

    assert paths(book) == ["a.md"]
    assert book.warnings == ("mkdocs.yml names a docs_dir that is not there; read without it",)


def test_a_nav_that_contains_itself_is_no_yaml_to_us(tmp_path: Path) -> None:
    files = {"mkdocs.yml": "nav: &a [one.md, *a]", "docs/one.md": "1"}

    assert read_book(write(tmp_path, files)).warnings == ("mkdocs.yml is no YAML; read without it",)


def test_reading_a_book_twice_gives_the_same_book(mdbook: Path) -> None:
    assert read_book(mdbook) == read_book(mdbook)


def test_a_docusaurus_page_includes_nothing_from_beside_its_folder(tmp_path: Path) -> None:
    """The settings of the project around it are read, its other files are not."""
    for name, text in {
        "docusaurus.config.js": "export default {}",
        "private/secret.md": "The secret.",
        "docs/a.mdx": "import S from '../private/secret.md'\n\n# A\n\nOpen text.\n\n<S />\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    book = read_book(tmp_path / "docs")

    assert "Open text." in book.pages[0].markdown
    assert "The secret." not in book.pages[0].markdown
