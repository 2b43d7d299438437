-- name: newest
-- At most :limit conversations of a user behind :after, newest first or, :ascending, oldest first;
-- none when that one is gone.
select c.conversation_id, c.title, c.created_at
from conversations c
left join conversations a on a.conversation_id = :after and a.user_id = :user_id
where c.user_id = :user_id
and (
    :after::uuid is null
    or case
        when :ascending::boolean
        then (c.updated_at, c.conversation_id) > (a.updated_at, a.conversation_id)
        else (c.updated_at, c.conversation_id) < (a.updated_at, a.conversation_id)
    end
)
order by
    case when :ascending then c.updated_at end,
    case when :ascending then c.conversation_id end,
    c.updated_at desc,
    c.conversation_id desc
limit :limit;

-- name: items
-- At most :limit sides of a user's exchanges in one conversation, questions and answers that have
-- words, in time's order or against it; behind the side :after_is_answer of :after, if given.
select
    e.conversation_id,
    e.exchange_id as message_id,
    coalesce(e.question_id, e.exchange_id) as question_id,
    side.is_answer,
    e.query,
    e.selected_text,
    e.response,
    e.created_at,
    e.citations
from exchanges e
inner join conversations c on c.conversation_id = e.conversation_id
cross join (values (false), (true)) as side (is_answer)
where c.user_id = :user_id and c.conversation_id = :conversation_id
and (e.response <> '' or not side.is_answer)
and (
    :after::uuid is null
    or case
        when :ascending::boolean
        then (e.exchange_id, side.is_answer) > (
            coalesce(
                (
                    select x.exchange_id
                    from exchanges x
                    where x.conversation_id = :conversation_id and x.question_id = :after
                ),
                :after
            ),
            :after_is_answer::boolean
        )
        else (e.exchange_id, side.is_answer) < (
            coalesce(
                (
                    select x.exchange_id
                    from exchanges x
                    where x.conversation_id = :conversation_id and x.question_id = :after
                ),
                :after
            ),
            :after_is_answer
        )
    end
)
order by
    case when :ascending then e.exchange_id end,
    case when :ascending then side.is_answer end,
    e.exchange_id desc,
    side.is_answer desc
limit :limit;

-- name: question
-- A question of a user's, in one conversation, by its name.
select e.exchange_id as message_id, e.query, e.selected_text
from exchanges e
inner join conversations c on c.conversation_id = e.conversation_id
where c.user_id = :user_id
and c.conversation_id = :conversation_id
and coalesce(e.question_id, e.exchange_id) = :question_id;
