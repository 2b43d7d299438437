-- Ada as the examples of openapi.yaml know her: account, session, conversation and judgement.
with ada as (
    insert into users (id, email, created_at)
    values ($1, 'ada@example.com', '2026-11-01T10:00:00Z')
    returning id
),
account as (
    insert into accounts (user_id, provider_id, account_id, password)
    select id, 'credential', id::text, $2 from ada
),
session as (
    insert into sessions (user_id, token, expires_at)
    select id, $3, now() + interval '7 days' from ada
),
conversation as (
    insert into conversations (conversation_id, user_id, title, created_at, updated_at)
    select $4, id, 'What is ownership?', '2026-11-01T10:00:00Z', '2026-11-01T10:02:00Z'
    from ada
    returning conversation_id
),
judgement as (
    insert into feedback (message_id, user_id, rating)
    select $5, id, 'positive' from ada
)
insert into exchanges (
    exchange_id, conversation_id, query, response, status, citations, model, created_at
)
select
    $5, conversation_id, 'What is ownership?',
    'Ownership is a set of rules that govern how a Rust program manages memory. [1]',
    $6, '[]', 'extractive', '2026-11-01T10:00:00Z'
from conversation;
