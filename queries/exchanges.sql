-- name: keep
-- Keep an exchange, once, in a conversation of the user's that is new or still there, in the place of
-- the one that it :replaces and of what followed that; then let go of the oldest exchanges of it and
-- of the user's oldest other conversations. Exact under the user's lock, and in whichever order they
-- come: what is older than all that a user may keep is gone at once. No row when the conversation is somebody else's or has been deleted meanwhile.
with begun as (
    insert into conversations (conversation_id, user_id, title, created_at, updated_at)
    select :conversation_id::uuid, :user_id::uuid, :title::text, :asked_at, :asked_at
    where :is_new::boolean
    and (
        exists (select from conversations c where c.conversation_id = :conversation_id)
        or (
            select count(*)
            from conversations c
            where c.user_id = :user_id
            and (c.updated_at, c.conversation_id) > (:asked_at, :conversation_id)
        ) < :conversations
    )
    on conflict (conversation_id) do update
    set updated_at = greatest(conversations.updated_at, excluded.updated_at)
    where conversations.user_id = excluded.user_id
    returning conversation_id
),
continued as (
    update conversations
    set updated_at = greatest(updated_at, :asked_at)
    where not :is_new and conversation_id = :conversation_id and user_id = :user_id
    returning conversation_id
),
home as (
    select conversation_id from begun
    union all
    select conversation_id from continued
),
added as (
    insert into exchanges (
        exchange_id, conversation_id, query, selected_text, response, status, citations, model,
        created_at, question_id
    )
    select
        :exchange_id, conversation_id, :query, :selected_text, :response, :status,
        :citations::jsonb, :model, :asked_at, :question_id
    from home
    where (
        select count(*)
        from exchanges e
        where e.conversation_id = home.conversation_id and e.exchange_id > :exchange_id
    ) < :exchanges
    on conflict (exchange_id) do nothing
    returning exchange_id
),
replaced as (
    delete from exchanges
    where conversation_id = (select conversation_id from home)
    and exchange_id >= :replaces::uuid
    and exchange_id < :exchange_id
),
gone_exchanges as (
    delete from exchanges
    where exchange_id in (
        select e.exchange_id
        from exchanges e
        where e.conversation_id = (select conversation_id from home)
        and e.exchange_id <> (select exchange_id from added)
        order by e.exchange_id desc
        offset :exchanges - 1
    )
),
gone_conversations as (
    delete from conversations
    where conversation_id in (
        select c.conversation_id
        from conversations c
        where c.user_id = :user_id and c.conversation_id <> (select conversation_id from home)
        order by c.updated_at desc, c.conversation_id desc
        offset :conversations - 1
    )
)
select conversation_id from home
union all
select :conversation_id
where :is_new and not exists (
    select from conversations c where c.conversation_id = :conversation_id
)
limit 1;

-- name: kept
-- A user's exchanges, of one conversation or of all, oldest first.
select
    e.conversation_id,
    e.exchange_id as message_id,
    e.query,
    e.selected_text,
    e.response,
    e.status,
    e.citations,
    e.model,
    e.created_at,
    f.rating,
    f.comment
from exchanges e
inner join conversations c on c.conversation_id = e.conversation_id
left join feedback f on f.message_id = e.exchange_id
where c.user_id = :user_id
and (:conversation_id::uuid is null or c.conversation_id = :conversation_id)
order by e.exchange_id;

-- name: turns
-- The newest :limit turns of a user's conversation :before an exchange, newest first; one row without a query when it
-- has none, no row when the user has no such conversation.
select e.query, e.response
from conversations c
left join lateral (
    select x.exchange_id, x.query, x.response
    from exchanges x
    where x.conversation_id = c.conversation_id
    and (:before::uuid is null or x.exchange_id < :before)
    order by x.exchange_id desc
    limit :limit
) e on true
where c.conversation_id = :conversation_id and c.user_id = :user_id
order by e.exchange_id desc;

-- name: judge
-- Note what a user thinks of an answer of theirs; the last judgement holds, in whichever order they
-- come. No row when there is no such answer of theirs.
with mine as (
    select e.exchange_id, c.user_id
    from exchanges e
    inner join conversations c on c.conversation_id = e.conversation_id
    where e.exchange_id = :message_id and c.user_id = :user_id
),
noted as (
    insert into feedback (message_id, user_id, rating, comment, created_at, updated_at)
    select exchange_id, user_id, :rating, :comment, :judged_at, :judged_at
    from mine
    on conflict (message_id) do update
    set rating = excluded.rating, comment = excluded.comment, updated_at = excluded.updated_at
    where feedback.user_id = excluded.user_id and feedback.updated_at <= excluded.updated_at
)
select exchange_id
from mine;

-- name: judged
-- A user's judgements, oldest first; they outlive the conversations.
select message_id, rating, comment, created_at
from feedback
where user_id = :user_id
order by message_id
limit 1000000;

-- name: answered
-- A stored answer of a user's, with what the log knows of it.
select
    e.exchange_id as message_id,
    e.conversation_id,
    e.response,
    e.status,
    e.citations,
    coalesce(i.prompt_tokens, 0) as prompt_tokens,
    coalesce(i.completion_tokens, 0) as completion_tokens,
    coalesce(i.degraded, '{}') as degraded
from exchanges e
inner join conversations c on c.conversation_id = e.conversation_id
left join interaction_logs i on i.interaction_id = e.exchange_id
where e.exchange_id = :message_id and c.user_id = :user_id;
