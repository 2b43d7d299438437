-- name: newest
-- At most :limit conversations of a user, newest first, after the cursor if there is one; with
-- :words only those whose title, questions or answers hold them.
select
    c.conversation_id,
    c.title,
    (select count(*) from exchanges e where e.conversation_id = c.conversation_id)::int
    as exchange_count,
    c.created_at,
    c.updated_at
from conversations c
where c.user_id = :user_id
and (
    :before_at::timestamptz is null
    or (c.updated_at, c.conversation_id) < (:before_at::timestamptz, :before_id::uuid)
)
and (
    :words::text is null
    or strpos(lower(c.title), lower(:words)) > 0
    or exists (
        select
        from exchanges e
        where e.conversation_id = c.conversation_id
        and (
            (to_tsvector('simple', c.title) || e.words) @@ websearch_to_tsquery('simple', :words)
            or strpos(lower(e.query), lower(:words)) > 0
            -- Chinese, Japanese and Thai do not part their words.
            or octet_length(:words) > char_length(:words)
            and strpos(lower(e.response), lower(:words)) > 0
        )
    )
)
order by c.updated_at desc, c.conversation_id desc
limit :limit;

-- name: find
-- One conversation of a user.
select
    c.conversation_id,
    c.title,
    (select count(*) from exchanges e where e.conversation_id = c.conversation_id)::int
    as exchange_count,
    c.created_at,
    c.updated_at
from conversations c
where c.conversation_id = :conversation_id and c.user_id = :user_id;

-- name: rename
-- Give a user's conversation another title; it keeps its place in the list.
update conversations c
set title = :title
where c.conversation_id = :conversation_id and c.user_id = :user_id
returning
    c.conversation_id,
    c.title,
    (select count(*) from exchanges e where e.conversation_id = c.conversation_id)::int
    as exchange_count,
    c.created_at,
    c.updated_at;

-- name: delete
-- Remove a user's conversation with its exchanges.
delete from conversations
where conversation_id = :conversation_id and user_id = :user_id
returning conversation_id;

-- name: adopt
-- All that a guest has asked becomes the user's.
with logged as (
    update interaction_logs
    set user_id = :user_id
    where user_id = :guest_id
),
judged as (
    update feedback
    set user_id = :user_id
    where user_id = :guest_id
)
update conversations
set user_id = :user_id
where user_id = :guest_id;

-- name: prune
-- Keep a user's newest :at_most conversations; exact under the user's lock.
delete from conversations
where conversation_id in (
    select c.conversation_id
    from conversations c
    where c.user_id = :user_id
    order by c.updated_at desc, c.conversation_id desc
    offset :at_most
);
