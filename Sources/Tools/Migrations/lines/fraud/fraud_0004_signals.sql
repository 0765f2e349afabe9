-- fraud-detection: the six checks. What they find is a function of the facts alone, so neither the order in which entries come nor how many
-- come at once changes it.
--
-- Checks probe indexes and stop early (cross join lateral (...) limit): Postgres turns an exists into a hash of the whole table.
-- A first run fills tables that have no statistics yet, so what Postgres would guess of them is switched off.

-- The neighbours of an entry: at most so many before and after it, within a length of time, that have its referrer, its network or both.
-- Itself is among them.
create function oneshot.fraud_neighbours(fact oneshot.fraud_facts, kind text, most integer, within interval)
returns table (entry_id bigint, created_at timestamptz)
language plpgsql stable as $$
#variable_conflict use_column
begin
  return query select fact.entry_id, fact.created_at;
  if kind = 'referrer' then
    return query
    (select f.entry_id, f.created_at from oneshot.fraud_facts as f
      where referred_by = fact.referred_by and created_at between fact.created_at - within and fact.created_at
        and (created_at, entry_id) < (fact.created_at, fact.entry_id)
      order by created_at desc, entry_id desc limit most)
    union all
    (select f.entry_id, f.created_at from oneshot.fraud_facts as f
      where referred_by = fact.referred_by and created_at between fact.created_at and fact.created_at + within
        and (created_at, entry_id) > (fact.created_at, fact.entry_id)
      order by created_at, entry_id limit most);
  elsif kind = 'network' then
    return query
    (select f.entry_id, f.created_at from oneshot.fraud_facts as f
      where campaign_id = fact.campaign_id and network = fact.network and created_at between fact.created_at - within and fact.created_at
        and (created_at, entry_id) < (fact.created_at, fact.entry_id)
      order by created_at desc, entry_id desc limit most)
    union all
    (select f.entry_id, f.created_at from oneshot.fraud_facts as f
      where campaign_id = fact.campaign_id and network = fact.network and created_at between fact.created_at and fact.created_at + within
        and (created_at, entry_id) > (fact.created_at, fact.entry_id)
      order by created_at, entry_id limit most);
  elsif kind = 'both' then
    return query
    (select f.entry_id, f.created_at from oneshot.fraud_facts as f
      where referred_by = fact.referred_by and network = fact.network and created_at between fact.created_at - within and fact.created_at
        and (created_at, entry_id) < (fact.created_at, fact.entry_id)
      order by created_at desc, entry_id desc limit most)
    union all
    (select f.entry_id, f.created_at from oneshot.fraud_facts as f
      where referred_by = fact.referred_by and network = fact.network and created_at between fact.created_at and fact.created_at + within
        and (created_at, entry_id) > (fact.created_at, fact.entry_id)
      order by created_at, entry_id limit most);
  end if;
end
$$;

-- Which of some entries are in crowds: of more than so many within a length of time that have a referrer, a network or both in common.
-- is_fast says that more than half of the gaps between so many are of 30 seconds at most.
--
-- All that lie in one window with an entry are among its neighbours, so windows over everybody's neighbours are right for each.
create function oneshot.fraud_crowds(entries bigint[], kinds text[], most integer, within interval)
returns table (entry_id bigint, kind text, is_fast boolean)
language plpgsql stable as $$
#variable_conflict use_column
begin
  return query
  with chosen as materialized (
    select f as fact, f.* from oneshot.fraud_facts as f where f.entry_id = any (entries)
  ), many as (
    select c.fact, 'referrer' as kind, c.referred_by::text as key
    from chosen as c
    cross join lateral (
      select count(*) as others
      from (
        select from oneshot.fraud_facts as f
        where f.referred_by = c.referred_by
          and f.created_at between c.created_at - within and c.created_at + within
        limit most + 1) as few) as n
    where 'referrer' = any (kinds) and others > most
    union all
    select c.fact, 'both' as kind, c.referred_by || ' ' || c.network as key
    from chosen as c
    cross join lateral (
      select count(*) as others
      from (
        select from oneshot.fraud_facts as f
        where f.referred_by = c.referred_by and f.network = c.network
          and f.created_at between c.created_at - within and c.created_at + within
        limit most + 1) as few) as n
    where 'both' = any (kinds) and others > most
    union all
    select c.fact, 'network' as kind, c.campaign_id || ' ' || c.network as key
    from chosen as c
    cross join lateral (
      select count(*) as others
      from (
        select from oneshot.fraud_facts as f
        where f.campaign_id = c.campaign_id and f.network = c.network
          and f.created_at between c.created_at - within and c.created_at + within
        limit most + 1) as few) as n
    where 'network' = any (kinds) and others > most
  ), near as (
    select distinct m.kind, m.key, n.entry_id, n.created_at
    from many as m
    cross join lateral oneshot.fraud_neighbours(m.fact, m.kind, most, within) as n
  ), spans as (
    select kind, key, entry_id, created_at, lead(created_at, most) over in_order - created_at <= within as is_crowd,
      lead(created_at) over in_order - created_at <= interval '30 seconds' as is_fast
    from near
    window in_order as (partition by kind, key order by created_at, entry_id)
  ), starts as (
    select kind, key, entry_id, created_at, is_crowd,
      is_crowd and 2 * count(*) filter (where is_fast) over (
        partition by kind, key order by created_at, entry_id rows between current row and most - 1 following) > most as is_fast
    from spans
  ), crowds as (
    select kind, entry_id, bool_or(is_crowd) over around as is_crowd, bool_or(is_fast) over around as is_fast
    from starts
    window around as (
      partition by kind, key order by created_at, entry_id rows between most preceding and current row)
  )
  select c.entry_id, c.kind, coalesce(c.is_fast, false) from crowds as c where c.is_crowd and c.entry_id = any (entries);
