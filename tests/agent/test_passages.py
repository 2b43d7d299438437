"""Pages are cut into passages: laws for every page, and how a few particular ones fall."""

import re
from itertools import count, pairwise
from pathlib import Path
from time import process_time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agent.book import BookUnreadable, read_book
from agent.book.blocks import outline
from agent.book.cut import MAXIMUM, Piece, cut
from agent.passages import words
from tests.agent.bookshelf import DOCUSAURUS, MDBOOK, MKDOCS, write

WORDS = ("robot", "`walk()`", "slowly", "e.g.", "then", "stops.", "It", "100%", "漢字", "why?")


def prose(length: int) -> str:
    return " ".join(WORDS[n % len(WORDS)] for n in range(length))


def lined(text: str) -> str:
    return re.sub(r"((?:\S+ ){9})", r"\1\n", text)


lengths = st.one_of(st.integers(1, 30), st.integers(50, 400), st.just(900))
titles = st.sampled_from(["Walking", "`Legs` & *arms*", "Walking", "What’s new?", "—", "Über uns"])
headings = st.builds(lambda level, title: f"{'#' * level} {title}", st.integers(1, 4), titles)
paragraphs = lengths.map(prose).map(lined)
fences = st.builds(
    lambda fence, lines: f"{fence}python\n" + "\n".join(lines) + f"\n{fence}",
    st.sampled_from(["```", "~~~~"]),
    st.lists(st.sampled_from(["# comment", "", "x = 1", "- y", "```"[:2], "    z"]), max_size=200),
)
lists = st.lists(lengths.map(prose), min_size=1, max_size=8).map(
    lambda i: "\n".join(f"- {x}" for x in i)
)
tables = st.integers(1, 200).map(lambda n: "| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * n)
quotes = st.lists(paragraphs, min_size=1, max_size=3).map(
    lambda ps: "\n>\n".join("> " + p.replace("\n", "\n> ") for p in ps)
)
others = st.sampled_from(["Such as:", "**Note**", "---", "<table>\n<tr></tr>\n</table>", "[a]: b"])
pages = st.lists(
    st.one_of(headings, headings, paragraphs, fences, lists, tables, quotes, others), max_size=25
).map("\n\n".join)
# Anything at all, made of what Markdown treats as special.
scraps = st.text(alphabet="ab #*->`~|:[](){}!<\\/\n\n\t\"'&_=1.\u2028\u3000漢", max_size=300)


def pieces_of(markdown: str, title: str = "Title") -> list[Piece]:
    return cut(outline(markdown, "plain"), title)


def compact(text: str) -> str:
    return re.sub(r"\s", "", text)


@settings(max_examples=80, deadline=None)
@given(st.one_of(pages, scraps))
@example("")
@example("---\n\n---")
@example("- \n\n    - ```\n")
def test_the_passages_of_a_page_are_the_page(markdown: str) -> None:
    """All of it, in order, word for word; and so are the blocks of each passage."""
    page = outline(markdown, "plain")
    pieces = cut(page, "Title")

    assert compact("".join(piece.text for piece in pieces)) == compact(page.markdown)
    for piece in pieces:
        assert piece.text in page.markdown
        blocks = "".join(piece.text[block.start : block.end] for block in piece.blocks)
        assert compact(blocks) == compact(piece.text)


@settings(max_examples=80, deadline=None)
@given(st.one_of(pages, scraps))
def test_blocks_and_sections_lie_where_they_say(markdown: str) -> None:
    """Blocks never overlap and have no blank lines around; a section begins with its heading."""
    for piece in pieces_of(markdown):
        bounds = [at for block in piece.blocks for at in (block.start, block.end)]
        assert sorted(bounds) == bounds
        assert (bounds[0], bounds[-1]) == (0, len(piece.text))
        for block in piece.blocks:
            text = piece.text[block.start : block.end]
            assert text == text.rstrip()
            assert text.split("\n")[0].strip()
        starts = [section.start for section in piece.sections]
        assert starts[0] == 0
        assert all(before < after for before, after in pairwise(starts))
        opened = {block.start for block in piece.blocks if block.kind == "heading"}
        assert set(starts[1:]) <= opened <= set(starts)


@settings(max_examples=80, deadline=None)
@given(st.one_of(pages, scraps))
def test_no_passage_is_longer_than_the_maximum_but_a_single_block(markdown: str) -> None:
    for piece in pieces_of(markdown):
        kinds = [block.kind for block in piece.blocks]
        assert words(piece.text) <= MAXIMUM or (len(kinds) == 1 and kinds != ["paragraph"])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(fences, st.one_of(paragraphs, headings)), max_size=8))
