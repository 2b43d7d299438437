"""A Markdown parser finds no foreign image in what went out, however the stream was cut."""

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from agent.citations import CitationStream
from agent.images import AHEAD, HELD, ImageFilter, SafeText
from agent.index import Hit
from agent.passages import Passage, Section, paragraphs
from models import Citation
from plain_text import clean

HOSTS = {"own.example"}
PARSERS = [
    MarkdownIt("commonmark"),
    MarkdownIt("commonmark", {"html": False}),
    MarkdownIt("gfm-like", {"linkify": False}),
]


def sent(pieces: Sequence[str]) -> str:
    images = ImageFilter(HOSTS)
    return "".join(map(images.feed, pieces)) + images.finish()


def images_in(tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type == "image":
            yield str(token.attrs["src"])
        yield from images_in(token.children or ())


def is_foreign(url: str) -> bool:
    try:
        parts = urlsplit(url.replace("\\", "/"))
    except ValueError:
        return True
    own = parts.scheme in {"http", "https"} and parts.netloc in HOSTS
    return bool(parts.scheme or parts.netloc) and not own


def foreign_images(markdown: str) -> list[str]:
    found = [url for parser in PARSERS for url in images_in(parser.parse(markdown))]
    return [url for url in found if is_foreign(url)]


@pytest.mark.parametrize(
    ("written", "safe"),
    [
        ("![alt](https://evil/?q=1)", "[alt](https://evil/?q=1)"),
        ("![](<https://evil> 't')", "[](<https://evil> 't')"),
        ("![a](\n  //evil/x)", "[a](\n  //evil/x)"),
        ("![a [b] c](data:image/png;x)", "[a [b] c](data:image/png;x)"),
        ("![a](HTTPS:\\\\evil)", "[a](HTTPS:\\\\evil)"),
        ("![a](&#104;ttps://evil)", "[a](&#104;ttps://evil)"),
        ("![a](/&sol;evil)", "[a](/&sol;evil)"),
        ("![a](/\\/evil)", "[a](/\\/evil)"),
        ("![a](https://own.example@evil/)", "[a](https://own.example@evil/)"),
        ("![a](https://own.example:80@evil/)", "[a](https://own.example:80@evil/)"),
        ("![a](https://own.example.evil/)", "[a](https://own.example.evil/)"),
        ("[![a](//evil)](/page)", "[[a](//evil)](/page)"),
        ("!![a](//evil)", "! [a](//evil)"),
        ("\\![a](//evil)", "\\ [a](//evil)"),
        ("![b \\![a](//evil)", "[b \\ [a](//evil)"),
        ("![`]`](//evil)", "![`]`] (//evil)"),
        ("![a\\]](//evil)", "![a\\]] (//evil)"),
        ("![a\nb](//evil)", "![a\nb] (//evil)"),
        ("![`]`\n`]`\n](//evil)", "![`]`\n`]`\n] (//evil)"),
        ("![a [b](own]) c](//evil)", "![a [b](own]) c] (//evil)"),
        ("![x][a]\n\n[a]: //evil", "![x][a]\n\n[a] : //evil"),
        ("![a]\n\n> - [a]:\n>   <//evil>", "![a]\n\n> - [a] :\n>   <//evil>"),
        ("<img src=//evil>", "< img src=//evil>"),
        ('<IMG alt="a" src="https://evil">', '< IMG alt="a" src="https://evil">'),
        ("Ends in ![a](https://evil", "Ends in [a](https://evil"),
    ],
)
def test_a_foreign_image_becomes_a_link(written: str, safe: str) -> None:
    """Or text, where parsers could disagree about what it is."""
    assert sent([written]) == sent(list(written)) == safe
    assert foreign_images(safe) == []


@pytest.mark.parametrize(
    "text",
    [
        "![figure](img/one.png 'One') ![](../two.png) ![](/three.png) ![](#four) ![]()",
        "![a](https://own.example/x?y=https://z) ![b](HTTP://OWN.EXAMPLE:8000)",
        "![x][a]\n\n[a]: img/one.png\n[b]: https://own.example",
        "Use vec![1, 2, 3][0] as in [the docs](https://doc.example), not matches!(x, y).",
        "`vec![vec![1, 2], x]` and `#![allow(dead_code)]`: see [there](https://doc.example).",
        'println!["{}", x]; fn f([a, b]: &[u8], c: Vec<T>, d: <T as Trait>::U) {}',
        '```rust\nlet v = vec![\n    "a\\n",\n];\n```\nSee [the docs](https://doc.example).',
        "`v![\\]`\n\nSee [the docs](https://doc.example).",
        'An `<img>` takes `alt`: `<img src="a.png" alt="One">`, `Foo<input>`, a <b, <table>.',
        "Done! [1]: so it is. for x in y[1:]:\n    print(x)",
        "Even ![this",
        "!",
        "",
    ],
)
def test_everything_else_passes_unchanged(text: str) -> None:
    """Images of the book, links, macros and code."""
    assert sent([text]) == sent(list(text)) == text


NASTY = st.lists(
    st.sampled_from(
        [
            *("![", "!", "[", "]", "](", ")", "]:", "(", "`", "``", "```\n", "\\", "<", ">", '"'),
            *("\n", "\n\n", " ", "    ", "\t", "> ", "- ", "| ", "|-|\n", "~~~\n", "===\n", "$"),
            *("https://evil", "//evil", "HTTPS:\\\\evil", "data:,x", "&#47;", "&sol;", ":", "/"),
            *("https://own.example/", "@evil", "img.png", "<img ", "<!--", "a", "[a]", "]: //evil"),
            *("![a]", "![a](", "](//evil)", "](own]", "(<//evil>)", "](img.png)"),
        ]
    ),
    max_size=40,
).map("".join)


def split(text: str, data: st.DataObject) -> list[str]:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)))))
    return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]


