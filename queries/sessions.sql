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
-- The reader behind a valid token, and whether the session is due to be prolonged.
select
    u.id as user_id,
    case when u.is_guest then null else u.email end as email,
    u.is_guest,
    s.expires_at,
    s.updated_at < now() - :refresh_after::interval as is_due
from sessions s
inner join users u on u.id = s.user_id
where s.token = :token and s.expires_at > now() and s.created_at > now() - :absolute::interval;

-- name: prolong
-- A session that is used lives on, :absolute long at most; until when.
update sessions
set
    expires_at = least(now() + :lifetime::interval, created_at + :absolute::interval),
    updated_at = now()
where token = :token
returning expires_at;

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
