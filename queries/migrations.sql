-- name: create_table
-- The record of what has been applied; also made by the first migration, for plain psql.
create table if not exists migrations (
    name text primary key,
    applied_at timestamptz not null default now()
);

-- name: lock
-- Wait for every other migrator; the lock ends with the transaction, so a pooler may sit between.
select pg_advisory_xact_lock(hashtext('footnote.migrations'));

-- name: applied
-- Names of the migrations that this database has.
select name
from migrations
order by name;
