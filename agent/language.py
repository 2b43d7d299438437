"""Which language a text is in, as far as scripts and the most frequent words tell. Pure, no model.

Good enough to notice that a question, or an answer, is evidently not in the book's language: most
sentences hold two such words. A text that is too short to tell is never said to be in another one.
Languages are named as Snowball names them; where only the script is known, by the script.
"""

import re
from collections import Counter
from functools import cache
from itertools import chain, repeat

from agent.index import Manifest
from agent.terms import stems, term_id

LOOKED_AT = 4_000  # characters
FEW = 2  # frequent words that say enough
RIVAL = 0.5  # of the best language's words: with more of its own, a text may be in the book's
COMMON = 0.1  # of a book's passages hold a frequent word of its language …
MANY = 0.15  # … or at least so many of those words

# In most texts of the language, and in few of another; "mich" stands for all its kind.
_LISTS = {
    "english": """
        a about after all also an and any are as at be because been but by can could did do does for
        from had has have how i if in into is it its like may me more must my need not of on one or
        our should so some than that the their them then there these they this to use was we were
        what when where which while who why will with without would you your
        """,
    "german": """
        aber alle als am an auch auf aus bei bin bis da dann das dass dem den der des die doch durch
        ein eine einem einen einer eines er es für gibt habe haben hat ich ihr im in ist ja kann
        kein keine können man mein mich mir mit muss nach nicht noch nur ob oder ohne sich sie sind
        so über um und uns unter viel viele vom von vor wann warum was welche welcher welches wenn
        wer werden wie wieso wir wird wo wozu zu zum zur zwischen
        """,
    "french": """
        au aux avec ce ces cette comment dans de des du elle en est et être faire fait faut il ils
        je la le les leur lors lorsque mais mon ne nous où on ou par pas pour pourquoi peut puis que
        quel quelle quelles quels qu qui quoi sa sans se ses si son sont sur un une vous y
        """,
    "spanish": """
        al como cómo con cual cuál cuáles cuando cuándo cuánto de del desde dónde el ella en entre
        es esta está este hace hacer hay la las lo los más me mi muy no nos o para pero por porque
        puede puedo que qué quién se si sin sobre son su sus tiene un una y ya
        """,
    "italian": """
        al alla anche che chi ci come con cosa cos da dal dei del della delle di dove è e fare gli
        ha ho i il in io la le lo ma mi nel nella non per perché più può posso quale quali quando
        quanto se sei si sono su sul un una uno
        """,
    "portuguese": """
        a ao aos as com como da das de do dos e ela ele em entre é eu faço faz fazer foi há isso
        isto mais mas me meu na nas não no nos o onde os ou para pela pelo por porque posso quais
        qual quando que quem se sem ser seu são sobre sua tem um uma você
        """,
    "dutch": """
        aan als bij dat de deze die dit door een en er gaat heb hebben heeft hem het hij hoe ik in
        is je kan kunnen maar meer met mijn moet naar niet nog of om onder ook op over te tot uit
        van veel voor waar waarom wanneer wat we welke werkt wie worden wordt zijn zonder
        """,
    "swedish": """
        att av blir de den det detta du efter eller en ett från för får gör ha han har hur i inte
        jag kan med mellan men måste när och om på sig ska skillnaden som så till under ut vad var
        varför vem vi vid vilken vilka är över
        """,
    "polish": """
        a ale bez był być co czy czym dla do działa gdy gdzie i ich ile ja jak jaka jaki jakie jako
        jest jeśli kiedy kto która które który ma mam mnie może można na nie o od oraz po pod przez
        przy się są ta tak tego to tym w we z za że
        """,
    "turkish": """
        ama arasındaki bana ben bir bu çok da daha de değil diye en gibi hangi hangisi ile için ise
        kadar ki kim mi mı mu mü ne neden nedir nasıl nerede o olan olarak ve veya var ya yok
        """,
    "indonesian": """
        ada adalah akan antara apa apakah atau bagaimana bagi bisa buku cara dalam dan dapat dari
        dengan di ini itu jika juga kapan karena ke kita mana mengapa oleh pada saya siapa sudah
        tentang tidak untuk yang
        """,
    "vietnamese": """
        bạn các cách cái cho có của được đã đây để gì giữa hay không khi là làm lại mà một này
        nào như những ở ra sao tại thế thì tôi trong và vào về với
        """,
    "romanian": """
        a al ale am ar are au ca care cât ce cu cum când de despre din dintre doar este fără în la
        mai nu o pe pentru poate prin sau se sunt și și un unde unei unui
        """,
    # As it is written on telephones, in Latin letters.
    "urdu": """
        aap aur batao bhi hai hain hota hoti ho is iska iske jab ka kab kahan kaise kaisay karein
        karna karta karte kar ke ki kia kis kiya ko koi kon kya kyun kyu main mein mujhe nahi nahin
        par se tha wala ya yeh ye woh
        """,
}
_FREQUENT = {name: frozenset(words.split()) for name, words in _LISTS.items()}
_OF_WORD = {  # word → the languages in which it is frequent
    word: tuple(name for name, words in _FREQUENT.items() if word in words)
    for word in frozenset().union(*_FREQUENT.values())
}
# Compiled when they are first looked for: a set of characters is made one by one, 10 ms for these.
_SCRIPTS = {
    "japanese": "[\u3040-\u30ff]",  # before Chinese, with which it shares characters
    "chinese": "[\u3400-\u9fff\uf900-\ufaff]",
    "korean": "[\uac00-\ud7af\u1100-\u11ff]",
    "russian": "[\u0400-\u052f]",
    "greek": "[\u0370-\u03ff]",
    "arabic": "[\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff]",
    "hebrew": "[\u0590-\u05ff]",
    "hindi": "[\u0900-\u097f]",
    "bengali": "[\u0980-\u09ff]",
    "tamil": "[\u0b80-\u0bff]",
    "thai": "[\u0e00-\u0e7f]",
}
_DENSE = ("japanese", "chinese", "korean")  # one character of these is as long as two letters
_BEYOND_LATIN = re.compile("[^\x00-\u036f\u2000-\u206f]+")  # and no quotes and dashes
_LATIN = re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")
_WORD = re.compile(r"[^\W\d_]+")
_ASCII_WORD = re.compile(r"[A-Za-z]+")


