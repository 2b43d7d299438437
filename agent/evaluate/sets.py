"""The labelled sets: a book, and questions of which it is known where the answer stands.

Each comes as a ``Book`` of passages and a list of ``Gold``; knows no measure and no agent.
"""

import gzip
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal
from uuid import UUID, uuid5

from attrs import field

from agent.book import Book, Page, read_book
from agent.passages import Passage, Section, paragraphs
from records import frozen

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
HANDBOOK = ROOT / "docs"
DATA = ROOT.parent / "shared" / "data"
_NAMESPACE = UUID("0b9f6a0e-55b1-4b8f-8d9c-1f5f3d8f5a11")

Kind = Literal["answerable", "off_book", "adversarial"]


class SetMissing(Exception):
    """The data of a set is not there; the message says where it was looked for."""


@frozen(kw_only=True)
class Gold:
    """A question, and where its answer stands.

    An *adversarial* one is about something that the book has, and asks what it does not say.
    """

    question: str
    kind: Kind = "answerable"
    pages: tuple[str, ...] = ()  # of the source file; a prefix is enough where pages are prefixes
    answers: tuple[str, ...] = ()  # any of these words holds the answer; empty: any of the page

    def is_of(self, page: str) -> bool:
        """Whether *page* is one that answers."""
        return any(page.startswith(prefix) for prefix in self.pages)

    def is_in(self, text: str) -> bool:
        """Whether *text* holds one of the answers, markup aside."""
        words = plain(text)
        return not self.answers or any(plain(answer) in words for answer in self.answers)


@frozen(kw_only=True)
class QuestionSet:
    """A book with its questions."""

    name: str
    book: Book = field(repr=False)
    questions: tuple[Gold, ...] = field(repr=False)
    ranks_pages: bool = False  # whether a question has several gold pages, to be ranked


def plain(text: str) -> str:
    """*text* without markup and case, to look for words in."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"\s+", " ", re.sub(r"[*_`>|]", "", text)).strip().lower()


def read_set(name: str, *, data: Path = DATA, book: Path | None = None) -> QuestionSet:
    """The set *name*: one of ``SETS``, or a file of questions about *book*.

    A file has a JSON object a line: ``question``, and for an answerable one ``page`` and
    ``answer``. Raises ``SetMissing`` and ``agent.book.BookUnreadable``.
    """
    try:
        return SETS[name](data) if name in SETS else _own(Path(name), book or HANDBOOK)
    except FileNotFoundError as missing:
        raise SetMissing(f"The set {name!r} needs {missing.filename}.") from None


def _handbook(_data: Path) -> QuestionSet:
    return QuestionSet(
        name="handbook",
        book=read_book(HANDBOOK),
        questions=_golds(HERE / "handbook.jsonl"),
    )


def _own(file: Path, book: Path) -> QuestionSet:
    return QuestionSet(name=file.stem, book=read_book(book), questions=_golds(file))


def _golds(file: Path) -> tuple[Gold, ...]:
    return tuple(
        Gold(question=row["question"], pages=(row["page"],), answers=(row["answer"],))
        if row.get("page")
        else Gold(question=row["question"], kind="off_book")
        for row in _rows(file)
    )


def _rust_book(data: Path) -> QuestionSet:
    folder = data / "rustbook"
    asked = [
        Gold(
            question=row["question"],
            pages=(row["file_prefix"],),
            answers=(row["evidence"],),
        )
        for row in _rows(folder / "qa.jsonl.gz")
    ]
    off_book = [
        Gold(question=row["question"], kind="off_book")
        for row in _rows(folder / "off_book.jsonl.gz")
    ]
    return QuestionSet(name="rustbook", book=read_book(folder), questions=(*asked, *off_book))


def _squad(data: Path) -> QuestionSet:
    folder = data / "squad2"
    documents = [row for row in _rows(folder / "corpus.jsonl.gz") if row["id"].startswith("dev:")]
    known = {row["id"] for row in documents}
    asked = [
        Gold(question=row["question"], pages=(row["doc"],), answers=tuple(row["answers"]))
        for row in _rows(folder / "answerable.jsonl.gz")
        if row["doc"] in known
    ]
    off_book = [
        Gold(question=row["question"], kind="off_book")
        for row in _rows(folder / "out_of_book.jsonl.gz")
    ]
    adversarial = [
        Gold(question=row["question"], kind="adversarial")
        for row in _rows(folder / "adversarial_unanswerable.jsonl.gz")
        if row["near_doc"] in known
    ]
    texts = [(row["id"], row["book"].replace("_", " "), row["text"]) for row in documents]
    return QuestionSet(
        name="squad",
        book=_book("SQuAD 2.0", texts),
        questions=(*asked, *off_book, *adversarial),
    )


def _scifact(data: Path) -> QuestionSet:
    folder = data / "scifact"
    relevant: dict[str, list[str]] = {}
    for line in (folder / "qrels-test.tsv").read_text().splitlines()[1:]:
        query, document, score = line.split("\t")
        if int(score) > 0:
            relevant.setdefault(query, []).append(document)
    asked = tuple(
        Gold(question=row["text"], pages=tuple(relevant[row["id"]]))
        for row in _rows(folder / "queries.jsonl.gz")
        if row["id"] in relevant
    )
    corpus = _rows(folder / "corpus.jsonl.gz")
    texts = [(row["id"], row["title"], row["text"]) for row in corpus]
    return QuestionSet(
        name="scifact", book=_book("SciFact", texts), questions=asked, ranks_pages=True
    )


def _book(name: str, documents: Sequence[tuple[str, str, str]]) -> Book:
    """Each document (page, title, text) a passage of its own, as these sets are defined."""
    passages = [_passage(at, *document) for at, document in enumerate(documents)]
    pages = [
        Page(path=p.page, title=p.title, chapter=p.chapter, url=None, markdown=p.text)
        for p in passages
    ]
    return Book(name=name, pages=tuple(pages), passages=tuple(passages), warnings=())


def _passage(ordinal: int, page: str, title: str, text: str) -> Passage:
    return Passage(
        passage_id=uuid5(_NAMESPACE, page),
        page=page,
        title=title,
        chapter=title,
        url=None,
        ordinal=ordinal,
        text=text,
        sections=(Section(0, "", (title,)),),
        blocks=paragraphs(text),
    )


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    raw = file.read_bytes()
    text = gzip.decompress(raw) if file.suffix == ".gz" else raw
    return (json.loads(line) for line in text.splitlines() if line.strip())


SETS: Mapping[str, Callable[[Path], QuestionSet]] = {
    "handbook": _handbook,
    "rustbook": _rust_book,
    "squad": _squad,
    "scifact": _scifact,
}
