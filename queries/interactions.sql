-- name: add
-- Log one interaction, of nobody when its user has gone; a second write of an id changes nothing.
insert into interaction_logs (
    interaction_id, asked_at, user_id, conversation_id, user_label, question, selected_text, metadata, answer,
    status, error, provider, model, prompt_version, passages, confidence, degraded, prompt_tokens,
    completion_tokens, retrieval_ms, first_token_ms, total_ms
)
values (
    :interaction_id, :asked_at, (select id from users where id = :user_id), :conversation_id,
    :user_label, :question, :selected_text, :metadata::jsonb, :answer,
    :status, :error, :provider, :model, :prompt_version, :passages::jsonb, :confidence, :degraded,
    :prompt_tokens, :completion_tokens, :retrieval_ms, :first_token_ms, :total_ms
)
on conflict (interaction_id) do nothing;

-- name: of_user
-- What the log knows to be a user's, oldest first.
select interaction_id as message_id, asked_at, question, selected_text, answer, status
from interaction_logs
where user_id = :user_id
order by interaction_id
limit 1000000;
