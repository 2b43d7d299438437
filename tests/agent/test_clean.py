"""What authors write around their text goes, what readers read stays."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from agent.book import read_book
from tests.agent.bookshelf import DOCUSAURUS, MDBOOK, MKDOCS, read_page, write

FENCES = """~~~jsx title="<b>"
import x from 'y'
# Heading {/* #id */} {'literal'}
<Tabs><!-- comment -->
:::note
!!! note
> [!NOTE]
# {#id} [a][b]
~~~

> ```html
> <b>bold</b>
> ```

1. A list

   ```md
   :::tip
   <i>
   ```

And `<b>` with ``<!-- ` -->`` and `{'x'}` too."""


@pytest.mark.parametrize("book", [MDBOOK, MKDOCS, DOCUSAURUS])
def test_nothing_in_code_is_touched(tmp_path: Path, book: Mapping[str, str]) -> None:
    markdown = f"{FENCES}\n\n[b]: c"

    assert read_page(tmp_path, markdown, book).markdown == FENCES


def test_indented_code_is_not_touched_in_markdown(tmp_path: Path) -> None:
    markdown = "Like so:\n\n    <b>&lt;!-- x --></b>\n\n    <i>"

    assert read_page(tmp_path, markdown, MDBOOK).markdown == markdown


ADMONITIONS = [
    (":::note\n\nBody.\n\n:::", "**Note**\n\n\nBody."),
    (":::tip[Take *care*]\nBody.\n:::", "**Tip: Take care**\n\nBody."),
    ("::::danger Hot\n:::info\nInner.\n:::\n::::", "**Danger: Hot**\n\n\n**Info**\n\nInner."),
    ('!!! warning "Mind"\n    Body.\n\n    - item', "**Warning: Mind**\n\nBody.\n\n- item"),
    ("???+ note inline end\n    !!! tip\n        In.", "**Note**\n\n\n**Tip**\n\nIn."),
    (
        '!!! note ""\n    ```\n    !!! code\n    ```\nAfter.',
        "**Note**\n\n```\n!!! code\n```\nAfter.",
    ),
    ('=== "Linux"\n    Apt.\n=== "macOS"\n    Brew.', "**Linux**\n\nApt.\n\n**macOS**\n\nBrew."),
    ('!!! note "Note"\n    ```\n    open\n\n:::tip\n:::', "**Note**\n\n```\nopen\n\n\n**Tip**"),
    ("!!! note\n\tBody.\n\n\t- item\n\t\t- inner", "**Note**\n\nBody.\n\n- item\n    - inner"),
    ("> ```\n> open\n\n:::tip\nBody.\n:::", "> ```\n> open\n\n\n**Tip**\n\nBody."),
    ("> [!NOTE]\n> Body.", "> **Note**\n>\n> Body."),
    ("> [!warning]- Mind\n> Body.", "> **Warning: Mind**\n>\n> Body."),
]


@pytest.mark.parametrize(("markdown", "shown"), ADMONITIONS)
def test_an_admonition_becomes_a_bold_lead_in(tmp_path: Path, markdown: str, shown: str) -> None:
    assert read_page(tmp_path, markdown, MKDOCS).markdown == shown


MDX = """import Tabs from '@theme/Tabs';
import {
  a,

  b,
} from "x"

export const Box = ({children}) => {
  return (

    <div>{children}</div>
  );
};

# Setup {/* #start */}

{/* a
comment */}
<Tabs groupId="os" values={[{label: 'x > y', value: 'y'}]}>
  <TabItem value="linux" label="On Linux">

    Run **this**:

    ```bash
    apt install <name>
      indented
    ```

  </TabItem>
  <TabItem value='mac'>Brew it.</TabItem>
</Tabs>

- A list
  <Note>
  that goes on
  </Note>

<>
Text with <Badge text="new" /> a {'literal'}<br/>and <kbd>Ctrl</kbd>.
</>

<Admonition type="tip" title="Hear">Well.</Admonition>

import of goods is prose, and so is this."""


def test_mdx_leaves_its_text_and_the_labels_of_tabs(tmp_path: Path) -> None:
    page = read_page(tmp_path, MDX, DOCUSAURUS, "page.mdx")

    assert "\n\n\n" not in page.markdown
    assert [line for line in page.markdown.split("\n") if line] == [
        "# Setup",
        "**On Linux**",
        "Run **this**:",
        "```bash",
        "apt install <name>",
        "  indented",
        "```",
        "**mac**",
        "Brew it.",
        "- A list",
        "  that goes on",
        "Text with  a literal and Ctrl.",
        "**Tip: Hear**",
        "Well.",
        "import of goods is prose, and so is this.",
    ]


def test_html_leaves_its_text_and_the_caption_of_a_listing(tmp_path: Path) -> None:
    """Tables stay, and so does what only looks like a tag."""
    markdown = """<Listing number="4-1" file-name="a.rs" caption="A &lt;T&gt; in `x`">

```rust
x
```

</Listing>

<!-- a comment

```
in a comment
```
-->
<p align="center">
    <b>Bold</b> text<br>here
</p>

<script>
alert(1)
</script>

Run it with <name> and Vec<T><!-- ignore -->, <span class="x">please</span>.

<table><tr><td>1</td></tr></table>

<pre>
  a <b>b</b>
</pre>
"""
    assert read_page(tmp_path, markdown, MDBOOK).markdown == (
        "Listing 4-1 (a.rs): A <T> in `x`\n\n```rust\nx\n```\n\nBold text here\n\n"
        "Run it with <name> and Vec<T>, please.\n\n<table><tr><td>1</td></tr></table>\n\n"
        "<pre>\n  a <b>b</b>\n</pre>"
    )


def test_links_are_read_with_their_definitions_and_those_go(tmp_path: Path) -> None:
    """Footnotes stay, as nobody else would say what they say."""
    markdown = """See [the `a[0]` page][one], [Two][], [two] and ![image][img], not `[two]`.

[one]: <a page.html> "Title"
[two]: b.html
[img]: data:image/png;base64,AAAA
[^1]: note
"""
    assert read_page(tmp_path, markdown, MKDOCS).markdown == (
        "See the `a[0]` page, Two, two and *image*, not `[two]`.\n\n[^1]: note"
    )


@pytest.mark.parametrize(
    ("book", "anchors"),
    [
        (MDBOOK, ["über-den-dächern", "über-den-dächern-1", "own", "whats--new_", "in-a-quote-1"]),
        (MKDOCS, ["uber-den-dachern", "uber-den-dachern_1", "own", "whats-new_", "in-a-quote_1"]),
    ],
)
def test_anchors_are_made_as_the_kind_of_book_makes_them(
    tmp_path: Path, book: Mapping[str, str], anchors: list[str]
) -> None:
    """Each is the page's only one; an id of the author's own leaves the text."""
    markdown = """# Über den *Dächern*

## Über den Dächern

Setext {#own}
======

### What’s & `new_`?

> # In a quote

## In a quote ##
"""
    folder = "src" if book is MDBOOK else "docs"
    read = read_book(write(tmp_path, {**book, f"{folder}/page.md": markdown}))

    assert [s.anchor for passage in read.passages for s in passage.sections] == anchors
    assert "{#own}" not in read.pages[0].markdown
