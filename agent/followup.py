"""Questions that lean on what was asked before, and what is searched for them. Pure, no model.

"And how do I undo that?" finds nothing by its own words. Closed lists of English words decide
whether a question refers back; of other languages they know what a bare "why?" is. An error costs
little: the words of earlier questions count less than those of the new one.
"""

import re
from collections.abc import Sequence
from functools import cache
from itertools import chain, dropwhile

from attrs import evolve

from agent.quotes import Weigh
from agent.ranking import Asked, confidence
from agent.retrieval import Evidence
from agent.terms import STOP_WORDS, stems, vocabulary
from records import frozen

CARRIED = 0.5  # what a word of an earlier question counts against one of the new question
STEPS = 3  # follow-ups that are walked back through
LONGEST = 500  # characters that are looked at of each question
FEW = 3  # content words up to which an opening alone makes a follow-up
MANY = 12  # content words that say enough by themselves, whatever they point at
STRANGE = 0.5  # of the new words' weight may be unknown to the book
NOWHERE = ""  # a stem that no book has


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Talk about the talk: to search for these says nothing.
TALK = _listed("""
    actually afterwards again ah also answer anything anyway bit brief briefly clarify confused
    continue could detail detailed details elaborate elaboration else even ever everything exactly
    example examples expand explain explanation fine following further general give go great happen
    happened happens help hm hmm idea instance instead know like little look lot many may maybe mean
    means might much need nope oh ok okay please practice question really repeat rest right say see
    shall short shorter show simple simpler simply something still stuff summarise summarize summary
    sure tell thank thanks thing things think understand us want way ways well word words would yeah
    yep yes
    """)
# What is always of something, or how many; alone, of what was asked before.
OF_SOMETHING = _listed("""
    advantage advantages alternative alternatives benefit benefits best better case cases caveat
    caveats cheaper code consequence consequences cost costs difference differences disadvantage
    disadvantages downside downsides drawback drawbacks easier exception exceptions fast faster few
    four good important kind kinds limitation limitations next opposite output point pros cons
    purpose reason reasons rule rules safe safer several situation situations slower step steps
    syntax three two use useful work works worse
    """)
ELSEWHERE = _listed("""
    warum wieso weshalb und ja nein mehr noch ein beispiel beispiele zum weiter wie genau bitte
    pourquoi et oui non plus exemple exemples comment encore un por qué que y sí si más mas ejemplo
    ejemplos cómo como otro perché perche e di più esempio esempi come porquê porque mais exemplo
    sim não um waarom en nee meer voorbeeld dlaczego tak nie więcej przykład почему зачем и да нет
    ещё еще пример примеры как neden niçin ve evet hayır daha örnek لماذا كيف نعم لا مثال المزيد
    کیوں کیسے ہاں نہیں مزید اور क्यों कैसे हाँ नहीं उदाहरण और 为什么 为什麼 怎么 是的 更多 例子 举个例子
    なぜ どうして はい もっと 例 왜 네 예 더
    """)
VAGUE = TALK | ELSEWHERE | OF_SOMETHING | _listed("get keep one put rid")
ASIDE = _listed("ah fine great hm hmm i no oh ok okay right see thank thanks yes you")
THANKS = _listed("thank thanks")
OPENING = _listed("also and but if or otherwise plus so then")
ABOUT = re.compile(r"(?:what|how) (?:about|if|of)\b|why not\b|as for\b|same\b")
WITHIN = _listed("after at before between for from in inside on outside to with without")
ASKING = _listed(
    "are can could did do does how is must should was were what when where which who why"
)
POINTERS = _listed("""
    he her him his it its itself one ones she that their theirs them there these they this those
    """)
OBJECTS = _listed("it its one ones that them these this those")  # of what is done to them
ITSELF = _listed("book docs documentation guide handbook manual site that tutorial which who")
# Around "that" where it points; elsewhere it joins: "sure that …", "the value that …".
JOINED = _listed(
    "all except given it know mean means now say see show so such sure think understand"
)
PLACED = _listed("""
    again and as at be better but by faster for from happen happens if in instead into less like
    mean means more not of on or than to too when while with without work works
    """)
SINGLED = _listed("a an another first last other second that the third this which")
EXISTS = _listed("are be can could if is s was were")
CLAUSE = _listed("""
    after and as because before but how if once or so that then until when where which while why
    """)
DETERMINER = _listed("a an another any each every my some the")
EXPLETIVE = re.compile(
    r"\bit (?:\w+ )?(?:allowed|best|better|common|fine|necessary|ok|okay|possible|true|worth)\b"
    r"|\bmakes? it \w+ to\b|\bdoes it (?:make sense to|mean (?:for|if|that|to|when)|take to)\b"
)
REFERRING = re.compile(
    r"\b(?:anything|how|something|what|where|which|who) else\b|\bthe (?:former|latter)\b"
    r"|\b(?:do|does|for|is|the) the same\b|\bthe same (?:for|in|thing|way|with)\b"
    r"|\byou (?:mean|meant|mentioned|said|say|wrote)\b|\b(?:both|either|instead|myself|too)$"
    r"|\b(?:above|earlier|last|previous) (?:answer|example|point|question)\b"
)
# A backtick, or a word; Hindi's vowel signs are no letters to Python.
WORD = re.compile(r"`|[^\W_](?:[\u0900-\u0963]|[^\W_])*")


@frozen
class Turn:
    """An earlier exchange of the conversation; *response* is empty where it failed."""

    query: str
    response: str


