-- fraud-detection: what was found is weighed; a page of entries is checked with whom it makes suspicious.

-- Keeps what the checks find of some entries, and what follows: the score, the state, an event for each change. Entries without facts
-- stay as they are.
--
-- marks: those of these entries. own: what checks of the operator have found: {"checks": [name], "signals": [{entry_id, check_name,
-- points, evidence}]}.
create function oneshot.fraud_weigh(
  entries bigint[], marks oneshot.fraud_mark[], rules jsonb, moment timestamptz, run uuid default null,
  own jsonb default '{"checks": [], "signals": []}')
returns table (entry_id bigint, score smallint, state text, was text)
language plpgsql set jit = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  checks constant text[] := array(
    select jsonb_array_elements_text(rules -> 'checks') union all select jsonb_array_elements_text(own -> 'checks'));
begin
  with fresh as materialized (
    select f.entry_id, f.check_name, f.points, f.evidence from oneshot.fraud_find(entries, marks, rules) as f
    union all
    select o.entry_id, o.check_name, o.points, o.evidence
    from jsonb_to_recordset(own -> 'signals') as o (entry_id bigint, check_name text, points smallint, evidence jsonb)
    where o.entry_id in (select unnest(entries))
  ), gone as (
    delete from oneshot.fraud_signals as s
    where s.entry_id = any (entries) and s.check_name = any (checks)
      and not exists (select from fresh as f where f.entry_id = s.entry_id and f.check_name = s.check_name)
      and not oneshot.fraud_is_settled(s.entry_id, s.check_name, rules, moment)
  )
  insert into oneshot.fraud_signals as s (entry_id, check_name, points, evidence, first_seen, last_seen)
  select f.entry_id, f.check_name, f.points, f.evidence, moment, moment from fresh as f
  order by f.entry_id, f.check_name
  on conflict (entry_id, check_name) do update
  set points = excluded.points, evidence = excluded.evidence, last_seen = excluded.last_seen
  where (s.points, s.evidence) is distinct from (excluded.points, excluded.evidence)
    and (s.points <= excluded.points or not oneshot.fraud_is_settled(s.entry_id, s.check_name, rules, moment));

  return query
  with scored as materialized (
    select s.entry_id, oneshot.fraud_score(array_agg(s.points::integer)) as score,
      array_agg(s.check_name::text order by s.check_name) as checks
    from oneshot.fraud_signals as s
    where s.entry_id = any (entries)
    group by s.entry_id
  ), old as materialized (
    -- A decision may be written in this moment, without fraud_decide and its lock.
    select * from oneshot.fraud_reviews as r where r.entry_id = any (entries) order by r.entry_id for update
  ), fresh as materialized (
    select entry_id, coalesce(s.score, 0::smallint) as score, coalesce(s.checks, '{}') as checks, o.state as was,
      case
        when o.state in ('approved', 'rejected') then o.state
        when s.score >= (rules ->> 'held')::integer then 'held'
        when s.score >= (rules ->> 'suspect')::integer then 'suspect'
        else 'clear' end as state,
      o.score as old_score, o.signals_at_decision,
      o.state = 'approved' and not coalesce(s.checks, '{}') <@ o.signals_at_decision as is_news
    from scored as s full join old as o using (entry_id)
  ), written as (
    insert into oneshot.fraud_reviews as r (entry_id, score, state, changed_at)
    select f.entry_id, f.score, f.state, moment
    from fresh as f
    where (f.score, f.state) is distinct from (f.old_score, f.was) or f.is_news
    order by f.entry_id
    on conflict (entry_id) do update
    set score = excluded.score,
      state = case when r.state in ('approved', 'rejected') then r.state else excluded.state end,
      changed_at = case when r.state in (excluded.state, 'approved', 'rejected') then r.changed_at else excluded.changed_at end,
      signals_at_decision = case when r.state = 'approved' then array(
        select unnest(r.signals_at_decision)
        union select s.check_name from oneshot.fraud_signals as s where s.entry_id = excluded.entry_id order by 1) end
  ), happened as (
    select f.*, case
        when f.is_news then case when f.score >= (rules ->> 'held')::integer then 'fraud.held' else 'fraud.suspect' end
        when f.state in ('suspect', 'held') and f.state is distinct from f.was then 'fraud.' || f.state
        when f.state = 'clear' and f.was in ('suspect', 'held') then 'fraud.cleared'
      end as type
    from fresh as f
  ), announced as (
    insert into oneshot.events (dedup, event, run_id)
    select dedup, jsonb_build_object('id', dedup, 'type', h.type, 'timestamp', moment, 'data', jsonb_strip_nulls(jsonb_build_object(
        'entry_id', h.entry_id, 'campaign_id', f.campaign_id, 'score', h.score, 'state', h.state, 'was', h.was,
        'checks', h.checks))), run
    from happened as h
    left join oneshot.fraud_facts as f on f.entry_id = h.entry_id
    cross join lateral (select format('fraud/%s/%s/%s', h.entry_id, h.state, pg_current_xact_id()) as dedup) as d
    where h.type is not null
    order by h.entry_id
    on conflict (dedup) do nothing
  )
  select f.entry_id, f.score, f.state, f.was from fresh as f;
