"""Passwords: exact to the last byte, the same at Better Auth, and never in the reader's way."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import bcrypt
import pytest

from credentials.passwords import Passwords
from problems import PasswordsBusy
from tests.credentials.golden import GOLDEN, GoldenHash

pytestmark = pytest.mark.anyio

SHAPES = {golden.shape: golden.password for golden in GOLDEN.bcrypt}


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    passwords = Passwords(4)
    yield passwords
    passwords.close()


def shape(golden: GoldenHash) -> str:
    return golden.shape


@pytest.mark.parametrize("golden", GOLDEN.bcrypt, ids=shape)
async def test_a_hash_that_better_auth_made_with_bcrypt_matches(
    golden: GoldenHash, passwords: Passwords
) -> None:
    """And no other password does, however close."""
    assert await passwords.matches(golden.password, golden.hash)
    assert not await passwords.matches(golden.password[:-1] + "?", golden.hash)


@pytest.mark.parametrize("golden", GOLDEN.scrypt, ids=shape)
async def test_a_hash_of_better_auth_s_default_matches(
    golden: GoldenHash, passwords: Passwords
) -> None:
    """Its readers come along with the passwords that they have; their hash is theirs to renew."""
    assert await passwords.matches(golden.password, golden.hash)
    assert not await passwords.matches(golden.password + "?", golden.hash)
    assert not passwords.is_outdated(golden.hash)


@pytest.mark.parametrize("shape", SHAPES)
async def test_what_we_hash_matches(shape: str, passwords: Passwords) -> None:
    """Any script, any length, spaces and NUL included."""
    password = SHAPES[shape]
    stored = await passwords.hash(password)

    assert stored.startswith("$2b$04$")
    assert await passwords.matches(password, stored)


@pytest.mark.parametrize(
    ("password", "other"),
    [
        ("a" * 72 + "b", "a" * 72 + "c"),
        ("a" * 72 + "b", "a" * 72),
        ("a" * 127 + "b", "a" * 127 + "c"),
        ("🚒" * 127 + "🔥", "🚒" * 127 + "🚒"),
        ("before\0after", "before\0other"),
        ("before\0after", "before"),
        (" spaces matter", "spaces matter"),
        ("spaces matter ", "spaces matter"),
        ("case matters", "Case matters"),
        ("oﬃce ﬁle", "office file"),
        ("café au lait", "cafe\u0301 au lait"),
        ("lone \ud800 surrogate", "lone ? surrogate"),
    ],
)
async def test_every_byte_of_a_password_matters(
    password: str, other: str, passwords: Passwords
) -> None:
    """Nothing is cut off, trimmed, folded or normalised (ASVS 6.2.8)."""
    stored = await passwords.hash(password)

    assert await passwords.matches(password, stored)
    assert not await passwords.matches(other, stored)


async def test_a_password_of_72_bytes_is_plain_bcrypt(passwords: Passwords) -> None:
    """So that a server without the pre-hash signs in nearly everyone."""
    fits = "a1" * 36

    assert bcrypt.checkpw(fits.encode(), (await passwords.hash(fits)).encode())


@pytest.mark.parametrize("prefix", ["$2a$", "$2b$", "$2y$"])
async def test_the_three_names_of_bcrypt_are_one(prefix: str, passwords: Passwords) -> None:
    """PHP and old libraries write other letters."""
    stored = prefix + (await passwords.hash("correct horse"))[4:]

    assert await passwords.matches("correct horse", stored)
    assert not await passwords.matches("correct house", stored)
    assert not passwords.is_outdated(stored)


@pytest.mark.parametrize(
    "stored",
    [
        None,
        "",
        "correct horse",
        "$2b$04$" + "." * 52,
        "$2b$04$" + "z" * 53,
        "$2b$04$" + "." * 53 + "\n",
        "$2b$03$" + "." * 53,
        "$2b$32$" + "." * 53,
        "$2x$04$" + "." * 53,
        "$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA",
        "00:11",
        ":".join(["0" * 32, "g" * 128]),
        "\ud800",
    ],
)
async def test_no_usable_hash_costs_what_a_wrong_password_costs(
    stored: str | None, passwords: Passwords
) -> None:
    """One computation of the configured cost: a stranger's address takes as long as a reader's."""
    known = await passwords.hash("correct horse")
    before = passwords.computed
    assert not await passwords.matches("wrong", known)
    wrong = passwords.computed - before

    assert not await passwords.matches("correct horse", stored)
    assert passwords.computed - before - wrong == wrong == 1


async def test_the_hash_of_nobody_has_the_configured_cost(passwords: Passwords) -> None:
    """Else the time would tell after all."""
    assert bcrypt.checkpw(b"anything", passwords._dummy.encode()) is False
    assert not passwords.is_outdated(passwords._dummy)


async def test_a_hash_of_another_cost_is_outdated(passwords: Passwords) -> None:
    """Also one that was dearer: the operator chose."""
    stored = await passwords.hash("correct horse")
    other = Passwords(5)

    assert not passwords.is_outdated(stored)
    assert other.is_outdated(stored)
    assert not other.is_outdated("no hash at all")
    assert await other.matches("correct horse", stored)
    other.close()


@contextmanager
def at_work(passwords: Passwords) -> Iterator[asyncio.Task[bool]]:
    """A computation that runs until the block ends."""
    gate = threading.Event()
    try:
        yield asyncio.create_task(passwords._compute(lambda: gate.wait(30)))
    finally:
        gate.set()


async def turn() -> None:
    """Let every task that is ready run up to its next wait."""
    for _ in range(3):
        await asyncio.sleep(0)


async def test_one_too_many_is_told_at_once_and_the_others_finish() -> None:
    """A crowd at the door costs nobody inside."""
    passwords = Passwords(4, threads=1, waiting=2)
    with at_work(passwords) as running:
        queued = [asyncio.create_task(passwords.hash(f"password {n}")) for n in range(2)]
        await turn()

        with pytest.raises(PasswordsBusy):
            await passwords.hash("one too many")
        with pytest.raises(PasswordsBusy):
            await passwords.matches("one too many", None)
        assert passwords.computed == 0
    assert await running
    assert all([await passwords.matches(f"password {n}", await queued[n]) for n in range(2)])
    passwords.close()


async def test_a_caller_who_leaves_frees_a_place_in_the_queue() -> None:
    """At once, and its computation never runs."""
    passwords = Passwords(4, threads=1, waiting=1)
    with at_work(passwords) as running:
        for _ in range(20):
            leaving = asyncio.create_task(passwords.hash("leaves"))
            await turn()
            leaving.cancel()
            with suppress(asyncio.CancelledError):
                await leaving
        staying = asyncio.create_task(passwords.hash("stays"))
        await turn()
    await running
    await staying

    assert passwords.computed == 1
    assert not passwords._jobs
    passwords.close()


async def test_a_computation_that_nobody_awaits_holds_its_place_until_it_ends() -> None:
    """It cannot be stopped, so whoever leaves early and comes again gains no second core."""
    passwords = Passwords(4, threads=1, waiting=0)
    with at_work(passwords) as running:
        await turn()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

        with pytest.raises(PasswordsBusy):
            await passwords.hash("next")
    async with asyncio.timeout(5):
        while passwords._jobs:  # noqa: ASYNC110 - the thread tells no one but the set
            await asyncio.sleep(0.001)
    assert await passwords.hash("next")
    passwords.close()


async def test_other_readers_are_served_while_a_password_is_hashed() -> None:
    """A computation of cost 10 takes 60 ms; the loop turns many times meanwhile."""
    passwords = Passwords(10, threads=1)
    hashing = asyncio.create_task(passwords.hash("correct horse"))
    turns = 0
    while not hashing.done():
        await asyncio.sleep(0)
        turns += 1

    assert turns > 10
    passwords.close()


async def test_no_more_run_at_a_time_than_there_are_threads() -> None:
    """The rest of the cores answers questions."""
    passwords = Passwords(4, threads=2, waiting=16)
    lock, running, peak = threading.Lock(), 0, 0

    def work() -> None:
        nonlocal running, peak
        with lock:
            running += 1
            peak = max(peak, running)
        bcrypt.hashpw(b"correct horse", bcrypt.gensalt(4))
        with lock:
            running -= 1

    await asyncio.gather(*(passwords._compute(work) for _ in range(18)))

    assert 1 <= peak <= 2
    passwords.close()
