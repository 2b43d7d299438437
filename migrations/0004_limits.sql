-- Limits on what one caller may do. Keys are keyed hashes: no address and no e-mail stands here.
-- Unlogged: hot rows without a disk flush each; a crash forgets them, which costs one burst.
create unlogged table if not exists rate_limits (
    key text primary key,
    -- GCRA's theoretical arrival time: when the bucket will be full again.
    tat timestamptz not null
);

create index if not exists rate_limits_tat_idx on rate_limits (tat);

-- Questions of a UTC day, of one reader or of the whole site. Logged: a crash must not renew a bill.
create table if not exists daily_budgets (
    key text primary key,
    day date not null,
    used integer not null check (used >= 0)
);

create index if not exists daily_budgets_day_idx on daily_budgets (day);

insert into migrations (name)
values ('0004_limits')
on conflict do nothing;
