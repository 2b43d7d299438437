"""Passwords: hashed, compared and judged, off the event loop and never too many at once.

Hashes are those of a Better Auth server with the hash functions of our example: bcrypt, whose 72
bytes longer passwords reach through a pre-hash. Those of its default, scrypt, are read too.
Knows no user and no table: whoever calls says which hash is stored.
"""

import asyncio
import os
import re
import unicodedata
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from hashlib import scrypt, sha384
from hmac import compare_digest, digest
from threading import Lock
from typing import TypeVar

import bcrypt

from problems import PasswordsBusy

T = TypeVar("T")

# The 22nd character of a salt carries only two bits of it; bcrypt refuses other spellings.
BCRYPT = re.compile(
    r"\$2[aby]\$(?P<cost>0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31}"
)
SCRYPT = re.compile(r"(?P<salt>[0-9a-f]{32}):(?P<key>[0-9a-f]{128})")
PREHASH_KEY = b"prehash/v1"  # public: it only sets our digests apart from other people's leaks
SERVICE = "footnote"


class Passwords:
    """Hashes with bcrypt's *cost* in a pool of threads. Belongs to one event loop.

    At most *threads* computations run and *waiting* more wait; whoever comes then gets
    ``PasswordsBusy`` at once. ``computed`` counts bcrypt computations since the start.
    """

    def __init__(self, cost: int, *, threads: int | None = None, waiting: int = 16) -> None:
        threads = threads or max(1, (os.cpu_count() or 1) - 1)  # one core stays the event loop's
        self.computed = 0
        self._cost = cost
        self._dummy = f"$2b${cost:02d}$" + "." * 53  # valid, costs the same, matches nothing
        self._places = threads + waiting
        self._jobs: set[object] = set()  # running and waiting
        self._counting = Lock()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="passwords")

    async def hash(self, password: str) -> str:
        """The hash to store."""
        return await self._compute(partial(self._hash, material(password)))

    async def matches(self, password: str, stored: str | None) -> bool:
        """Whether *stored* is a hash of *password*.

        No hash, or one that is nothing we know, costs the same computation and matches nothing:
        time does not tell whether there is such a user.
        """
        if stored and (parts := SCRYPT.fullmatch(stored)):
            return await self._compute(partial(scrypt_matches, password, *parts.groups()))
        known = stored if stored and BCRYPT.fullmatch(stored) else self._dummy
        return await self._compute(partial(self._matches, material(password), known))

    def is_outdated(self, stored: str) -> bool:
        """Whether to hash anew at the next login: a bcrypt hash of another cost.

        Never one of Better Auth's scrypt: a server of theirs may know nothing else.
        """
        parts = BCRYPT.fullmatch(stored)
        return parts is not None and int(parts["cost"]) != self._cost

    async def weakness(self, password: str, email: str) -> str | None:
        """Why a guesser would try *password* early, as a sentence for the reader; else ``None``."""
        common = await asyncio.to_thread(common_passwords)
        folded = password.casefold()
        if folded in common:
            return "This password is one of the most common ones."
        if len(set(folded)) == 1:
            return "The password is one character, repeated."
        if is_decorated(folded, email.casefold()):
            return "The password is little more than your e-mail address or this service's name."
        return None

    def close(self) -> None:
        """Take no more; what was taken still ends, without anyone waiting for it here."""
        self._pool.shutdown(wait=False)

    async def _compute(self, work: Callable[[], T]) -> T:
        if len(self._jobs) >= self._places:
            raise PasswordsBusy
        job = self._pool.submit(work)
        self._jobs.add(job)
        # On the thread's future, not the caller's: a cancelled caller frees a place in the queue
        # at once, but a running computation cannot be stopped and holds its place to the end.
        job.add_done_callback(self._jobs.discard)
        return await asyncio.wrap_future(job)

    def _hash(self, secret: bytes) -> str:
        self._count()
        return bcrypt.hashpw(secret, bcrypt.gensalt(self._cost)).decode()

    def _matches(self, secret: bytes, stored: str) -> bool:
        self._count()
        return bcrypt.checkpw(secret, stored.encode())

    def _count(self) -> None:
        with self._counting:
            self.computed += 1


def material(password: str) -> bytes:
    """The at most 72 bytes without NUL that bcrypt gets. Never truncates, never normalises.

    The password itself while it fits; else base64(HMAC-SHA-384) of it, as in OWASP's Password
    Storage Cheat Sheet. Better Auth servers that share our users need the same rule.
    """
    exact = password.encode("utf-8", "surrogatepass")
    if len(exact) <= 72 and b"\0" not in exact:
        return exact
    return b64encode(digest(PREHASH_KEY, exact, sha384))


def scrypt_matches(password: str, salt: str, key: str) -> bool:
    """Better Auth's default: the salt is the hex text itself, the password is normalised."""
    exact = unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
    # maxmem: OpenSSL's default of 32 MiB is just short of what N and r need.
    derived = scrypt(
        exact, salt=salt.encode(), n=16384, r=16, p=1, dklen=64, maxmem=64 * 1024 * 1024
    )
    return compare_digest(derived.hex(), key)


@cache
def common_passwords() -> frozenset[str]:
    """The 30,000 that leak most often, in lower case. The first call takes 0.1 s."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # type: ignore[import-untyped] # no stubs

    return frozenset(FREQUENCY_LISTS["passwords"])


def is_decorated(folded: str, email: str) -> bool:
    """Whether a password is a name that anyone would try first, and then only digits and signs."""
    # A local part of one or two letters says too little: "a@…" must not forbid "a8#4!29@1".
    names = [name for name in (email, email.partition("@")[0], SERVICE) if len(name) > 2]
    rests = [folded.removeprefix(name) for name in names if folded.startswith(name)]
    return any(not any(char.isalpha() for char in rest) for rest in rests)
