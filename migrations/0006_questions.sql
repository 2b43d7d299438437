-- A question keeps its name when it is answered anew: that of the first exchange it was in.
alter table exchanges
add column if not exists question_id uuid;

create index if not exists exchanges_question_id_idx on exchanges (question_id)
where question_id is not null;

insert into migrations (name)
values ('0006_questions')
on conflict do nothing;
