-- name: open
-- Note that a reader wants to read an answer on, or to stop it; whose it is decides who writes it.
insert into relays (relay_id, message_id, user_id, is_stop, after, is_numbered)
values (:relay_id, :message_id, :user_id, :is_stop, :after, :is_numbered)
on conflict (relay_id) do nothing;

-- name: wanted
-- What waits for one of these answers and is not written yet; what nobody waits for any more is gone.
with forgotten as (
    delete from relays
    where wanted_at < now() - interval '1 minute'
)
select relay_id, message_id, user_id, is_stop, after, is_numbered
from relays
where message_id = any(:message_ids::uuid[])
and written_at is null
and wanted_at > now() - :patience::interval
order by relay_id;

-- name: write
-- Append :frames for the reader; no row when they have gone.
update relays
set frames = frames || :frames, is_over = :is_over, written_at = now()
where relay_id = :relay_id and wanted_at > now() - :patience::interval
returning relay_id;

-- name: fetch
-- What was written since the last time, and whether its writer is still there; the reader is.
with written as (
    select relay_id, frames, is_over, written_at
    from relays
    where relay_id = :relay_id
    for update
),
emptied as (
    update relays
    set frames = '', wanted_at = now()
    from written
    where relays.relay_id = written.relay_id
)
select
    frames,
    is_over,
    written_at is not null as is_begun,
    coalesce(written_at > now() - :patience::interval, false) as is_alive
from written;

-- name: close
-- The reader has all, or has gone.
delete from relays
where relay_id = :relay_id;
