"""A link in a quote works where the quote is shown, or is no link."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.book import read_book
from agent.book.links import Site, resolved
from agent.windows import embedded_texts

BASE = "https://example.org/book"
URLS = {
    "index.md": f"{BASE}/index.html",
    "lamp.md": f"{BASE}/lamp.html",
    "care/wicks.md": f"{BASE}/care/wicks.html",
    "care/index.md": f"{BASE}/care/index.html",
}
SITE = Site(kind="mdbook", base_url=BASE, urls=URLS)
NOWHERE = Site(kind="mdbook", base_url=None, urls=dict.fromkeys(URLS))


@pytest.mark.parametrize(
    ("written", "shown", "without_a_site"),
    [
        ("See [oil](../lamp.md).", f"See [oil]({BASE}/lamp.html).", "See oil."),
        ("[oil](../lamp.md#grades)", f"[oil]({BASE}/lamp.html#grades)", "oil"),
        ("[oil](../lamp.html 'Oil')", f"[oil]({BASE}/lamp.html 'Oil')", "oil"),
        ("[`oil`](<../lamp.md>)", f"[`oil`]({BASE}/lamp.html)", "`oil`"),
        ("[care](./)", f"[care]({BASE}/care/index.html)", "care"),
        ("[below](#below)", f"[below]({BASE}/care/wicks.html#below)", "below"),
        ("[gone](gone.md)", "gone", "gone"),
        ("[out](../../secret.txt)", "out", "out"),
        ("[form](form%20a.pdf)", f"[form]({BASE}/care/form%20a.pdf)", "form"),
        ("[root](/all)", "[root](https://example.org/all)", "root"),
        ("![a wick](img/w.png)", f"![a wick]({BASE}/care/img/w.png)", "*a wick*"),
        ("a![](w.png)b", f"a![]({BASE}/care/w.png)b", "ab"),
        ("[![w](w.png)](../lamp.md)", f"[![w]({BASE}/care/w.png)]({BASE}/lamp.html)", "*w*"),
        ("![image]()", "*image*", "*image*"),
        ("[site](https://a.example)", "[site](https://a.example)", "[site](https://a.example)"),
        ("[mail](mailto:a@b.example)", "[mail](mailto:a@b.example)", "[mail](mailto:a@b.example)"),
        ("`[code](lamp.md)`", "`[code](lamp.md)`", "`[code](lamp.md)`"),
        ("```\n[code](lamp.md)\n```", "```\n[code](lamp.md)\n```", "```\n[code](lamp.md)\n```"),
        ("a[0](1) and v[i]", "a[0](https://example.org/book/care/1) and v[i]", "a0 and v[i]"),
    ],
)
def test_a_relative_link_becomes_an_address_or_its_text(
    written: str, shown: str, without_a_site: str
) -> None:
    """Of the page that it means, also where the book's tool writes no suffix."""
    assert resolved(written, path="care/wicks.md", site=SITE) == shown
    assert resolved(written, path="care/wicks.md", site=NOWHERE) == without_a_site


def test_docusaurus_renames_its_files() -> None:
    """So an image of it has no address that can be told."""
    site = Site(kind="docusaurus", base_url=BASE, urls=URLS)

    assert resolved("![a wick](img/w.png)", path="lamp.md", site=site) == "*a wick*"
    assert (
        resolved("[care](care/wicks)", path="lamp.md", site=site)
        == f"[care]({URLS['care/wicks.md']})"
    )


def test_the_site_s_address_changes_nothing_that_is_embedded(tmp_path: Path) -> None:
    """Setting BOOK_URL later costs no embedding, and its words are found by no search."""
    (tmp_path / "lamp.md").write_text("# Lamp\n\nSee [the *wick*](wick.md#trim), ![a wick](w.png).")
    (tmp_path / "wick.md").write_text("# Wick\n\n[Trim](https://a.example 'daily') it.")
    here, there = read_book(tmp_path), read_book(tmp_path, base_url=BASE)

    assert here.passages[0].text != there.passages[0].text
    assert [*map(embedded_texts, here.passages)] == [*map(embedded_texts, there.passages)]
    assert [p.indexed_text for p in here.passages] == [p.indexed_text for p in there.passages]
    assert "example" not in there.passages[1].indexed_text


@given(st.text("[]()!`<>\\ a.#/\n\"'"))
def test_what_is_no_link_stays(text: str) -> None:
    """A bracket needs its address right behind it."""
    text = text.replace("](", "] (")

    assert resolved(text, path="lamp.md", site=SITE) == text


@given(st.text("[]()!`<> a.#/\n"))
def test_a_second_look_changes_nothing(text: str) -> None:
    """Addresses and texts are settled, unless a text was a link itself."""
    once = resolved(text, path="lamp.md", site=SITE)
    twice = resolved(once, path="lamp.md", site=SITE)

    assert len(twice) <= len(once) + len(BASE) * text.count("](")