end
$$;

-- What the checks find of some entries, by the facts.
create function oneshot.fraud_find(entries bigint[], rules jsonb)
returns table (entry_id bigint, check_name text, points smallint, evidence jsonb)
language plpgsql stable
set jit = off set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  most integer := (rules ->> 'velocity')::integer;
  within interval := (rules ->> 'velocity_within')::bigint * interval '1 second';
  per_network integer := (rules ->> 'per_network')::integer;
  look_back interval := (rules ->> 'look_back')::bigint * interval '1 second';
  points jsonb := rules -> 'points';
begin
  return query
  with chosen as materialized (
    select f as fact, f.* from oneshot.fraud_facts as f where f.entry_id = any (entries)
  ), crowd as materialized (
    select * from oneshot.fraud_crowds(entries, '{referrer}', most, within)
    union all select * from oneshot.fraud_crowds(entries, '{both,network}', per_network, interval '1 day')
  ), found as (
    -- self_referral
    select c.entry_id, 'self_referral' as check_name, v.reason, 1 as divisor,
      jsonb_build_object('referrer', c.referred_by) as details
    from chosen as c
    cross join lateral (select * from oneshot.fraud_facts as f where f.entry_id = c.referred_by limit 1) as r
    cross join lateral (values
      ('mailbox', c.mailbox <> '' and c.mailbox_exact = r.mailbox_exact),
      ('tag', c.mailbox <> '' and c.mailbox = r.mailbox and c.mailbox_exact <> r.mailbox_exact),
      ('device', c.device = r.device and (
        select count(*) from (
          select from oneshot.fraud_facts as f where f.campaign_id = c.campaign_id and f.device = c.device limit 51) as few
        ) <= 50),
      ('network', c.network = r.network and c.created_at - r.created_at between - interval '1 hour' and interval '1 hour')
    ) as v (reason, holds)
    where c.referred_by <> c.entry_id and v.holds
    union all
    select c.entry_id, 'self_referral', 'mailbox', 1, jsonb_build_object('referrer', c.referred_by)
    from chosen as c where c.referred_by = c.entry_id
    union all
    -- velocity: of those who were referred, and of who has referred them
    select w.entry_id, 'velocity', v.reason, 1,
      jsonb_build_object('referrer', c.referred_by, 'more_than', most, 'within_seconds', rules -> 'velocity_within')
    from crowd as w
    cross join lateral (select f as fact, f.* from oneshot.fraud_facts as f where f.entry_id = w.entry_id limit 1) as c
    cross join lateral (values ('burst', true), ('fast', w.is_fast)) as v (reason, holds)
    where w.kind = 'referrer' and v.holds
    union all
    select c.entry_id, 'velocity', v.reason, 1,
      jsonb_build_object('more_than', most, 'within_seconds', rules -> 'velocity_within')
    from chosen as c
    cross join lateral (
      select count(*) as others
      from (select from oneshot.fraud_facts as f where f.referred_by = c.entry_id limit most + 1) as few) as n
    cross join lateral (
      select bool_or(is_crowd) as is_crowd, bool_or(is_crowd and 2 * fast_gaps > most) as is_fast
      from (
        select lead(created_at, most) over (order by created_at, entry_id) - created_at <= within as is_crowd,
          count(*) filter (where gap <= interval '30 seconds') over (
            order by created_at, entry_id rows between current row and most - 1 following) as fast_gaps
        from (
          select f.created_at, f.entry_id,
            lead(f.created_at) over (order by f.created_at, f.entry_id) - f.created_at as gap
          from oneshot.fraud_facts as f where f.referred_by = c.entry_id) as f) as f) as own
    cross join lateral (values ('burst_of_referred', own.is_crowd), ('fast_of_referred', own.is_fast)) as v (reason, holds)
    where n.others > most and v.holds
    union all
    -- disposable_email, bot: by the entry's own row
    select c.entry_id, case when o.reason in ('listed', 'reserved', 'malformed') then 'disposable_email' else 'bot' end,
      o.reason,
      case when c.is_verified and o.reason in ('listed', 'reserved', 'malformed') then 2 else 1 end,
      case when c.is_verified and o.reason in ('listed', 'reserved', 'malformed') then '{"verified": true}' else '{}' end::jsonb
    from chosen as c cross join lateral unnest(c.reasons) as o (reason)
    union all
    -- duplicate_ip
    select w.entry_id, 'duplicate_ip', case w.kind when 'both' then 'referrer' else 'network' end, 1,
      jsonb_build_object('more_than', per_network)
        || case w.kind when 'both' then jsonb_build_object('referrer', c.referred_by) else '{}' end
    from crowd as w
    cross join lateral (select f as fact, f.* from oneshot.fraud_facts as f where f.entry_id = w.entry_id limit 1) as c
    where w.kind in ('both', 'network')
    union all
    -- duplicate_device: a fingerprint with more than 50 entries is a common phone's
    select c.entry_id, 'duplicate_device', v.reason, 1, v.details
    from chosen as c
    cross join lateral (
      select count(*) as all_of_it, count(*) filter (where d.is_earlier) as earlier,
        (array_agg(d.entry_id order by d.created_at, d.entry_id) filter (where d.is_earlier))[1] as first,
        count(*) filter (where d.is_earlier and d.mailbox <> c.mailbox and d.referred_by = c.referred_by) as others
      from (
        select f.entry_id, f.mailbox, f.referred_by, f.created_at,
          (f.created_at, f.entry_id) < (c.created_at, c.entry_id) and f.created_at >= c.created_at - look_back as is_earlier
        from oneshot.fraud_facts as f
        where f.campaign_id = c.campaign_id and f.device = c.device
        limit 51) as d
    ) as d
    cross join lateral (values
      ('device', d.earlier > 0, jsonb_build_object('first', d.first, 'earlier', d.earlier)),
      ('mailbox', d.others > 0, jsonb_build_object('referrer', c.referred_by, 'earlier', d.others))
    ) as v (reason, holds, details)
    where c.device is not null and d.all_of_it <= 50 and v.holds
  ), weighed as (
    select f.entry_id, f.check_name, f.reason, f.details,
      (points ->> (f.check_name || '.' || replace(f.reason, '_of_referred', '')))::integer / f.divisor as points
    from found as f
    where rules -> 'checks' ? f.check_name
  )
  select w.entry_id, w.check_name, max(w.points)::smallint, jsonb_object_agg(w.reason, w.details)
  from weighed as w
  where w.points > 0
  group by w.entry_id, w.check_name;
