"""Pages take in what they include from other files, and nothing from outside the book."""

from pathlib import Path

import pytest

from agent.book import read_book
from tests.agent.bookshelf import DOCUSAURUS, MDBOOK, MKDOCS, read_page, write

CODE = """
fn main() {
    // ANCHOR: greeting
    println!("hello");
    // ANCHOR_END: greeting
}
"""


@pytest.mark.parametrize(
    ("directive", "shown"),
    [
        ("#include main.rs", '\nfn main() {\n    println!("hello");\n}'),
        ("#include main.rs:greeting", '    println!("hello");'),
        ("#rustdoc_include main.rs:2", "fn main() {"),
        ("#include main.rs:4:", '    println!("hello");\n}'),
        ("#include main.rs::2", "\nfn main() {"),
        ("#include main.rs:6:9", "}"),
    ],
)
def test_mdbook_includes_show_the_lines_they_name(
    tmp_path: Path, directive: str, shown: str
) -> None:
    """In fences too, from anywhere in the book, without the comments that mark the lines."""
    book = {**MDBOOK, "code/main.rs": CODE}
    directive = directive.replace("main.rs", "../code/main.rs")
    page = read_page(tmp_path, f"```rust\n{{{{{directive}}}}}\n```", book)

    assert page.markdown == f"```rust\n{shown}\n```"


def test_only_pages_lose_their_front_matter_when_included(tmp_path: Path) -> None:
    text = "---\na: b\n---\nc: d"
    book = {**MDBOOK, "src/a.yml": text, "src/a.md": text}
    page = read_page(tmp_path, "```\n{{#include a.yml}}\n```\n{{#include a.md}}", book)

    assert page.markdown == f"```\n{text}\n```\nc: d"


def test_mdbook_pages_include_pages_and_playgrounds(tmp_path: Path) -> None:
    book = {
        **MDBOOK,
        "src/sub/part.md": "A part.\n\n{{#include more.txt}}",
        "src/sub/more.txt": "M.",
    }
    markdown = """{{#title T}}{{#include sub/part.md}}

{{#playground sub/more.txt editable}}

\\{{#include x}}"""

    assert read_page(tmp_path, markdown, book).markdown == (
        "A part.\n\nM.\n\n```rust\nM.\n```\n\n{{#include x}}"
    )


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("../../secret.txt", "lies outside the book"),
        ("/etc/hosts", "lies outside the book"),
        ("link.txt", "lies outside the book"),
        ("nowhere.md", "is missing"),
        ("page.md", "includes itself"),
        ("other.md", "includes itself"),
        ("other.md:nothing", "has no such part"),
        ("x" * 300, "cannot be opened"),
    ],
)
def test_an_include_that_cannot_be_is_dropped_with_a_warning(
    tmp_path: Path, target: str, reason: str
) -> None:
    write(tmp_path, {"secret.txt": "Secret."})
    folder = tmp_path / "book"
    book = {**MDBOOK, "src/other.md": "{{#include page.md}}"}
    write(folder, {**book, "src/page.md": f"Before. {{{{#include {target} }}}}After."})
    (folder / "src/link.txt").symlink_to(tmp_path / "secret.txt")
    read = read_book(folder)

    assert read.pages[0].markdown in ("Before. After.", "Before. Before. After.After.")
    assert [warning.rpartition("which ")[2] for warning in read.warnings][:1] == [reason]


def test_includes_that_multiply_end(tmp_path: Path) -> None:
    """Ten files that each include the next one ten times make no page of gigabytes."""
    files = {f"src/{n}.md": "x" * 1000 + f"{{{{#include {n + 1}.md}}}}" * 10 for n in range(12)}
    files["src/12.md"] = "The end."
    write(tmp_path, {**MDBOOK, **files, "src/page.md": "Start. {{#include 0.md}}"})
    book = read_book(tmp_path)

    assert len(book.pages[0].markdown) < 10_000_000
    assert any("too large" in warning for warning in book.warnings)


def test_mkdocs_snippets_are_found_from_the_project_and_the_pages(tmp_path: Path) -> None:
    book = {
        **MKDOCS,
        "code/a.py": "# --8<-- [start:one]\none = 1\n# --8<-- [end:one]\ntwo = 2\n",
        "docs/parts/note.md": "A note.",
    }
    markdown = """Look:

```python
--8<-- "code/a.py:one"
```

- Item

    --8<-- "parts/note.md"

--8<--
code/a.py
parts/note.md
--8<--

;--8<-- "as written"
"""
    assert read_page(tmp_path, markdown, book).markdown == (
        "Look:\n\n```python\none = 1\n```\n\n- Item\n\n    A note.\n\n"
        "one = 1\ntwo = 2\n\nA note.\n\n"
        '--8<-- "as written"'
    )


def test_an_mdx_page_shows_the_partials_it_imports(tmp_path: Path) -> None:
    partial = "---\ntitle: No\n---\nimport Two from '@site/docs/_two.md'\n\nOne. <Two/>"
    book = {**DOCUSAURUS, "docs/sub/_one.mdx": partial, "docs/_two.md": "Two."}
    markdown = "import One from './sub/_one.mdx';\n\n<One name=\"x\" />\n\n```\n<One />\n```"

    assert read_page(tmp_path, markdown, book).markdown == "One. Two.\n\n```\n<One />\n```"
