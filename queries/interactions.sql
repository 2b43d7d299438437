-- name: add
-- Log one interaction, once; nothing of a reader who has gone meanwhile, who was promised that
-- nothing is left.
insert into interaction_logs (
    interaction_id, asked_at, user_id, conversation_id, user_label, question, selected_text,
    metadata, answer, status, error, provider, model, prompt_version, passages, confidence,
    degraded, prompt_tokens, completion_tokens, cost_usd, is_cached, weak_sentences,
    uncited_sentences, retrieval_ms, first_token_ms, total_ms
)
select
    :interaction_id::uuid, :asked_at::timestamptz, :user_id::uuid, :conversation_id::uuid,
    :user_label::text, :question::text, :selected_text::text, :metadata::jsonb, :answer::text,
    :status::text, :error::text, :provider::text, :model::text, :prompt_version::text,
    :passages::jsonb, :confidence::real, :degraded::text[], :prompt_tokens::integer,
    :completion_tokens::integer, :cost_usd::double precision, :is_cached::boolean,
    :weak_sentences::integer, :uncited_sentences::integer, :retrieval_ms::integer,
    :first_token_ms::integer, :total_ms::integer
where :user_id is null or exists (select from users where id = :user_id for key share)
on conflict (interaction_id) do nothing
returning interaction_id;

-- name: of_user
-- What the log knows to be a user's, oldest first.
select interaction_id as message_id, asked_at, question, selected_text, answer, status
from interaction_logs
where user_id = :user_id
order by interaction_id
limit 1000000;
