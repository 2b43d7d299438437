"""Limits are exact for all processes at once, name nobody, and hold without a database too."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from database import Database, Executor, connected, open_database
from limits import Bucket, Budget, Limits, Rate, in_words, seconds_until_midnight
from models import Charged
from problems import BudgetSpent, TooManyRequests
from queries import limits as statements
from tests.live import run_sql

pytestmark = pytest.mark.anyio

ADDRESS, EMAIL = "192.0.2.77", "reader@example.org"


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine too, Postgres decides here, not memory."""
    monkeypatch.setattr("limits.LIMIT_SECONDS", 5.0)


def limits_on(db: Database | None) -> Limits:
    return Limits(db, secret="a secret", enabled=True)


@asynccontextmanager
async def limited(dsn: str) -> AsyncIterator[Limits]:
    """Over 12 connections that are open already, so that calls really meet."""
    async with open_database(dsn, size=12) as db:
        doze = "select pg_sleep(0.1)"
        await asyncio.gather(*(db.run(lambda c: c.fetch(doze), repeatable=True) for _ in range(12)))
        assert db.connections == (0, 12)
        limits = limits_on(db)
        yield limits
        assert not limits.local.tats  # Postgres decided, all the time


async def spend(limits: Limits, subject: str, per_day: int) -> bool:
    try:
        return await limits.charge((), [Budget(subject, per_day, "Spent.")])
    except BudgetSpent:
        return False


async def passes(limits: Limits, *buckets: Bucket) -> bool:
    try:
        await limits.take(*buckets)
    except TooManyRequests:
        return False
    return True


async def retry_after(limits: Limits, *buckets: Bucket) -> int:
    with pytest.raises(TooManyRequests) as refused:
        await limits.take(*buckets)
    return int(refused.value.headers["Retry-After"])


async def wait(dsn: str, seconds: float) -> None:
    """Let time pass for the buckets."""
    passed = timedelta(seconds=seconds)
    await run_sql(dsn, "update rate_limits set tat = tat - $1::interval", passed)


async def charged(
    db: Executor, rates: Mapping[str, Rate], budgets: Mapping[str, Budget] | None = None
) -> Charged:
    days = budgets or {}
    return await statements.charge(
        db,
        buckets=[*rates],
        steps=[rate.step.total_seconds() for rate in rates.values()],
        spans=[rate.span.total_seconds() for rate in rates.values()],
        budgets=[*days],
        per_day=[budget.per_day for budget in days.values()],
        needed=[budget.refusal is not None for budget in days.values()],
    )


BLOCKED = """
select count(*)
from pg_stat_activity
where datname = current_database() and wait_event_type = 'Lock'
"""


async def blocked(dsn: str, calls: int) -> None:
    """Until so many statements wait for another's lock."""
    async with asyncio.timeout(5):
        while (await run_sql(dsn, BLOCKED))[0]["count"] < calls:
            pass


async def test_exactly_a_burst_passes_however_many_come_at_once(dsn: str) -> None:
    """40 rounds of 48 calls over 12 connections, half of them with the buckets the other way."""
    async with limited(dsn) as limits:
        for number in range(40):
            pair = [Bucket(action, str(number), Rate(7, 3600)) for action in ("here", "there")]
            calls = [passes(limits, *(pair if n % 2 else pair[::-1])) for n in range(48)]

            assert sum(await asyncio.gather(*calls)) == 7


async def test_nobody_waits_in_a_circle(dsn: str) -> None:
    """Any buckets in any order, stored or not, while others forget and sweep: no deadlock."""
    order = random.Random(7)  # noqa: S311  # a schedule, not a secret
    buckets = [Bucket("any", str(n), Rate(3, 0.01)) for n in range(8)]

    async def call(limits: Limits) -> None:
        some = order.sample(buckets, 4)
        match order.randrange(4):
            case 0:
                await limits.forget(*some)
            case 1:
                await limits.sweep()
            case _:
                await passes(limits, *some)

    async with limited(dsn) as limits:
        for _ in range(20):
            await asyncio.gather(*(call(limits) for _ in range(96)))

        (seen,) = await run_sql(
            dsn, "select deadlocks from pg_stat_database where datname = current_database()"
        )
        assert seen["deadlocks"] == 0


