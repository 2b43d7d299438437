"""How well the check of an answer's sentences tells true from false, on sentences made of a book.

    python -m bench.support --questions answerable.jsonl.gz --corpus corpus.jsonl.gz

The sentence that holds a question's answer, with 25 % of its words dropped, is held against its own
paragraph (kept: support of at least .5), against another paragraph of the same article (rejected:
less), and with a number altered against its own (caught: the number is missed; below .8 as an
earlier measurement had it). Real answers paraphrase more and score lower. Prints shares and µs.
"""

import argparse
import gzip
import json
import math
import random
import re
import timeit
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from agent.index import Hit
from agent.passages import Passage, Section, paragraphs
from agent.quotes import Weigh
from agent.sentences import NUMBER, Claim, claims
from agent.support import WEAK, Read, support
from agent.terms import vocabulary

DROPPED = 0.25  # of a sentence's words


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--corpus", type=Path, required=True)
    options = parser.parse_args()
    books: dict[str, list[Hit]] = defaultdict(list)
    hits: dict[str, Hit] = {}
    for number, row in enumerate(read(options.corpus)):
        hits[row["id"]] = hit(number, row)
        books[row["book"]].append(hits[row["id"]])
    measure(read(options.questions), hits, books, weights([*hits.values()]))


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def hit(number: int, row: dict[str, Any]) -> Hit:
    section = Section(0, "", (row["book"].replace("_", " "),))
    passage = Passage(
        passage_id=UUID(int=number),
        page=row["book"],
        title=row["book"],
        chapter=row["book"],
        url=None,
        ordinal=number,
        text=row["text"],
        sections=(section,),
        blocks=paragraphs(row["text"]),
    )
    return Hit(passage, 1.0, None)


def weights(hits: Sequence[Hit]) -> Weigh:
    """BM25's IDF over the paragraphs."""
    frequency = Counter(stem for h in hits for stem in vocabulary(h.passage.indexed_text))
    return lambda stem: math.log(1 + (len(hits) - frequency[stem] + 0.5) / (frequency[stem] + 0.5))


def measure(
    rows: Sequence[dict[str, Any]],
    hits: dict[str, Hit],
    books: dict[str, list[Hit]],
    weigh: Weigh,
) -> None:
    dice = random.Random(1)  # noqa: S311 - repeatable on purpose
    kept, rejected, altered, low, checked = [], [], [], [], []
    for row in rows:
        own = hits[row["doc"]]
        others = [other for other in books[own.passage.page] if other is not own]
        sentence = holding(own.passage.text, row["answers"])
        if sentence is None or not others:
            continue
        claim = Claim(thinned(sentence, dice))
        checked.append((claim, [Read.of(own)]))
        kept.append(not support(claim, [Read.of(own)], weigh).is_weak)
        wrong = Read.of(dice.choice(others))
        rejected.append(support(claim, [wrong], weigh).is_weak)
        changed = with_another_number(claim, dice)
        if changed:
            given = support(changed, [Read.of(own)], weigh)
            altered.append(given.lacks_number)
            low.append(given.share < 0.8)
    print(f"true sentences kept        {share(kept)}")
    print(f"wrong paragraphs rejected  {share(rejected)}")
    print(f"altered numbers caught     {share(altered)}; below .8: {share(low)}")
    cost = timeit.repeat(lambda: [support(c, r, weigh) for c, r in checked], number=1, repeat=5)
    print(f"{min(cost) / len(checked) * 1e6:.0f} µs a sentence (weak below {WEAK})")


def holding(text: str, answers: Sequence[str]) -> str | None:
    """The first sentence with an answer in it."""
    return next((c.text for c in claims(text, ()) if any(a in c.text for a in answers)), None)


def thinned(sentence: str, dice: random.Random) -> str:
    words = sentence.split()
    left_out = set(dice.sample(range(len(words)), int(len(words) * DROPPED)))
    return " ".join(word for at, word in enumerate(words) if at not in left_out)


def with_another_number(claim: Claim, dice: random.Random) -> Claim | None:
    """The sentence with one digit of a number changed; ``None`` without a number."""
    found = NUMBER.search(claim.text)
    if not found:
        return None
    at = found.start() + dice.choice([m.start() for m in re.finditer(r"\d", found[0])])
    digit = dice.choice([d for d in "123456789" if d != claim.text[at]])
    return Claim(f"{claim.text[:at]}{digit}{claim.text[at + 1 :]}")


def share(outcomes: Sequence[bool]) -> str:
    return f"{sum(outcomes)}/{len(outcomes)} = {sum(outcomes) / len(outcomes):.3f}"


if __name__ == "__main__":
    main()
