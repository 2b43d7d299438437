-- name: keep
-- Keep an exchange, once, and let go of the oldest beyond what a user keeps; migration 0008 has the
-- rules. Says what is missing, if it is not kept.
select keep_exchange(
    _user_id => :user_id,
    _conversation_id => :conversation_id,
    _is_new => :is_new,
    _title => :title,
    _exchange_id => :exchange_id,
    _asked_at => :asked_at,
    _query => :query,
    _selected_text => :selected_text,
    _response => :response,
    _status => :status,
    _citations => :citations,
    _model => :model,
    _question_id => :question_id,
    _replaces => :replaces,
    _exchanges => :exchanges,
    _conversations => :conversations
);

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
