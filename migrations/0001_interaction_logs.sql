-- Every asked question, answered or not: what readers ask, and how well the book answers.
-- The key is the answer's message_id, a version 7 UUID, so rows sort by time without an index.
create table if not exists migrations (
    name text primary key,
    applied_at timestamptz not null default now()
);

create table if not exists interaction_logs (
    interaction_id uuid primary key,
    asked_at timestamptz not null,
    user_label text,
    question text not null,
    selected_text text,
    metadata jsonb not null default '{}',
    answer text not null,
    status text not null check (status in ('success', 'refused', 'stopped', 'failed')),
    error text,
    provider text,
    model text,
    prompt_version text,
    passages jsonb not null default '[]',
    confidence real check (confidence between 0 and 1),
    degraded text[] not null default '{}',
    prompt_tokens integer not null default 0 check (prompt_tokens >= 0),
    completion_tokens integer not null default 0 check (completion_tokens >= 0),
    retrieval_ms integer,
    first_token_ms integer,
    total_ms integer not null,
    -- A failure says why; nothing else does.
    check ((status = 'failed') = (error is not null))
);

insert into migrations (name)
values ('0001_interaction_logs')
on conflict do nothing;