def test_a_code_fence_is_never_cut(parts: list[tuple[str, str]]) -> None:
    numbers = count()
    marked = [(fence.replace("python", f"py{next(numbers)}", 1), text) for fence, text in parts]
    pieces = pieces_of("\n\n".join(f"{fence}\n\n{text}" for fence, text in marked))
    blocks = [p.text[b.start : b.end] for p in pieces for b in p.blocks if b.kind == "code"]

    assert blocks == [fence for fence, _ in marked]


@settings(max_examples=40, deadline=None)
@given(st.lists(titles, min_size=1, max_size=12), st.sampled_from(["mdbook", "mkdocs", "plain"]))
def test_every_heading_has_its_own_anchor(texts: list[str], kind: str) -> None:
    markdown = "\n\n".join(f"## {text}" for text in texts)
    anchors = [heading.anchor for heading in outline(markdown, kind).headings]  # type: ignore[arg-type]  # a Kind

    assert len(set(anchors)) == len(texts)
    assert "" not in anchors


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["a.md", "b.mdx", "c.txt", "d.html", "e.ipynb", "f.pdf", "SUMMARY.md"]),
        st.one_of(pages.map(str.encode), scraps.map(str.encode), st.binary(max_size=200)),
        max_size=3,
    ),
    st.sampled_from([{}, MDBOOK, MKDOCS, DOCUSAURUS]),
    st.one_of(scraps.map(str.encode), st.just(b"")),
)
def test_reading_any_files_gives_a_book_or_says_why_not(
    tmp_path_factory: pytest.TempPathFactory,
    files: dict[str, bytes],
    book: dict[str, str],
    front: bytes,
) -> None:
    """Whatever is in them, nothing else is raised, and ids and ordinals never repeat."""
    folder = "src" if book is MDBOOK else "docs"
    front = b"---\n" + front + b"\n---\n" if front else b""
    page = {f"{folder}/page.md": front + b"".join(files.values())}
    placed = {f"{folder}/{name}": content for name, content in files.items()}
    root = write(tmp_path_factory.mktemp("book"), {**placed, **page, **book})
    try:
        passages = read_book(root, base_url="https://e.org").passages
    except BookUnreadable:
        return

    assert len({passage.passage_id for passage in passages}) == len(passages)
    assert [passage.ordinal for passage in passages] == list(range(len(passages)))


def shape(markdown: str) -> list[tuple[int, str]]:
    """The words of each passage, and how its first section is headed."""
    return [(words(p.text), p.sections[0].heading_path[-1]) for p in pieces_of(markdown)]


def test_short_sections_of_one_parent_share_a_passage(tmp_path: Path) -> None:
    sections = "".join(f"## S{n}\n\n{prose(48)}\n\n" for n in range(6))
    passages = read_book(write(tmp_path, {"a.md": f"# T\n\n{sections}"})).passages

    assert [len(passage.sections) for passage in passages] == [4, 3]
    assert passages[0].section_at(len(passages[0].text) - 1).heading_path == ("T", "S2")
    assert passages[1].sections[0].heading_path == ("T", "S3")


