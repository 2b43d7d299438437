-- name: forgive
-- Commits do not wait for the disk, whose speed says nothing of ours: for ratios.
alter database footnote set synchronous_commit = off;

-- name: fill
-- :count conversations for each reader from the :first to the :last, with one exchange each, whose
-- answer has so many :sentences.
with wanted as (
    select
        ('00000000-0000-4000-8000-' || lpad(reader::text, 12, '0'))::uuid as user_id,
        ('00000000-0000-4000-9000-' || lpad((reader * 1000 + n)::text, 12, '0'))::uuid as id,
        now() - n * interval '1 hour' as at
    from
        generate_series(:first::integer, :last::integer) reader,
        generate_series(1, :count::integer) n
),
begun as (
    insert into conversations (conversation_id, user_id, title, created_at, updated_at)
    select id, user_id, 'How do I keep conversations?', at, at
    from wanted
)
insert into exchanges (exchange_id, conversation_id, query, response, status, created_at)
select
    id,
    id,
    'How do I keep conversations?',
    repeat('In a table of its own. ', :sentences::integer),
    'success',
    at
from wanted;

-- name: fill_peer
-- The same in the table of the FastAPI service.
insert into peer_conversations (id, user_id, query, response, created_at)
select
    gen_random_uuid(),
    ('00000000-0000-4000-8000-' || lpad(reader::text, 12, '0'))::uuid,
    'How do I keep conversations?',
    repeat('In a table of its own. ', 65),
    now() - n * interval '1 hour'
from generate_series(1, :readers::integer) reader, generate_series(1, :count::integer) n;

-- name: kept
-- How many conversations a reader has.
select count(*)::integer
from conversations
where user_id = :user_id::uuid;

-- name: kept_by_peer
-- How many the FastAPI service has of a reader.
select count(*)::integer
from peer_conversations
where user_id = :user_id::uuid;
