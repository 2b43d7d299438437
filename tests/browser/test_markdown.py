"""What the page makes of an answer's Markdown, which nobody has vouched for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.console import Console

# [1] has a passage, other numbers have none.
DRAW = """async (text) => {
  const { markdown } = await import("/pages/ask/markdown.js");
  const { el } = await import("/pages/dom.js");
  const nodes = markdown(text, (n) => (n > 1 ? `[${n}]` : el("sup", {}, `${n}`)));
"""
HTML = DRAW + "return nodes.map((node) => node.outerHTML).join(''); }"
NODES = (
    DRAW
    + """
  return nodes.flatMap((node) => [node, ...node.querySelectorAll("*")]).map((node) => ({
    name: node.localName, attributes: node.getAttributeNames(), href: node.getAttribute("href"),
  }));
}"""
)
HOSTILE = {
    "<img src=x onerror=alert(1)>": "p",
    "<script>alert(1)</script>": "p",
    "[a](javascript:alert(1))": "p span",
    "[a](JaVaScRiPt:alert(1))": "p span",
    "[a](data:text/html,x)": "p span",
    "[a](/api/v1/auth/logout)": "p span",
    "[a](//example.org)": "p span",
    "![a](https://example.org/a.png)": "p a",
    '[a](https://example.org/"onclick="alert(1))': "p a",
    "| <b>a</b> | b |\n|---|---|\n| <i>c</i> | d |": "div table thead tr th th tbody tr td td",
}
MARKDOWN = """## Title

**B**, *s*, `c`, <https://example.org/>\\
and a line

- one
  - inner
- two

3. three

```py
*not* [1]
```

> said

---
"""


def test_a_number_without_a_passage_is_no_footnote(opened: Page) -> None:
    """It stays the text that it is, with its space; a footnote touches what it is about."""
    drawn = opened.evaluate(HTML, "See [1] and [7].")

    assert drawn == '<p dir="auto">See<sup>1</sup> and [7].</p>'


def test_two_footnotes_in_a_row_are_both_marked(opened: Page) -> None:
    """Models write "[1][1]"; a link whose label is a number stays a link."""
    drawn = opened.evaluate(HTML, "Five seconds [1][1], see [1](https://example.org/).")

    assert drawn.startswith('<p dir="auto">Five seconds<sup>1</sup><sup>1</sup>, see <a href=')


def test_nothing_in_an_answer_becomes_markup(opened: Page) -> None:
    """Only elements that Markdown has, only web links, and no attribute that runs."""
    for text, elements in HOSTILE.items():
        drawn = opened.evaluate(NODES, text)
        hrefs = [node["href"] for node in drawn if node["name"] == "a"]

        assert [node["name"] for node in drawn] == elements.split(), text
        assert not [a for node in drawn for a in node["attributes"] if a.startswith("on")], text
        assert all(href.startswith("https://example.org/") for href in hrefs), text


def test_markdown_is_set_as_such(opened: Page) -> None:
    """What books and models write."""
    drawn = opened.evaluate(NODES, MARKDOWN)
    lists = "ul li ul li li ol li"

    assert " ".join(node["name"] for node in drawn) == (
        f"h4 p strong em code a br {lists} pre code blockquote p hr"
    )


def test_long_nonsense_is_read_in_time(opened: Page) -> None:
    """An answer that is all brackets, stars or bars must not freeze the reader's tab."""
    for piece in ("[", "*a ", "**", "`", "| ", "> ", "- ", "[a](", "_a", "![[", "  - a\n"):
        text = (piece * 20_000)[:20_000]

        milliseconds = opened.evaluate(
            DRAW.replace("const nodes", "const began = performance.now(); const nodes")
            + "return performance.now() - began; }",
            text,
        )
        assert milliseconds < 2000, piece


def test_the_browser_itself_refuses_markup(opened: Page, console: Console) -> None:
    """Trusted types: whoever writes innerHTML one day learns it at once."""
    console.expects("requires 'TrustedHTML'")
    refusal = opened.evaluate(
        "() => { try { document.body.innerHTML = '<b>x</b>'; } catch (e) { return e.name; } }"
    )

    assert refusal == "TypeError"
