-- name: add
-- Readers from the :first to the :last, each with a session of a token that only its signature makes worth anything.
with added as (
    insert into users (id, email)
    select
        ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid,
        'reader-' || n || '@example.com'
    from generate_series(:first::integer, :last::integer) n
    returning id
)
insert into sessions (user_id, token, expires_at)
select id, 'bench' || replace(id::text, '-', ''), now() + interval '7 days'
from added;
