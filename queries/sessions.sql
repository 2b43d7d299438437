-- name: add
-- A new session; the presented one ends, whoever's it is, and of the user's what has expired and
-- all but the newest :at_most - 1.
with ended as (
    delete from sessions
    where id in (
        select id
        from sessions
        where token = :presented
        union all
        select id
        from sessions
        where user_id = :user_id and expires_at <= now()
        union all
        (
            select id
            from sessions
            where user_id = :user_id
            order by created_at desc, id
            offset :at_most - 1
        )
    )
)
insert into sessions (user_id, token, expires_at, ip_address, user_agent)
values (:user_id, :token, now() + :lifetime, :ip_address, left(:user_agent, 500))
returning expires_at;

-- name: find
-- The reader behind a valid token; a session that is used lives on, :absolute long at most.
with found as (
    select id, user_id, created_at, expires_at, updated_at
    from sessions
    where token = :token and expires_at > now() and created_at > now() - :absolute::interval
),
prolonged as (
    update sessions s
    set
        expires_at = least(now() + :lifetime::interval, found.created_at + :absolute::interval),
        updated_at = now()
    from found
    where s.id = found.id and found.updated_at < now() - :refresh_after::interval
    returning s.expires_at
)
select
    u.id as user_id,
    case when u.is_guest then null else u.email end as email,
    u.is_guest,
    coalesce((select expires_at from prolonged), found.expires_at) as expires_at
from found
inner join users u on u.id = found.user_id;

-- name: close
-- End the session of a token.
delete from sessions
where token = :token;

-- name: newest
-- A user's open sessions without their tokens, newest first.
select created_at, expires_at, ip_address, user_agent
from sessions
where user_id = :user_id and expires_at > now()
order by created_at desc, id
limit 1000;
