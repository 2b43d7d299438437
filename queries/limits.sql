-- name: take
-- One token from each of :keys, or from none; how long until each has one, zero when they are taken.
-- Do not simplify: row locks cannot put in order what is not stored yet, so the keys are locked.
with asked as materialized (
    select key, step, span, pg_advisory_xact_lock(hashtextextended(key, 0)) as locked
    from (
        select key, step * interval '1 second' as step, span * interval '1 second' as span
        from unnest(:keys::text[], :steps::float8[], :spans::float8[]) as bucket (key, step, span)
        order by key
    ) as sorted
),
-- Locked, rows show their newest version, which a plain read of this snapshot would miss.
held as materialized (
    select key, tat
    from rate_limits
    where key in (select key from asked)
    order by key
    for update
),
waits as (
    select key, step, tat + step - span - now() as wait
    from asked
    left join held using (key)
),
-- A bucket stored since this snapshot is not in held; it is judged here, where it is written.
taken as (
    insert into rate_limits as stored (key, tat)
    select key, now() + step
    from asked
    where not exists (select from waits where wait > interval '0')
    order by key
    on conflict (key) do update
    set tat = greatest(stored.tat, now()) + (excluded.tat - now())
    where greatest(stored.tat, now()) + (excluded.tat - now())
        <= now() + (select span from asked where asked.key = excluded.key)
    returning key
)
select coalesce(
    max(wait) filter (where wait > interval '0'),
    max(step) filter (where taken.key is null),
    interval '0'
)
from waits
left join taken using (key);

-- name: forget
-- These buckets are full again; locked in the order of take, so that neither waits for the other.
with asked as materialized (
    select key, pg_advisory_xact_lock(hashtextextended(key, 0)) as locked
    from (
        select key
        from unnest(:keys::text[]) as bucket (key)
        order by key
    ) as sorted
)
delete from rate_limits
using asked
where rate_limits.key = asked.key;

-- name: spend
-- Whether :key had one of this UTC day's :per_day units left, which is now spent.
with spent as (
    insert into daily_budgets as stored (key, day, used)
    select :key, (now() at time zone 'utc')::date, 1
    where :per_day::integer > 0
    on conflict (key) do update
    set
        -- A statement from before midnight may come after one from after it.
        day = greatest(stored.day, excluded.day),
        used = case when stored.day < excluded.day then 1 else stored.used + 1 end
    where stored.day < excluded.day or stored.used < :per_day
    returning key
)
select exists (select from spent);

-- name: sweep
-- Delete up to :at_most full buckets and as many past days' budgets; wait for no one's row.
with full_again as materialized (
    select key
    from rate_limits
    where tat < now()
    order by tat, key
    limit :at_most
    for update skip locked
),
swept as (
    delete from rate_limits
    using full_again
    where rate_limits.key = full_again.key
),
past as materialized (
    select key
    from daily_budgets
    where day < (now() at time zone 'utc')::date
    order by day, key
    limit :at_most
    for update skip locked
)
delete from daily_budgets
using past
where daily_budgets.key = past.key;