async def test_a_bucket_that_is_not_stored_yet_has_its_place_in_the_order(dsn: str) -> None:
    """Row locks alone would deadlock here: one take stores b before d, the other holds d."""
    await run_sql(dsn, "insert into rate_limits values ('a', now()), ('e', now())")
    async with open_database(dsn) as pool, connected(dsn) as on_a, connected(dsn) as on_e:

        async def take(keys: str) -> timedelta:
            rates = dict.fromkeys(keys, Rate(9, 9))
            return (await charged(pool, rates)).wait

        async with asyncio.TaskGroup() as takes, on_e.transaction():
            async with on_a.transaction():
                await on_a.execute("select key from rate_limits where key = 'a' for update")
                first = takes.create_task(take("abd"))  # sees neither b nor d
                await blocked(dsn, 1)
                await run_sql(dsn, "insert into rate_limits values ('d', now())")
                await on_e.execute("select key from rate_limits where key = 'e' for update")
                takes.create_task(take("bde"))  # sees d
                await blocked(dsn, 2)
            await asyncio.wait([first], timeout=0.5)


async def test_of_two_at_once_exactly_one_passes(dsn: str) -> None:
    """When the bucket holds one token and nobody has ever asked."""
    async with limited(dsn) as limits:
        for number in range(30):
            last = Bucket("one", str(number), Rate(1, 3600))

            assert sorted(await asyncio.gather(passes(limits, last), passes(limits, last))) == [
                False,
                True,
            ]


async def test_a_refusal_by_one_bucket_leaves_the_others_alone(dsn: str) -> None:
    """A stranger's refused tries must not empty the account's bucket, or he locks its owner out."""
    pair, account = Bucket("pair", "p", Rate(5, 300)), Bucket("account", "a", Rate(50, 3600))
    async with limited(dsn) as limits:
        await limits.take(pair, account)
        async with connected(dsn) as other, other.transaction():
            await other.execute("select key from rate_limits for update")
            tries = [asyncio.create_task(passes(limits, pair, account)) for _ in range(100)]
            await blocked(dsn, 12)  # these all began before any of them took a token
        assert sum(await asyncio.gather(*tries)) == 4

        left = [await passes(limits, account) for _ in range(46)]
        assert left == [True] * 45 + [False]


@pytest.mark.parametrize("rate", [Rate(3, 10), Rate(7, 3600), Rate(1, 60), Rate(3, 2)])
async def test_waiting_as_long_as_told_works_and_shorter_does_not(rate: Rate, dsn: str) -> None:
    """Retry-After is whole seconds, rounded up, of the time until one token."""
    bucket = Bucket("chat", "reader", rate)
    async with limited(dsn) as limits:
        for _ in range(rate.count):
            await limits.take(bucket)
        told = await retry_after(limits, bucket)
        assert rate.step.total_seconds() - 1 < told < rate.step.total_seconds() + 1

        await wait(dsn, rate.step.total_seconds() - 0.5)
        assert await retry_after(limits, bucket) == 1
        await wait(dsn, told - rate.step.total_seconds() + 0.5)
        await limits.take(bucket)
        assert not await passes(limits, bucket)


async def test_the_slowest_bucket_says_how_long(dsn: str) -> None:
    """And a bucket that never was empty does not."""
    slow, fast = Bucket("slow", "s", Rate(1, 3600)), Bucket("fast", "f", Rate(1, 60))
    async with limited(dsn) as limits:
        await limits.take(slow, fast)

        assert await retry_after(limits, fast, slow) == 3600
        assert await retry_after(limits, fast, Bucket("new", "n", Rate(1, 3600))) == 60


async def test_a_refusal_speaks_to_a_person_and_never_of_more_than_a_day(dsn: str) -> None:
    """It says how long in words, and in the header."""
    rare = Bucket("rare", "r", Rate(1, 1_000_000))
    async with limited(dsn) as limits:
        await limits.take(rare)
        with pytest.raises(TooManyRequests, match="try again in 24 hours") as refused:
            await limits.take(rare)

        assert refused.value.headers["Retry-After"] == "86400"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "1 second"), (60, "60 seconds"), (61, "2 minutes"), (3601, "2 hours")],
)
def test_a_wait_in_words(seconds: int, words: str) -> None:
    """Rounded up, never 'one minutes'."""
    assert in_words(seconds) == words


async def test_nothing_that_is_stored_names_anyone(dsn: str) -> None:
    """Neither an address nor an e-mail, and without the secret nobody can look one up."""
    async with limited(dsn) as limits:
        await limits.take(
            Bucket("ip", ADDRESS, Rate(1, 60)), Bucket("login_account", EMAIL, Rate(1, 60))
        )
        await spend(limits, ADDRESS, 5)
        others = Limits(limits.db, secret="another secret", enabled=True)
        await others.take(Bucket("ip", ADDRESS, Rate(1, 60)))

    tables = ("rate_limits", "daily_budgets")
    rows = [row for table in tables for row in await run_sql(dsn, f"select * from {table}")]  # noqa: S608
    assert len(rows) == 4
    assert all(len(row["key"]) == 32 for row in rows)
    assert not any(known in str(row) for row in rows for known in (ADDRESS, "reader", "login"))


