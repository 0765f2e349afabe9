-- fraud-detection: a person's word.

-- One at a time looks at entries: of two that see nothing of each other neither would find what they have in common.
create function oneshot.fraud_lock() returns void language sql as $$
  select pg_advisory_xact_lock(hashtextextended('oneshot.fraud', 0))
$$;

-- A person's decision, which no run changes.
create function oneshot.fraud_decide(entry bigint, state text, who text, note text default null) returns void
language plpgsql as $$
begin
  if state is null or state not in ('approved', 'rejected') then
    raise exception 'an entry is approved or rejected, not %', coalesce(state, 'null') using errcode = 'invalid_parameter_value';
  end if;
  if coalesce(who, '') = '' then
    raise exception 'a decision needs to say whose it is' using errcode = 'invalid_parameter_value';
  end if;
  perform oneshot.fraud_lock();
  if not exists (select from oneshot.fraud_facts where entry_id = entry)
    and not exists (select from oneshot.fraud_reviews where entry_id = entry) then
    raise exception 'entry % is none that fraud-detection has looked at', entry using errcode = 'no_data_found';
  end if;
  insert into oneshot.fraud_reviews as r
    (entry_id, score, state, changed_at, decided_by, decided_at, note, signals_at_decision)
  select entry, 0, fraud_decide.state, now(), who, now(), fraud_decide.note,
    array(select check_name::text from oneshot.fraud_signals where entry_id = entry order by check_name)
  on conflict (entry_id) do update
  set state = excluded.state, changed_at = case when r.state = excluded.state then r.changed_at else excluded.changed_at end,
    decided_by = excluded.decided_by, decided_at = excluded.decided_at, note = excluded.note,
    signals_at_decision = excluded.signals_at_decision;
end
$$;

-- Removes what is known of an entry. What became of it stays: without that, what was held back would count.
create function oneshot.fraud_forget(entry bigint) returns void
language plpgsql as $$
begin
  perform oneshot.fraud_lock();
  delete from oneshot.fraud_signals where entry_id = entry;
  delete from oneshot.fraud_facts where entry_id = entry;
end
$$;
