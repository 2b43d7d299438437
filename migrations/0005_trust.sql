-- What an answer cost, and how far it can be trusted.
alter table interaction_logs
add column if not exists cost_usd double precision check (cost_usd >= 0),
add column if not exists is_cached boolean not null default false,
add column if not exists weak_sentences integer not null default 0,
add column if not exists uncited_sentences integer not null default 0;

-- Every citation tells how well it is supported; those kept so far were not checked.
update exchanges
set
    citations = (
        select jsonb_agg('{"support": 1, "weak": false}'::jsonb || c.value order by c.ordinality)
        from jsonb_array_elements(citations) with ordinality as c (value, ordinality)
    )
where jsonb_array_length(citations) > 0;

insert into migrations (name)
values ('0005_trust')
on conflict do nothing;