def guess(text: str) -> str | None:
    """The language that *text* is most likely in; ``None`` if too little is known."""
    text = text[:LOOKED_AT]
    script = _script(text)
    if script:
        return script
    counts = _counts(text)
    best = max(counts, key=counts.__getitem__, default=None)
    return best if best and counts[best] >= FEW else None


def differs(text: str, language: str) -> bool:
    """Whether *text* is evidently in another language than *language*; not if it may be in both."""
    text = text[:LOOKED_AT]
    script = _script(text)
    if script or language in _SCRIPTS:
        return script != language and not _is_kin(script, language) and bool(script or guess(text))
    counts = _counts(text)
    best = max(counts.values(), default=0)
    return best >= FEW and counts[language] <= RIVAL * best


def of_book(manifest: Manifest) -> str | None:
    """The language of a book by what its index counted; ``None`` if that says nothing.

    The manifest names that of the stemmer, which is English for every book. In an English book
    the index has no frequent words at all, since they are not indexed.
    """
    titles = " ".join(entry.title for entry in manifest.contents)
    if not manifest.document_frequency or manifest.language != "english":
        return manifest.language if manifest.language != "english" else _script(titles)
    if script := _script(titles):
        return script
    shares = {name: _share(manifest, name) for name in _FREQUENT if name != "english"}
    best = max(shares, key=shares.__getitem__)
    return best if shares[best] >= MANY else "english"


def _share(manifest: Manifest, language: str) -> float:
    """How many of a language's frequent words are common in the book."""
    enough = COMMON * manifest.passages
    ids = _ids(language)
    return sum(manifest.document_frequency.get(id_, 0) > enough for id_ in ids) / len(ids)


@cache
def _ids(language: str) -> tuple[int, ...]:
    return tuple(map(term_id, sorted(set(stems(" ".join(_FREQUENT[language]))))))


def _script(text: str) -> str | None:
    """The language of the script that most of *text* is in, unless that is Latin."""
    if text.isascii():
        return None
    beyond = "".join(_BEYOND_LATIN.findall(text))
    if not beyond:
        return None
    found = {name: len(re.findall(script, beyond)) for name, script in _SCRIPTS.items()}
    if found["japanese"] * 4 > found["chinese"]:  # kana between characters: no Chinese
        found["japanese"] += found.pop("chinese")
    best = max(found, key=found.__getitem__)
    length = found[best] * (2 if best in _DENSE else 1)
    return best if length and length > len(_LATIN.findall(text)) else None


def _is_kin(script: str | None, language: str) -> bool:
    """Whether a text of characters alone may be in *language*: Japanese knows them too."""
    return {script, language} == {"japanese", "chinese"}


def _counts(text: str) -> Counter[str]:
    """How many words of *text* are frequent ones of each language, or not spelt as English is."""
    first, *rest = (_ASCII_WORD if text.isascii() else _WORD).findall(text) or [""]
    words = [first.lower(), *filter(str.islower, rest)]  # "Los" and "La" may be in names
    found = Counter(chain.from_iterable(map(_OF_WORD.get, words, repeat(()))))
    counts = {name: found[name] for name in _FREQUENT if name in found}
    accented = 0 if text.isascii() else len(words) - sum(map(str.isascii, words))
    return Counter({n: c + (accented if n != "english" else 0) for n, c in counts.items()})