end
$$;

-- Who is to be looked at, too, once the facts of some entries have changed: whose checks may find something else now.
create function oneshot.fraud_reach(changed bigint[], rules jsonb) returns bigint[]
language plpgsql stable
set jit = off set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  most integer := (rules ->> 'velocity')::integer;
  within interval := (rules ->> 'velocity_within')::bigint * interval '1 second';
  per_network integer := (rules ->> 'per_network')::integer;
begin
  return array(
    with chosen as materialized (
      select f as fact, f.* from oneshot.fraud_facts as f where f.entry_id = any (changed)
    ), crowd as materialized (
      select w.kind, c.fact, most as most, within as within
      from oneshot.fraud_crowds(changed, '{referrer}', most, within) as w cross join lateral (select f as fact, f.* from oneshot.fraud_facts as f where f.entry_id = w.entry_id limit 1) as c
      union all
      select w.kind, c.fact, per_network, interval '1 day'
      from oneshot.fraud_crowds(changed, '{both,network}', per_network, interval '1 day') as w
      cross join lateral (select f as fact, f.* from oneshot.fraud_facts as f where f.entry_id = w.entry_id limit 1) as c
    )
    -- Whoever is in the same crowd, and who has referred them.
    select n.entry_id
    from crowd as w
    cross join lateral oneshot.fraud_neighbours(w.fact, w.kind, w.most, w.within) as n
    union
    select (w.fact).referred_by from crowd as w where w.kind = 'referrer'
    union
    -- Those whom they have referred, where these came first.
    select f.entry_id
    from chosen as c
    cross join lateral (select f.entry_id from oneshot.fraud_facts as f where f.referred_by = c.entry_id offset 0) as f
    union
    -- The others of a device, unless it was a common one before.
    select d.entry_id
    from (select campaign_id, device, count(*) as new from chosen where device is not null group by campaign_id, device) as c
    cross join lateral (
      select array_agg(f.entry_id) as entries
      from (
        select f.entry_id from oneshot.fraud_facts as f
        where f.campaign_id = c.campaign_id and f.device = c.device
        limit 51 + c.new) as f) as all_of_it
    cross join lateral unnest(all_of_it.entries) as d (entry_id)
    where cardinality(all_of_it.entries) between 2 and 50 + c.new);
end
$$;
