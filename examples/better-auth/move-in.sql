-- Moves readers from Better Auth's own tables ("user", account, session) into Footnote's.
-- Run it after `make migrate`, in a database that has both: psql -v ON_ERROR_STOP=1 -f move-in.sql
-- The old tables stay as they are. Run again, it adds who has signed up since.
begin;

set local time zone 'UTC'; -- the zone of sites whose columns have none

-- The uuid that an id becomes: itself if it is one, else always the same (version 8, RFC 9562).
-- Your own tables can follow with it: update posts set author_id = moved_id(author). Then drop it.
create or replace function moved_id(id text) returns uuid
language sql immutable strict
return case
    when id ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then id::uuid
    else overlay(overlay(md5('better-auth:' || id) placing '8' from 13) placing '8' from 17)::uuid
end;

-- An e-mail that has an account here already stops the whole move: nobody may inherit it by chance.
insert into users (id, email, email_verified, name, image, is_guest, created_at, updated_at)
select
    moved_id(u.id::text),
    lower(u.email),
    u."emailVerified",
    coalesce(u.name, ''),
    u.image,
    coalesce((to_jsonb(u) ->> 'isAnonymous')::boolean, false), -- a column of the anonymous plugin
    u."createdAt",
    u."updatedAt"
from "user" u
on conflict (id) do nothing;

-- Hashes move as they are; the account of a password is named by its user's id.
insert into accounts (
    id, user_id, provider_id, account_id, password, access_token, refresh_token, id_token,
    access_token_expires_at, refresh_token_expires_at, scope, created_at, updated_at
)
select
    moved_id(a.id::text),
    moved_id(a."userId"::text),
    a."providerId",
    case
        when a."providerId" = 'credential' then moved_id(a."userId"::text)::text
        else a."accountId"
    end,
    a.password,
    a."accessToken",
    a."refreshToken",
    a."idToken",
    a."accessTokenExpiresAt",
    a."refreshTokenExpiresAt",
    a.scope,
    a."createdAt",
    a."updatedAt"
from account a
on conflict (id) do nothing;

-- With the same secret, readers stay signed in. Pending confirmations do not move: they hold old
-- ids and live for an hour.
insert into sessions (
    id, user_id, token, expires_at, ip_address, user_agent, created_at, updated_at
)
select
    moved_id(s.id::text),
    moved_id(s."userId"::text),
    s.token,
    s."expiresAt",
    s."ipAddress",
    s."userAgent",
    s."createdAt",
    s."updatedAt"
from session s
where s."expiresAt" > now()
on conflict (id) do nothing;

commit;
