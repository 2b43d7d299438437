-- Readers, in the shape of Better Auth (better-auth >= 1.7.3): a Better Auth server on this database
-- shares users and sessions with us, both ways. Its planner asks for nothing more than these tables.
create table if not exists users (
    id uuid primary key default gen_random_uuid(),
    email text not null,
    email_verified boolean not null default false,
    name text not null default '',
    image text,
    -- Ours; Better Auth knows it only as its anonymous plugin's field, so it has a default.
    is_guest boolean not null default false,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint users_email_key unique (email),
    constraint users_email_lower check (email = lower(email))
);

-- For forgetting guests whose sessions have ended.
create index if not exists users_guests_idx on users (created_at) where is_guest;

-- A way to sign in. Ours has provider_id 'credential', account_id = users.id, and a bcrypt hash.
create table if not exists accounts (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references users (id) on delete cascade,
    provider_id text not null,
    account_id text not null,
    password text,
    access_token text,
    refresh_token text,
    id_token text,
    access_token_expires_at timestamptz,
    refresh_token_expires_at timestamptz,
    scope text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint accounts_provider_id_account_id_key unique (provider_id, account_id)
);

create index if not exists accounts_user_id_idx on accounts (user_id);

-- The token is stored as it is: without its signature, which needs the secret, it opens nothing.
create table if not exists sessions (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references users (id) on delete cascade,
    token text not null unique,
    expires_at timestamptz not null,
    ip_address text,
    user_agent text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

create index if not exists sessions_user_id_idx on sessions (user_id);

-- Better Auth's pending confirmations (e-mail, password reset); we neither read nor write them.
create table if not exists verifications (
    id uuid primary key default gen_random_uuid(),
    identifier text not null,
    value text not null,
    expires_at timestamptz not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

create index if not exists verifications_identifier_idx on verifications (identifier);

-- Keys of Better Auth's jwt plugin, which writes them; we read the public halves.
create table if not exists jwks (
    id uuid primary key default gen_random_uuid(),
    public_key text not null,
    private_key text not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz,
    alg text,
    crv text
);

insert into migrations (name)
values ('0002_readers')
on conflict do nothing;
