"""Passages that read like instructions to a model, for the author of the book to look at. Pure.

A warning, not a filter: the prompt treats every passage as data. Closed lists of phrases find what
was pasted in, not a clever attack; what is quoted or stands in code is written about, and exempt.
Comments of a page never get here, and the text of hidden elements does, as any text.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from agent.invisible import UNSEEN, visible
from agent.passages import Passage

EXCERPT = 60  # characters

_FENCED = re.compile(
    r"^[ \t]*(`{3,}|~{3,})[^\n]*\n.*?(?:^[ \t]*\1[`~]*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL
)
_QUOTED = re.compile(r"``[^`\n]{1,300}``|`[^`\n]{1,300}`|[\"“„«][^\"“”«»\n]{1,200}[\"”»]")
_SEEN_BEFORE = rf"(?<![\U0001f3f4{UNSEEN}\u200c\u200d])"  # a flag may spell its name in tags
_HIDDEN = re.compile(rf"{_SEEN_BEFORE}[{UNSEEN}\u200c\u200d]{{4}}|[\u202d\u202e]")

_EARLIER = "(?:previous|prior|above|earlier|preceding|foregoing|former|system|original|initial)"
_RULES = "(?:instructions?|prompts?|rules|guidelines|directions|directives|context|messages?)"
_MODEL = r"(?:ai|a\.i\.|llm|language model|chat ?bot|assistant|gpt|chatgpt|claude|gemini)\b"
_READER = "(?:users?|readers?|humans?|visitors?|customers?)"
_OFF = "(?:ignore|disregard|forget|override|overrule|bypass|do not follow|don't follow)"
# One a line, a space for any white space.
_PHRASES = rf"""
{_OFF}(?: (?:all|any|every|of|the|these|those|your|my|our)){{0,4}}(?: {_EARLIER}){{1,2}} {_RULES}
{_OFF}(?: (?:all|any|of|the|these|those|your)){{0,3}} {_RULES} (?:above|before|you)
{_OFF} (?:all|everything|anything) (?:above|before|you (?:were|have been) told)
ignor\w{{1,4}}(?: \w+){{0,4}} (?:anweisungen|instrucciones|istruzioni|instruções)
ignorez?(?: \w+){{0,4}} instructions (?:pr[ée]c[ée]dent|ant[ée]rieur)es
you are (?:now|no longer|actually|really) (?:\w+ ){{0,4}}{_MODEL}
you are now (?:dan\b|in \w+ mode|free (?:of|from)|unrestricted|jailbroken)
(?:act|behave|respond|answer|pretend to be|roleplay) as (?:\w+ ){{0,4}}{_MODEL}
(?:if|when|since|as) you are (?:\w+ ){{0,3}}{_MODEL}
(?:note|message|instructions?|attention)[:,]? (?:to|for) (?:all |any |the )?{_MODEL}
(?:reveal|print|show|repeat|output|leak|disclose|send)(?: \w+){{0,3}} (?:system|hidden) prompt
^(?:new |updated )?(?:system (?:prompt|message|override)|new instructions) ?:
(?:do not|don't|never|must not)(?: ever)? (?:tell|inform|warn)(?: (?:the|this|your|any))? {_READER}
(?:do not|don't|never) (?:mention|reveal|disclose) (?:\w+ ){{1,3}}to (?:the |any )?{_READER}
(?:in|to) (?:your|every|each) (?:answer|reply|response)s?,? (?:always |also )?(?:include|add|append)
(?:reply|respond|answer) (?:only |always )?with (?:only|exactly|nothing but)\b
"""
_MARKS = r"""
<\|[\w ]{1,30}\|>|<<?/?sys>>|\[/?inst\]|<(?:start|end)_of_turn>
^#{2,6} (?:instruction|system|assistant|human|user) ?(?::|$)
</? ?(?:source|selection|question)\b[^>\n]{0,80}>
"""


def _any(patterns: str) -> str:
    return "|".join(patterns.strip().splitlines()).replace(" ", r"\s")


_PHRASE = re.compile(rf"\b(?:{_any(_PHRASES)})|{_any(_MARKS)}", re.IGNORECASE | re.MULTILINE)


def warnings(passages: Iterable[Passage]) -> list[str]:
    """One sentence for each suspicious section, in reading order, that names page and heading."""
    found: dict[tuple[str, tuple[str, ...]], str] = {}
    for passage in passages:
        for place, reason in suspicions(passage):
            heading = passage.section_at(place).heading_path
            found.setdefault((passage.page, heading), reason)
    return [
        f"{page}, “{' > '.join(heading)}”, {reason}: look whether it belongs there"
        for (page, heading), reason in found.items()
    ]


def suspicions(passage: Passage) -> Iterator[tuple[int, str]]:
    """Where, and why: at most one phrase and one hiding place a block."""
    text = _unquoted(passage.text)
    for block in passage.blocks:
        if _HIDDEN.search(passage.text, block.start, block.end):
            yield block.start, "hides characters that only a model sees"
        if phrase := _PHRASE.search(_plain(text[block.start : block.end])):
            excerpt = " ".join(phrase[0].split())[:EXCERPT]
            yield block.start, f"reads like an instruction to a model (“{excerpt}”)"


def _plain(text: str) -> str:
    """As a model reads it: no unseen characters, one width, no emphasis, single spaces."""
    text = unicodedata.normalize("NFKC", visible(text)).replace("’", "'")
    text = re.sub(r"(?<!\w)[*_]{1,3}(?=\w)|(?<=\w)[*_]{1,3}(?!\w)", "", text)
    return re.sub(r"[^\S\n]+", " ", re.sub(r"\s*\n[\s>]*", "\n", text))


def _unquoted(text: str) -> str:
    """*text* of the same length, with blanks where code or a quotation was."""

    def blank(match: re.Match[str]) -> str:
        return re.sub(r"[^\n]", " ", match[0])

    return _QUOTED.sub(blank, _FENCED.sub(blank, text))
