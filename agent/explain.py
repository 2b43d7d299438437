"""Questions such as "what does this mean?", and what the book itself says of the selection then.

Pure; knows neither index nor model.
"""

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from agent import followup
from agent.citations import has_marker
from agent.followup import LONGEST as ASKED
from agent.followup import WORD, Turn
from agent.index import Hit
from agent.quotes import Unit, Weigh, fitting
from agent.selection import Located
from agent.terms import stems, vocabulary
from agent.windows import LONGEST, units

OWN = 1  # words of its own that a question about a selection may have
# How others than English ask what something means, by language; English is ``followup``'s.
MEANING = """
was bedeutet heißt heisst meint das dies dieses diese dieser den der die es ist hier gemeint damit
text satz absatz abschnitt stelle erkläre erklär erklären mir uns bitte kannst können du sie
que qu quoi est ce ça c ceci cela cette ces le la l veut dire signifie explique expliquez expliquer
moi nous passage texte phrase peux tu pouvez vous
qué significa quiere decir esto eso esta este el explica explícame explicame explicar me puedes
puede por favor texto frase es
che cosa cos vuol questo questa ciò spiega spiegami spiegare mi puoi può testo è il
o isto isso quer dizer pode você é
wat betekent dit dat leg uit uitleggen kun je kunt u mij is bedoeld mee zin tekst
co to znaczy oznacza wyjaśnij wytłumacz
что это значит означает объясни объясните поясни мне этот текст
bu ne demek anlama geliyor açıkla anlat bunu nedir
ما ماذا معنى يعني هذا هذه اشرح لي ذلك النص
اس یہ کا کی کے مطلب معنی کیا ہے ہیں سمجھائیں سمجھاؤ وضاحت کریں کرو مجھے
इसका यह इस का क्या मतलब अर्थ है समझाओ समझाइए समझाएं मुझे इसे करें
什么意思 是什么意思 这是什么意思 这什么意思 这是什么 解释 请解释 解释一下 请解释一下 解释这个
這是什麼意思 什麼意思 解釋 請解釋 解釋一下
これはどういう意味ですか どういう意味 どういう意味ですか これは何ですか 説明して 説明してください
이게 무슨 뜻이에요 뜻인가요 뜻이야 설명해줘 설명해 주세요 이것은 무엇인가요 뭐야
"""
ELSEWHERE = followup.ELSEWHERE | frozenset(MEANING.split())
BLOCKS = 4  # of a long selection
TELLING = 6  # words of a selection that are looked for elsewhere
OTHERS = 2  # quotes beside the selection's own
RARE = 0.6  # of the rarest one's weight: another quote has such a word
DEFINED = 0.6  # what a unit's fit gains by a sentence that says what a telling word is
NOWHERE = ""  # a stem that no book has
# "The vaporiser is …", "Ownership rules are …": what is defined stands before the verb.
DEFINITION = re.compile(
    r"(?:^|[.!?]\s+)[\"“*_`]{0,3}((?:[\w’'*_`-]{1,40}\s+){1,5})"
    r"(?:is|are|means?|refers?\s+to|denotes?|consists?\s+of|(?:is|are)\s+called)\b"
)


def explains(question: str, selection: str) -> bool:
    """Whether *question* is about the selection and nothing else: "Explain this", "why?".

    One word of its own is allowed where it points: "Is this dangerous?".
    """
    if ELSEWHERE.issuperset(WORD.findall(question[:ASKED].lower())):
        return True
    search = followup.search(question, (Turn(selection, ""),))
    return bool(search.carried) and len(search.own) <= OWN


def explanation(located: Located, hits: Sequence[Hit], weigh: Weigh) -> list[tuple[Hit, Unit]]:
    """The blocks that the selection stands in, then at most two that explain it."""
    text = located.hit.passage.text
    start, end = _around(located)
    own = Unit(start, end, located.hit.score)
    telling = _telling(text[located.start : located.end], weigh)
    rarest = max(telling.values(), default=0.0)
    rare = {stem for stem, weight in telling.items() if weight >= RARE * rarest}
    others = [
        (hit, Unit(unit.start, unit.end, unit.fit + DEFINED * _defines(quote, rare)))
        for hit in hits
        for unit in fitting(hit, telling)
        if not (hit.passage == located.hit.passage and unit.start < end and start < unit.end)
        and not rare.isdisjoint(vocabulary(quote := hit.passage.text[unit.start : unit.end]))
    ]
    others.sort(key=lambda pair: -pair[1].fit)
    first = [] if has_marker(text[start:end]) else [(located.hit, own)]
    return first + others[:OTHERS]


def _around(located: Located) -> tuple[int, int]:
    """The whole blocks around the selection; the one below it if it is a heading."""
    spans = list(units(located.hit.passage)) or [(0, min(len(located.hit.passage.text), LONGEST))]
    inside = [at for at in spans if at[0] < located.end and located.start < at[1]]
    below = [at for at in spans if at[0] >= located.start] or spans[-1:]
    chosen = [at for at in inside[:BLOCKS] if at[1] - inside[0][0] <= LONGEST] or below[:1]
    return chosen[0][0], chosen[-1][1]


def _telling(selection: str, weigh: Weigh) -> dict[str, float]:
    """The rarest words of *selection* that the book has, with their weights."""
    known = {stem: weigh(stem) for stem in dict.fromkeys(stems(selection))}
    unknown = weigh(NOWHERE) if len(set(known.values())) > 1 else float("inf")
    rarest = sorted((stem for stem in known if known[stem] < unknown), key=lambda s: -known[s])
    return {stem: known[stem] for stem in rarest[:TELLING]}


def _defines(quote: str, wanted: AbstractSet[str]) -> bool:
    """Whether a sentence of *quote* says what one of the words is."""
    return any(not wanted.isdisjoint(stems(found[1])) for found in DEFINITION.finditer(quote))
