-- name: register
-- The new account with its password; no row when the e-mail is taken.
with added as (
    insert into users (email)
    values (:email)
    on conflict (email) do nothing
    returning id, email, created_at
),
with_password as (
    insert into accounts (user_id, provider_id, account_id, password)
    select id, 'credential', id::text, :password_hash
    from added
)
select id, email, created_at
from added;

-- name: add_guest
-- A reader without an account; the address is a placeholder that nobody can receive mail at.
with made as (select gen_random_uuid() as id)
insert into users (id, email, is_guest)
select id, id || '@guest.invalid', true
from made
returning id;

-- name: credential_of
-- What a login is checked against; the hash is null for who signs in through a provider only.
select u.id as user_id, u.email, a.password as password_hash
from users u
left join accounts a
on a.user_id = u.id and a.provider_id = 'credential' and a.account_id = u.id::text
where u.email = :email and not u.is_guest;

-- name: password_hash
-- The hash of a user's password; null without one.
select password
from accounts
where user_id = :user_id and provider_id = 'credential' and account_id = (:user_id)::text;

-- name: change_password
-- Set the password and end every session but the one that stays; no row for who has no password.
with changed as (
    update accounts
    set password = :password_hash, updated_at = now()
    where user_id = :user_id and provider_id = 'credential'
    and account_id = (:user_id)::text and password = :old_hash
    returning user_id
),
ended as (
    delete from sessions
    where user_id = (select user_id from changed) and token is distinct from :staying
)
select user_id
from changed;

-- name: rehash
-- Store the same password's new hash, unless somebody has changed the password meanwhile.
update accounts
set password = :new_hash, updated_at = now()
where user_id = :user_id and provider_id = 'credential' and password = :old_hash;

-- name: lock
-- The user's id, once no other transaction writes to this user's history; null when gone.
select id
from users
where id = :user_id
for no key update;

-- name: account
-- A reader's account; a guest has no e-mail.
select id as user_id, case when is_guest then null else email end as email, is_guest, created_at
from users
where id = :user_id;

-- name: public_key
-- A public key of Better Auth's jwt plugin, as JSON Web Key.
select public_key
from jwks
where id = :key_id and (expires_at is null or expires_at > now());

-- name: delete
-- The user, and by cascade all that is theirs; logged questions are theirs, too.
with asked as (
    delete from interaction_logs
    where user_id = :user_id
)
delete from users
where id = :user_id;

-- name: forget_guest
-- Remove a guest whose things have moved into an account.
delete from users
where id = :guest_id and is_guest;

-- name: sweep_guests
-- Forget a few guests who cannot come back, more than have come: their last session has ended.
delete from users
where id in (
    select g.id
    from users g
    where g.is_guest and g.created_at < now() - interval '30 days'
    and not exists (select from sessions s where s.user_id = g.id and s.expires_at > now())
    limit 3
    for update of g skip locked
);
