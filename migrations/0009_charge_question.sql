-- Charging for a question in one round trip, by a function for the reasons of 0008.

-- Take one token from each bucket and one of this UTC day's units from each budget; or nothing at
-- all, when a bucket is empty or a budget that is needed has been spent. How long until each bucket
-- has a token, zero when they have; and the budgets that had nothing left. Exact. Keys once.
create or replace function charge_question(
    _buckets text[],
    _steps float8[], -- seconds in which one token comes
    _spans float8[], -- seconds in which an empty bucket fills
    _budgets text[],
    _per_day integer[],
    _needed boolean[],
    out wait interval,
    out spent text[]
) language plpgsql
-- A plan for the arrays at hand is no better, and took longer to make than it takes to run.
set plan_cache_mode = force_generic_plan
as $$
declare
    _today date := (now() at time zone 'utc')::date;
begin
    -- Row locks cannot put in order what is not stored yet, so the keys are locked.
    perform pg_advisory_xact_lock(hashtextextended(key, 0))
    from (
        select key
        from unnest(_buckets || _budgets) as key
        order by key
    ) as sorted;

    select coalesce(max(tat - now() - (span - step) * interval '1 second'), interval '0')
    into wait
    from unnest(_buckets, _steps, _spans) as bucket (key, step, span)
    inner join rate_limits using (key);
    if wait > interval '0' then
        return;
    end if;
    wait := interval '0';

    if cardinality(_budgets) > 0 then
        select array_agg(key)
        into spent
        from unnest(_budgets, _per_day) as budget (key, per_day)
        left join daily_budgets using (key)
        -- A question from before midnight may come after one from after it.
        where per_day <= case when day >= _today then used else 0 end;
        perform
        from unnest(_budgets, _needed) as budget (key, is_needed)
        where is_needed and key = any (spent);
        if found then
            return;
        end if;

        -- No question waits for the disk: a crash forgets the last moment, a burst and not a bill.
        perform set_config('synchronous_commit', 'off', true);
        insert into daily_budgets as stored (key, day, used)
        select key, _today, 1
        from unnest(_budgets) as key
        where key <> all (coalesce(spent, '{}'))
        on conflict (key) do update
        set
            day = greatest(stored.day, excluded.day),
            used = case when stored.day < excluded.day then 1 else stored.used + 1 end;
    end if;

    insert into rate_limits as stored (key, tat)
    select key, now() + step * interval '1 second'
    from unnest(_buckets, _steps) as bucket (key, step)
    on conflict (key) do update
    set tat = greatest(stored.tat, now()) + (excluded.tat - now());
end
$$;

insert into migrations (name)
values ('0009_charge_question')
on conflict do nothing;
