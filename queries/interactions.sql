-- name: add
-- Log one interaction; a second write of the same id changes nothing.
insert into interaction_logs (
    interaction_id, asked_at, user_label, question, selected_text, metadata, answer, status, error,
    provider, model, prompt_version, passages, confidence, degraded, prompt_tokens,
    completion_tokens, retrieval_ms, first_token_ms, total_ms
)
values (
    :interaction_id, :asked_at, :user_label, :question, :selected_text, :metadata::jsonb, :answer,
    :status, :error, :provider, :model, :prompt_version, :passages::jsonb, :confidence, :degraded,
    :prompt_tokens, :completion_tokens, :retrieval_ms, :first_token_ms, :total_ms
)
on conflict (interaction_id) do nothing;