end
$$;

-- Weighs entries by facts that are complete already.
create function oneshot.fraud_judge(
  entries bigint[], rules jsonb, moment timestamptz, run uuid default null, own jsonb default '{"checks": [], "signals": []}',
  is_whole boolean default false)
returns table (entry_id bigint, score smallint, state text, was text)
language plpgsql as $$
#variable_conflict use_column
declare
  known bigint[];
begin
  perform oneshot.fraud_lock();
  known := array(select f.entry_id from oneshot.fraud_facts as f where f.entry_id = any (entries));
  return query select * from oneshot.fraud_weigh(known, oneshot.fraud_marks(known, rules), rules, moment, run, own);
  if is_whole then
    update oneshot.fraud_facts as f set is_whole = true where f.entry_id = any (known) and not f.is_whole;
  end if;
end
$$;

-- Checks entries of the application: one, or a page of them. What fraud-detection calls for all, and event-drain's handler for those of
-- its events.
--
-- is_whole: whether all checks are in rules and own. missing: those that are not there.
create function oneshot.fraud_check(
  entries bigint[], rules jsonb, moment timestamptz, run uuid default null, own jsonb default '{"checks": [], "signals": []}',
  is_whole boolean default false, out missing bigint[], out checked bigint, out unreadable bigint, out proxied bigint, out clear bigint, out suspect bigint,
  out held bigint, out cleared bigint)
language plpgsql set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_variable
declare
  changed bigint[];
  known bigint[];
  marks oneshot.fraud_mark[];
  -- Whom these entries have had something in common with until now.
  before bigint[] := '{}';
  others bigint[];
  -- Those that have facts: one that has gone may have them still.
  present bigint[] := entries;
begin
  perform oneshot.fraud_lock();
  known := array(select f.entry_id from oneshot.fraud_facts as f where f.entry_id = any (entries));
  if known <> '{}' then
    before := oneshot.fraud_reach(oneshot.fraud_marks(known, rules), rules);
  end if;
  select n.changed, n.missing, n.unreadable, n.proxied into changed, missing, unreadable, proxied
  from oneshot.fraud_note(entries, rules, moment, is_whole) as n;
  if missing <> '{}' then
    present := array(select f.entry_id from oneshot.fraud_facts as f where f.entry_id = any (entries));
  end if;
  marks := oneshot.fraud_marks(present, rules);
  others := array(
    select f.entry_id
    from (
      (select unnest(before)
        union select unnest(oneshot.fraud_reach(
          array(select m from unnest(marks) as m where m.entry_id in (select unnest(changed))), rules)))
      except select unnest(present)) as other (id)
    join oneshot.fraud_facts as f on f.entry_id = other.id);
  select count(*) filter (where w.state = 'suspect' and w.was is distinct from w.state),
    count(*) filter (where w.state = 'held' and w.was is distinct from w.state),
    count(*) filter (where w.state = 'clear' and w.was in ('suspect', 'held')),
    cardinality(entries) - cardinality(missing)
      - count(*) filter (where w.state <> 'clear' and w.entry_id in (select unnest(entries) except select unnest(missing)))
  into suspect, held, cleared, clear
  from oneshot.fraud_weigh(
    present || others, marks || oneshot.fraud_marks(others, rules), rules, moment, run, own) as w;
  checked := cardinality(entries) - cardinality(missing);
end
$$;
