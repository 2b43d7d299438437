-- Answers that one process writes, and that are read on or stopped through another: behind a load
-- balancer a reader who comes back may meet any of them. A row is one such reader. Unlogged, and
-- without a reference: it lives for seconds, and after a crash there is nothing to relay.
create unlogged table if not exists relays (
    relay_id uuid primary key,
    message_id uuid not null,
    user_id uuid, -- the reader who came; null: without a session
    is_stop boolean not null,
    after integer not null check (after >= 0),
    is_numbered boolean not null,
    frames text not null default '', -- written, and not yet fetched
    is_over boolean not null default false,
    wanted_at timestamptz not null default now(), -- by the process that the reader came to
    written_at timestamptz -- by the process that writes the answer; null: none has it
);

create index if not exists relays_message_id_idx on relays (message_id);

insert into migrations (name)
values ('0007_relays')
on conflict do nothing;
