"""Files that are no Markdown become Markdown, with what a citation needs to lead back to them."""

import json
from pathlib import Path

import pytest

from agent.book import Book, BookUnreadable, read_book
from tests.agent.bookshelf import write

HTML = """<!DOCTYPE html>
<html><head><title>The robot &amp; you</title><style>p {}</style></head>
<body>
<nav><a href="/">Home</a></nav>
<main>
<section id="start"><h1>The robot<a class="headerlink" href="#start">¶</a></h1>
<p>It <em>walks</em> with a_b_c and <code>x &lt; y</code>.</p></section>
<h2 id="legs_1">Legs</h2>
<ul><li>left</li><li>right</li></ul>
<pre class="x"><code class="language-python">def walk():
    pass
</code></pre>
<table><tr><th>Leg</th><th>Side</th></tr><tr><td>1</td><td>left</td></tr></table>
<script>alert(1)</script><img src="data:image/png;base64,AAAA">
</main>
<footer>Imprint</footer>
</body></html>
"""


def read(root: Path, name: str, content: str | bytes) -> Book:
    return read_book(write(root, {name: content}), base_url="https://e.org")


def test_html_is_its_main_part_with_its_own_anchors(tmp_path: Path) -> None:
    book = read(tmp_path, "robot.html", HTML)
    text = book.pages[0].markdown

    assert book.pages[0].title == "The robot & you"
    assert [b.kind for p in book.passages for b in p.blocks] == [
        *("heading", "paragraph", "heading", "list", "code", "table"),
    ]
    assert [s.anchor for p in book.passages for s in p.sections] == ["start", "legs_1"]
    assert "It *walks* with a_b_c and `x < y`." in text
    assert "```python\ndef walk():\n    pass\n```" in text
    assert not any(word in text for word in ("Home", "alert", "Imprint", "¶", "AAAA", "{#"))


@pytest.mark.parametrize("html", ["<b>Just this", "Just this", "<?xml?><p>Just this</p>"])
def test_html_need_not_be_a_whole_document(tmp_path: Path, html: str) -> None:
    assert "Just this" in read(tmp_path, "a.html", html).pages[0].markdown


TEXT = """The Robot

Chapter I. Awakening

    It woke up, indented.
Then it walked.

Asleep
======

Chapter two is mentioned here in a sentence that is far too long to be the heading of anything.

A title
-------
The end.
"""


def test_plain_text_has_the_headings_that_its_author_drew(tmp_path: Path) -> None:
    book = read(tmp_path, "robot.txt", TEXT)

    assert [s.heading_path for p in book.passages for s in p.sections] == [
        ("Robot",),
        ("Robot", "Chapter I. Awakening"),
        ("Robot", "Asleep"),
        ("Robot", "A title"),
    ]
    assert {b.kind for p in book.passages for b in p.blocks} == {"heading", "paragraph"}


def test_a_notebook_is_its_cells_and_their_short_outputs(tmp_path: Path) -> None:
    outputs = [
        {"output_type": "stream", "text": ["42\n"]},
        {"output_type": "display_data", "data": {"image/png": "AAAA", "text/plain": "<Figure>"}},
    ]
    notebook = {
        "metadata": {"language_info": {"name": "julia"}},
        "cells": [
            {"cell_type": "markdown", "source": ["# Motion\n", "\n", "It moves. \ud800"]},
            {"cell_type": "code", "source": "print('```')", "outputs": outputs},
            {"cell_type": "code", "source": "1", "outputs": [{"text": "long " * 999}]},
            {"cell_type": "code", "source": " ", "outputs": []},
            {"cell_type": "raw", "source": "left out"},
        ],
    }
    page = read(tmp_path, "motion.ipynb", json.dumps(notebook)).pages[0]

    assert page.title == "Motion"
    assert page.markdown == (
        "# Motion\n\nIt moves. ?\n\n````julia\nprint('```')\n````\n\n"
        "```text\n42\n\n<Figure>\n```\n\n```julia\n1\n```"
    )


def pdf(*pages: str) -> bytes:
    """A PDF with a line of text on each page, as small as readers take it."""
    numbers = range(4, 4 + 2 * len(pages), 2)
    kids = " ".join(f"{number} 0 R" for number in numbers)
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, text in zip(numbers, pages, strict=True):
        stream = f"BT /F1 12 Tf 72 700 Td ({text}) Tj ET"
        page = f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {number + 1} 0 R"
        objects.append(f"{page} /Resources << /Font << /F1 3 0 R >> >> >>")
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    body, offsets = "%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    return (
        f"{body}xref\n0 {size}\n0000000000 65535 f \n{table}"
        f"trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF\n"
    ).encode()


def test_a_pdf_is_cited_by_its_pages(tmp_path: Path) -> None:
    book = read(tmp_path, "the-robot.pdf", pdf("It walks.", "", "It stops."))
    passage = book.passages[0]

    assert book.pages[0].title == "The robot"
    assert passage.text == "## Page 1\n\nIt walks.\n\n## Page 3\n\nIt stops."
    assert passage.url_at(passage.text.index("stops")) == "https://e.org/the-robot.pdf#page=3"


@pytest.mark.parametrize(
    ("name", "content", "warning"),
    [
        ("a.pdf", b"%PDF-1.4 torn", "a.pdf is no readable .pdf file (PdfStreamError); skipped"),
        ("a.pdf", pdf(""), "a.pdf has no text; skipped"),
        ("a.ipynb", "[1, 2]", "a.ipynb is no readable .ipynb file (AttributeError); skipped"),
        ("a.ipynb", "{", "a.ipynb is no readable .ipynb file (JSONDecodeError); skipped"),
        ("a.ipynb", "[" * 99999, "a.ipynb is no readable .ipynb file (RecursionError); skipped"),
        ("a.html", "<div>" * 9999 + "x", "a.html is no readable .html file (RecursionError)"),
        ("a.html", "<script>x</script>", "a.html has no text; skipped"),
        ("a.txt", " \n \n", "a.txt has no text; skipped"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_broken_file_is_skipped_with_a_warning(
    tmp_path: Path, name: str, content: str | bytes, warning: str
) -> None:
    with pytest.raises(BookUnreadable) as refused:
        read(tmp_path, name, content)

    assert warning in str(refused.value)
