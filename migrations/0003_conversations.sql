-- What a reader finds again tomorrow: conversations, each a row of questions with their answers.
create table if not exists conversations (
    conversation_id uuid primary key,
    user_id uuid not null references users (id) on delete cascade,
    title text not null check (char_length(title) between 1 and 200),
    created_at timestamptz not null default now(),
    -- When its newest exchange was; lists and retention go by it.
    updated_at timestamptz not null default now()
);

create index if not exists conversations_user_id_updated_at_idx
on conversations (user_id, updated_at desc, conversation_id desc);

create table if not exists exchanges (
    exchange_id uuid primary key, -- = the answer's message_id, a version 7 UUID
    conversation_id uuid not null references conversations (conversation_id) on delete cascade,
    query text not null,
    selected_text text,
    response text not null,
    status text not null check (status in ('success', 'refused', 'stopped', 'failed')),
    citations jsonb not null default '[]',
    model text,
    created_at timestamptz not null default now(),
    -- Whole words of any language; cut, because a tsvector may not be larger than 1 MB.
    words tsvector generated always as (
        to_tsvector('simple', query || ' ' || left(response, 50000))
    ) stored
);

create index if not exists exchanges_conversation_id_idx
on exchanges (conversation_id, exchange_id);

-- A reader's judgement of an answer. Outlives the conversation: owners learn from it.
create table if not exists feedback (
    message_id uuid primary key,
    user_id uuid not null references users (id) on delete cascade,
    rating text not null check (rating in ('positive', 'negative')),
    comment text check (char_length(comment) <= 1000),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

create index if not exists feedback_user_id_idx on feedback (user_id);

-- Who asked, when it was a reader with a session; a deleted account takes its rows along.
alter table interaction_logs
add column if not exists user_id uuid references users (id) on delete set null,
add column if not exists conversation_id uuid;

create index if not exists interaction_logs_user_id_idx
on interaction_logs (user_id)
where user_id is not null;

insert into migrations (name)
values ('0003_conversations')
on conflict do nothing;
