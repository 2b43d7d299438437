-- name: charge
-- A token of each of :buckets and a unit of each of :budgets, or nothing at all; migration 0009 has
-- the rules. How long until each bucket has a token, and which budgets had nothing left.
select wait, coalesce(spent, '{}') as spent
from charge_question(
    _buckets => :buckets,
    _steps => :steps,
    _spans => :spans,
    _budgets => :budgets,
    _per_day => :per_day,
    _needed => :needed
);

-- name: forget
-- These buckets are full again; locked in the order of charge, so that neither waits for the other.
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