def refers_back(question: str) -> bool:
    """Whether *question* leans on an earlier one. Linear time.

    It has hardly a word of its own, or opens like a continuation, or points at what is not in it.
    """
    words = _words(question)
    rest = list(dropwhile(ASIDE.__contains__, words))
    if not rest:
        return bool(words) and THANKS.isdisjoint(words)
    own = _content(words)
    if not own:  # "Can you give an example?", but not "Who are you?"
        return "you" not in rest or not TALK.isdisjoint(rest)
    return len(own) <= MANY and (
        OF_SOMETHING.issuperset(own)
        or (len(own) <= FEW and _continues(rest))
        or bool(REFERRING.search(" ".join(words)))
        or bool(_pointers(words))
    )


def _words(text: str) -> list[str]:
    return WORD.findall(text[:LONGEST].lower())


def _content(words: Sequence[str]) -> list[str]:
    """What says something for itself; beside code, marked by backticks, every word does."""
    if "`" in words:
        return list(words)
    return [w for w in words if w not in STOP_WORDS and w not in TALK and w not in ELSEWHERE]


def _continues(words: Sequence[str]) -> bool:
    if words[0] in OPENING or ABOUT.match(" ".join(words[:3])):
        return True
    return words[0] in WITHIN and ASKING.isdisjoint(words)


def _pointers(words: Sequence[str]) -> list[int]:
    """Where the words stand that mean something outside the question."""
    if EXPLETIVE.search(" ".join(words)):
        return []
    return [at for at, word in enumerate(words) if word in POINTERS and _points(words, at)]


def _points(words: Sequence[str], at: int) -> bool:
    before = words[at - 1] if at else ""
    after = words[at + 1] if at + 1 < len(words) else ""
    match words[at]:
        case "it" | "its" | "itself" | "they" | "them" | "their" | "theirs":
            return not _is_named(words, at)
        case "that":
            free = not before or before in STOP_WORDS or before in TALK
            return (free and before not in JOINED) or not after or after in PLACED
        case "this" | "these" | "those":
            return after not in ITSELF
        case "one":
            singled = at > 1 and words[at - 2] in DETERMINER and not before.endswith("s")
            return singled or before in SINGLED or not after
        case "there":
            return before not in EXISTS and after not in EXISTS
    return True


def _is_named(words: Sequence[str], at: int) -> bool:
    """Whether an earlier clause names what the pronoun stands for: "… a value once I drop it"."""
    clause = next((i for i in range(at - 1, 0, -1) if words[i] in CLAUSE), 0)
    earlier = words[:clause]
    content = _content(earlier)
    if words[at].startswith("th"):
        return any(word.endswith("s") for word in content)
    return len(content) > 1 or not DETERMINER.isdisjoint(earlier)


@frozen
class Search:
    """What is searched for a question; *carried* is empty unless it refers back."""

    text: str
    own: frozenset[str] = frozenset()  # stems that bring a subject of their own
    done: frozenset[str] = frozenset()  # stems of what is done to "it": the gate overlooks them
    carried: frozenset[str] = frozenset()  # stems of the earlier subject

    def judge(self, evidence: Evidence) -> Evidence:
        """*evidence*, through the gate of a follow-up if this is one.

        New words that the book lacks are another subject, however well the old ones are covered.
        """
        if not self.carried:
            return evidence
        found, weigh = evidence.retrieved, self.weigh(evidence.weigh)
        wanted = [Asked(tuple(self.own), weigh)]
        if not self._is_strange(evidence):
            wanted.append(Asked((*self.own, *self.carried), weigh))
        hits = tuple(
            evolve(hit, score=max(confidence(hit, by) for by in wanted)) for hit in found.hits
        )
        return evolve(evidence, retrieved=evidence.gate.judge(hits, found.degraded))

    def weigh(self, by: Weigh) -> Weigh:
        """What a stem of ``text`` tells: as *by* has it, but less where it is carried over."""
        if not self.carried:
            return by

        def weigh(stem: str) -> float:
            if stem in self.own or stem in self.done:
                return by(stem)
            return CARRIED * by(stem) if stem in self.carried else 0.0

        return weigh

    def _is_strange(self, evidence: Evidence) -> bool:
        """Whether the book lacks most of the new words, by weight."""
        hits, weigh = evidence.retrieved.hits, evidence.weigh
        found = set(chain.from_iterable(vocabulary(hit.passage.indexed_text) for hit in hits))
        weights = {stem: weigh(stem) for stem in self.own}
        unknown = (stem for stem in self.own - found if weights[stem] >= weigh(NOWHERE))
        return sum(weights[stem] for stem in unknown) > STRANGE * sum(weights.values())


def search(question: str, turns: Sequence[Turn]) -> Search:
    """*question*, and if it refers back those before it, up to the last that stands alone.

    The new words come first, because an embedding model cuts what is long, and once more at the
    end, because they are to count more. What earlier answers said made the search worse.
    """
    if not turns or not refers_back(question):
        return Search(question)
    earlier: list[str] = []
    for turn in reversed(turns[-1 - STEPS :]):
        earlier.insert(0, turn.query[:LONGEST])
        if not refers_back(turn.query):
            break
    done = _done_to_it(_words(question))
    own = frozenset(stems(question)) - _stems(VAGUE) - done
    carried = frozenset(stems("\n".join(earlier))) - _stems(TALK)
    return Search("\n".join([question, *earlier, question]), own, done, carried)


def _done_to_it(words: Sequence[str]) -> frozenset[str]:
    """The stems right before pointing words: "undo that", "get back from it" name no subject."""
    found: set[str] = set()
    for at in _pointers(words):
        if words[at] in OBJECTS:
            before = reversed(words[max(0, at - 3) : at])
            found.update(stems(next((w for w in before if w not in STOP_WORDS), "")))
    return frozenset(found) - _stems(VAGUE)


@cache
def _stems(words: frozenset[str]) -> frozenset[str]:
    return vocabulary(" ".join(sorted(words)))