@given(NASTY | st.text(), st.data())
def test_any_split_of_the_stream_gives_the_same(text: str, data: st.DataObject) -> None:
    """Where a model's deltas end changes nothing."""
    assert sent(split(text, data)) == sent([text]) == sent(list(text))


@given(NASTY)
@example("![a [b](own]) ](//evil)")
@example("![![a\\]](img.png)](//evil)")
@example("![a](\n> //evil)")
def test_no_foreign_image_gets_out(text: str) -> None:
    """As several parsers see it: with HTML, without, with tables."""
    assert foreign_images(sent([clean(text)])) == []


@given(st.text(st.characters(exclude_characters="![]<", exclude_categories=["Cs"])))
def test_prose_passes_at_once(text: str) -> None:
    """Nothing waits, nothing changes."""
    images = ImageFilter(HOSTS)

    assert images.feed(text) == text
    assert images.is_idle


@pytest.mark.parametrize("unit", ["![", "![a](", "![a ", "![](<", "[a]: ", "<img ", "![\\", "!\n"])
def test_never_more_than_two_thousand_characters_wait(unit: str) -> None:
    """Whatever comes, and however much of it."""
    images = ImageFilter(HOSTS)
    text = (unit + "x" * 10) + unit * 5_000 + "x" * 1000
    out = images.feed(text)
    waiting = sum(map(len, images.held)) + len(images.rest)

    assert waiting <= HELD + AHEAD + 1 <= 2000
    assert len(out + images.finish()) >= len(text) - text.count("!")


def test_an_image_that_was_held_for_too_long_loses_its_destination() -> None:
    """Its ``!`` has gone out."""
    alt = "a" * 3000

    assert sent([f"![{alt}](//evil)"]) == f"![{alt}] (//evil)"


def source() -> Hit:
    text = "The book says so."
    passage = Passage(
        passage_id=UUID(int=1),
        page="page.md",
        title="Page",
        chapter="Chapter",
        url="https://own.example/page.html",
        ordinal=1,
        text=text,
        sections=(Section(0, "section", ("Page",)),),
        blocks=paragraphs(text),
    )
    return Hit(passage, 0.5, None)


def answer(pieces: Sequence[str]) -> tuple[str, list[Citation]]:
    stream = CitationStream([source()], lambda hit, _claim: (0, len(hit.passage.text)))
    safe = SafeText(stream, HOSTS)
    said = [(safe.feed(piece), safe.cited) for piece in pieces] + [(safe.finish(), safe.cited)]
    return "".join(text for text, _ in said), [one for _, cited in said for one in cited]


@pytest.mark.parametrize(
    ("written", "safe"),
    [
        ("So it is [1].\r\n", "So it is [1].\n"),
        ("Hidden [\u202e9].", "Hidden."),
        ("![a][9](//evil)", "[a](//evil)"),
        ("![a] [9](//evil)", "[a](//evil)"),
        ("! [9][a](//evil)", "[a](//evil)"),
        ("![a](/ [9]/evil)", "[a](//evil)"),
        ("![x][a]\n\n[a] [9]: //evil", "![x][a]\n\n[a] : //evil"),
        ("!\0[a](//evil)", "[a](//evil)"),
    ],
)
def test_what_is_dropped_joins_nothing(written: str, safe: str) -> None:
    """A dropped marker or control must not bring together an image, nor a marker."""
    assert answer([written])[0] == answer(list(written))[0] == safe


MODEL_TEXT = st.lists(
    NASTY | st.sampled_from(["[1]", " [9]", "[9]", "【9】", "\r", "\r\n", "\0", "\u202e", "\ud800"])
).map("".join)


@given(MODEL_TEXT, st.data())
def test_a_whole_answer_is_safe_however_it_comes(text: str, data: st.DataObject) -> None:
    """The laws of the parts hold for the whole."""
    out, citations = answer([text])

    assert answer(split(text, data)) == (out, citations)
    assert out == clean(out)
    assert foreign_images(out) == []


@given(st.lists(NASTY.filter(lambda text: not set(text) & set("`~")) | st.just("[1]")))
def test_a_citation_comes_with_the_end_of_its_marker(pieces: list[str]) -> None:
    """A page that shows the one finds the other, at any moment."""
    stream = CitationStream([source()], lambda hit, _claim: (0, len(hit.passage.text)))
    safe = SafeText(stream, HOSTS)
    shown, citations = "", 0
    for piece in [*pieces, None]:
        shown += safe.finish() if piece is None else safe.feed(piece)
        citations += len(safe.cited)

        assert bool(citations) == ("[1]" in shown)