async def test_a_login_forgets_the_tries_before_it(dsn: str) -> None:
    """Of its own buckets, and of no other."""
    mine, other = Bucket("pair", "mine", Rate(1, 300)), Bucket("pair", "other", Rate(1, 300))
    async with limited(dsn) as limits:
        await limits.take(mine, other)
        await limits.forget(mine)

        assert await passes(limits, mine)
        assert not await passes(limits, other)


async def test_the_same_bucket_twice_is_one_token(dsn: str) -> None:
    """As when a caller's address is also the name of something else."""
    bucket = Bucket("twice", "t", Rate(2, 60))
    async with limited(dsn) as limits:
        await limits.take(bucket, bucket)

        assert [await passes(limits, bucket) for _ in range(2)] == [True, False]


async def test_a_budget_is_spent_once_and_renewed_the_next_day(dsn: str) -> None:
    """40 at once of 10, however often; tomorrow again 10."""
    async with limited(dsn) as limits:
        for _ in range(5):
            spent = await asyncio.gather(*(spend(limits, "site", 10) for _ in range(40)))
            assert sum(spent) == 10
            await run_sql(dsn, "update daily_budgets set day = day - 1")

        assert await spend(limits, "another", 10)
        assert not await spend(limits, "nothing", 0)


async def test_a_question_is_charged_to_all_that_pay_or_to_none(dsn: str) -> None:
    """15 rounds of 24 at once, of 12 readers: nobody pays for a refusal."""
    async with limited(dsn) as limits:
        for number in range(15):
            site, asked = Budget(f"site {number}", 7, "Spent."), list[Bucket]()

            async def ask(budgets: list[Budget], bucket: Bucket) -> bool:
                try:
                    return await limits.charge([bucket], budgets)
                except BudgetSpent:
                    return False

            calls = []
            for reader in range(24):
                own = Budget(f"reader {number} {reader % 12}", 2, "Spent.")
                asked.append(Bucket("chat", f"{number} {reader}", Rate(1, 3600)))
                calls.append(ask([own, site][:: 1 if reader % 2 else -1], asked[-1]))
            went = await asyncio.gather(*calls)

            assert sum(went) == 7
            assert [await passes(limits, bucket) for bucket in asked] == [not ok for ok in went]
            (day,) = await run_sql(dsn, "select sum(used) as used from daily_budgets")
            assert day["used"] == 7 * 2
            await run_sql(dsn, "delete from daily_budgets")


async def test_the_first_budget_that_is_spent_says_why(dsn: str) -> None:
    """And a bucket goes before all budgets; what nobody is refused for goes on unpaid."""
    mine, site = Budget("mine", 1, "Yours."), Budget("site", 0, "The site's.")
    free, bucket = Budget("site", 0, None), Bucket("chat", "reader", Rate(2, 3600))
    async with limited(dsn) as limits:
        with pytest.raises(BudgetSpent, match=r"The site's\."):
            await limits.charge([bucket], [mine, site])
        assert not await limits.charge([bucket], [mine, free])
        with pytest.raises(BudgetSpent, match=r"Yours\."):
            await limits.charge([bucket], [mine, site])
        assert await limits.charge([bucket])
        with pytest.raises(TooManyRequests):
            await limits.charge([bucket], [mine, site])


async def test_midnight_in_another_process_does_not_renew_a_budget_twice(dsn: str) -> None:
    """A spend that began yesterday and comes late counts for the day that is there."""
    async with limited(dsn) as limits:
        await spend(limits, "site", 2)
        await run_sql(dsn, "update daily_budgets set day = day + 1")

        assert [await spend(limits, "site", 2) for _ in range(2)] == [True, False]
        await run_sql(dsn, "update daily_budgets set day = day - 1")  # midnight is past here too
        assert not await spend(limits, "site", 2)


def test_midnight_is_never_further_than_a_day() -> None:
    """In UTC, and rounded up: who comes back then finds a new day."""
    seconds = seconds_until_midnight()
    then = datetime.now(UTC) + timedelta(seconds=seconds)

    assert 1 <= seconds <= 86_400
    assert then.hour == then.minute == 0