def test_sections_of_different_parents_do_not_share_a_passage() -> None:
    """Not even where one is short; but it goes on with its own parent's text, if that fits."""
    two = f"### A1\n\n{prose(30)}\n\n## B\n\n{prose(70)}"

    assert [path for _, path in shape(f"## A\n\n{prose(300)}\n\n{two}")] == ["A", "A1", "B"]
    assert [path for _, path in shape(f"## A\n\n{prose(250)}\n\n{two}")] == ["A", "B"]


def test_passages_are_near_the_target_and_no_stub_is_left() -> None:
    assert [length for length, _ in shape("\n\n".join([prose(50)] * 9))] == [200, 250]
    assert [length for length, _ in shape("\n\n".join([prose(90)] * 5))] == [180, 180, 90]


@pytest.mark.parametrize(
    ("announcement", "announced"),
    [
        ("These are they:", "\n".join(["- one"] * 40)),
        ("**These:**", "\n".join(["> one"] * 40)),
        ("**These**", "| a |\n|---|\n" + "| 1 |\n" * 40),
        ("## These", prose(80)),
        ("Listing 1: These", "```\n" + "1 + 1\n" * 40 + "```"),
    ],
)
def test_what_is_announced_stays_with_its_announcement(announcement: str, announced: str) -> None:
    """Without that, its first lines would fill up the passage before."""
    last = pieces_of(f"## One\n\n{prose(190)}\n\n{announcement}\n\n{announced}")[-1]

    assert last.text == f"{announcement}\n\n{announced}".rstrip()


def test_only_prose_lists_and_quotations_are_cut_inside() -> None:
    """A paragraph at sentences, then at words; a list at its items; a table never."""
    sentences = "Robots walk slowly over the hill. " * 200
    items = "\n".join(f"- {prose(90)}" for _ in range(8))
    quote = "\n>\n".join(f"> {prose(150)}" for _ in range(4))
    table = "| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 200

    assert all(p.text.endswith("hill.") for p in pieces_of(sentences))
    assert [n for n, _ in shape("word " * 1000)] == [200] * 5
    assert [p.text.count("\n- ") + 1 for p in pieces_of(items)] == [2, 2, 2, 2]
    assert all(p.text.startswith("> ") for p in pieces_of(quote))
    assert len(pieces_of(quote)) == 4
    assert len(pieces_of(table)) == 1


def test_languages_without_spaces_are_cut_too() -> None:
    pieces = pieces_of("机器人慢慢地走过山坡。" * 300)

    assert len(pieces) > 5
    assert all(piece.text.endswith("。") for piece in pieces)


def test_an_edit_leaves_the_ids_of_other_sections_alone(tmp_path: Path) -> None:
    def ids(first: str) -> set[str]:
        page = f"# T\n\n## First\n\n{first}\n\n## Second\n\n{prose(500)}"
        book = read_book(write(tmp_path, {"a.md": page, "b.md": prose(100)}))
        return {str(p.passage_id) for p in book.passages if p.sections[0].anchor != "t"}

    before = ids(prose(300))
    after = ids(f"{prose(900)}\n\nOne more.")

    assert before <= after
    assert before != after


@pytest.mark.parametrize(
    "line",
    [
        "[",
        "> ",
        "- ",
        ">\n",
        "`",
        "<a ",
        "<!--",
        "{/*",
        "# ",
        "1. ",
        "\\",
        "*a _b ",
        "{{#a ",
        "<a {",
    ],
)
@pytest.mark.parametrize("suffix", ["md", "mdx"])
def test_endless_markup_takes_linear_time(tmp_path: Path, line: str, suffix: str) -> None:
    """40,000 characters take a tenth of a second; where that was quadratic, it took minutes."""
    write(tmp_path, {f"a.{suffix}": line * (40_000 // len(line)) + "\n\nend"})
    started = process_time()
    book = read_book(tmp_path)

    assert book.passages[-1].text.endswith("end")
    assert process_time() - started < 3
