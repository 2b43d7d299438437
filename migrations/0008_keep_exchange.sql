-- Keeping an exchange in one round trip. A function, because each statement in one sees what was
-- committed before that statement began: lock, then look. A single statement looks first, at a
-- snapshot older than its locks. It also keeps its plans where a pooler keeps no prepared statements.
--
-- It runs as who calls it, and finds tables by the caller's search_path, as any statement does: do
-- not set one here, or tables in a schema of their own are not found. A later version that takes
-- something else gets another name, since the service of before still calls this one.

-- Keep an exchange, once, in a conversation of the user's that is new or still there, in the place
-- of the one that it replaces and of what followed that; then let go of the user's oldest
-- conversations and of its oldest exchanges. Exact under the user's lock, and in whichever order
-- they come: what is older than all that a user may keep is gone at once, and counts as kept.
-- Otherwise says what is missing: the user, or the conversation, which is somebody else's or has
-- been deleted meanwhile.
create or replace function keep_exchange(
    _user_id uuid,
    _conversation_id uuid,
    _is_new boolean,
    _title text,
    _exchange_id uuid,
    _asked_at timestamptz,
    _query text,
    _selected_text text,
    _response text,
    _status text,
    _citations jsonb,
    _model text,
    _question_id uuid,
    _replaces uuid,
    _exchanges integer, -- that a conversation keeps
    _conversations integer -- that a user keeps
) returns text language plpgsql as $$
begin
    perform
    from users
    where id = _user_id
    for no key update;
    if not found then
        return 'no user';
    end if;

    if _is_new then
        insert into conversations (conversation_id, user_id, title, created_at, updated_at)
        select _conversation_id, _user_id, _title, _asked_at, _asked_at
        where exists (select from conversations where conversation_id = _conversation_id)
        or (
            select count(*)
            from conversations
            where user_id = _user_id
            and (updated_at, conversation_id) > (_asked_at, _conversation_id)
        ) < _conversations
        on conflict (conversation_id) do update
        set updated_at = greatest(conversations.updated_at, excluded.updated_at)
        where conversations.user_id = excluded.user_id;
    else
        update conversations
        set updated_at = greatest(updated_at, _asked_at)
        where conversation_id = _conversation_id and user_id = _user_id;
    end if;
    if not found then
        perform
        from conversations
        where conversation_id = _conversation_id;
        return case when _is_new and not found then 'kept' else 'no conversation' end;
    end if;

    insert into exchanges (
        exchange_id, conversation_id, query, selected_text, response, status, citations, model,
        created_at, question_id
    )
    select
        _exchange_id, _conversation_id, _query, _selected_text, _response, _status, _citations,
        _model, _asked_at, _question_id
    where (
        select count(*)
        from exchanges
        where conversation_id = _conversation_id and exchange_id > _exchange_id
    ) < _exchanges
    on conflict (exchange_id) do nothing;

    if _replaces is not null then
        delete from exchanges
        where conversation_id = _conversation_id
        and exchange_id >= _replaces
        and exchange_id < _exchange_id;
    end if;

    -- Arrays, not "in (select …)": whose plan depends on the offset, so that it was made anew each
    -- time, for longer than all the rest takes.
    delete from exchanges
    where exchange_id = any (
        array(
            select exchange_id
            from exchanges
            where conversation_id = _conversation_id
            order by exchange_id desc
            offset _exchanges
        )
    );
    delete from conversations
    where conversation_id = any (
        array(
            select conversation_id
            from conversations
            where user_id = _user_id
            order by updated_at desc, conversation_id desc
            offset _conversations
        )
    );
    return 'kept';
end
$$;

insert into migrations (name)
values ('0008_keep_exchange')
on conflict do nothing;
