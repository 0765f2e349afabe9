-- fraud-detection: each entry is looked up once; only those with something in common with others are looked at closely.

drop function oneshot.fraud_reach, oneshot.fraud_crowds, oneshot.fraud_neighbours, oneshot.fraud_find;

-- An entry, and what it may have in common with others: self, referrer, both (referrer and network), network, device, referred.
create type oneshot.fraud_mark as (entry_id bigint, kinds text[]);

-- What some entries may have in common with others; those that have nothing are left out.
--
-- self: the mailbox, device or network of its referrer. referrer, both, network: more neighbours than are usual have the same.
-- device: another entry has it. referred: it has referred others.
create function oneshot.fraud_marks(entries bigint[], rules jsonb) returns oneshot.fraud_mark[]
language plpgsql stable
set jit = off set enable_seqscan = off set enable_bitmapscan = off set plan_cache_mode = force_generic_plan as $$
declare
  most constant integer := rules ->> 'velocity';
  within constant interval := (rules ->> 'velocity_within')::bigint * interval '1 second';
  per_network constant integer := rules ->> 'per_network';
  day constant interval := interval '24 hours';
begin
  return array(
    select row(c.entry_id, m.kinds)::oneshot.fraud_mark
    from oneshot.fraud_facts as c
    cross join lateral (
      select array_remove(array[
        case when c.referred_by is not null and (
          select c.referred_by = c.entry_id or c.mailbox <> '' and c.mailbox = r.mailbox or c.device = r.device or c.network = r.network
          from oneshot.fraud_facts as r where r.entry_id = c.referred_by) then 'self' end,
        case when c.referred_by is not null and (
          select true from oneshot.fraud_facts as f
          where f.referred_by = c.referred_by
            and f.created_at between c.created_at - within and c.created_at + within
          offset most limit 1) then 'referrer' end,
        case when c.referred_by is not null and c.network is not null and (
          select true from oneshot.fraud_facts as f
          where hashint8extended(f.referred_by, hashinetextended(f.network, 0))
              = hashint8extended(c.referred_by, hashinetextended(c.network, 0))
            and f.created_at between c.created_at - day and c.created_at + day
            and f.referred_by = c.referred_by and f.network = c.network
          offset per_network limit 1) then 'both' end,
        case when c.network is not null and (
          select true from oneshot.fraud_facts as f
          where hashint8extended(f.campaign_id, hashinetextended(f.network, 0))
              = hashint8extended(c.campaign_id, hashinetextended(c.network, 0))
            and f.created_at between c.created_at - day and c.created_at + day
            and f.campaign_id = c.campaign_id and f.network = c.network
          offset per_network limit 1) then 'network' end,
        case when c.device is not null and (
          select true from oneshot.fraud_facts as f
          where hashint8extended(f.campaign_id, hashtextextended(f.device, 0))
              = hashint8extended(c.campaign_id, hashtextextended(c.device, 0))
            and f.campaign_id = c.campaign_id and f.device = c.device
          offset 1 limit 1) then 'device' end,
        case when (select true from oneshot.fraud_facts as f where f.referred_by = c.entry_id limit 1) then 'referred' end
      ], null) as kinds
      offset 0) as m
    where c.entry_id = any (entries) and m.kinds <> '{}');
end
$$;

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
      where hashint8extended(campaign_id, hashinetextended(network, 0)) = hashint8extended(fact.campaign_id, hashinetextended(fact.network, 0))
        and created_at between fact.created_at - within and fact.created_at
        and (created_at, entry_id) < (fact.created_at, fact.entry_id)
        and campaign_id = fact.campaign_id and network = fact.network
      order by created_at desc, entry_id desc limit most)
    union all
    (select f.entry_id, f.created_at from oneshot.fraud_facts as f
      where hashint8extended(campaign_id, hashinetextended(network, 0)) = hashint8extended(fact.campaign_id, hashinetextended(fact.network, 0))
        and created_at between fact.created_at and fact.created_at + within
        and (created_at, entry_id) > (fact.created_at, fact.entry_id)
        and campaign_id = fact.campaign_id and network = fact.network
      order by created_at, entry_id limit most);
  elsif kind = 'both' then
    return query
    (select f.entry_id, f.created_at from oneshot.fraud_facts as f
      where hashint8extended(referred_by, hashinetextended(network, 0)) = hashint8extended(fact.referred_by, hashinetextended(fact.network, 0))
        and created_at between fact.created_at - within and fact.created_at
        and (created_at, entry_id) < (fact.created_at, fact.entry_id)
        and referred_by = fact.referred_by and network = fact.network
      order by created_at desc, entry_id desc limit most)
    union all
    (select f.entry_id, f.created_at from oneshot.fraud_facts as f
      where hashint8extended(referred_by, hashinetextended(network, 0)) = hashint8extended(fact.referred_by, hashinetextended(fact.network, 0))
        and created_at between fact.created_at and fact.created_at + within
        and (created_at, entry_id) > (fact.created_at, fact.entry_id)
        and referred_by = fact.referred_by and network = fact.network
      order by created_at, entry_id limit most);
  end if;
end
$$;

-- Which of some entries are in crowds: of more than so many within a length of time that have a referrer, a network or both in common.
-- is_fast says that more than half of the gaps between so many are of 30 seconds at most.
--
-- All that lie in one window with an entry are among its neighbours, so windows over everybody's neighbours are right for each.
create function oneshot.fraud_crowds(marks oneshot.fraud_mark[], kinds text[], most integer, within interval)
returns table (entry_id bigint, kind text, is_fast boolean)
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
  return query
  with many as materialized (
    select f as fact, kind, f.entry_id,
      case kind when 'referrer' then f.referred_by::text when 'both' then f.referred_by || ' ' || f.network
        else f.campaign_id || ' ' || f.network end as key
    from unnest(marks) as m
    cross join lateral unnest(m.kinds) as kind
    join oneshot.fraud_facts as f on f.entry_id = m.entry_id
    where kind = any (fraud_crowds.kinds)
  ), near as (
    select m.kind, m.key, n.entry_id, n.created_at, bool_or(n.entry_id = m.entry_id) as is_chosen
    from many as m
    cross join lateral oneshot.fraud_neighbours(m.fact, m.kind, most, within) as n
    group by m.kind, m.key, n.entry_id, n.created_at
  ), spans as (
    select *, lead(created_at, most) over in_order - created_at <= within as is_crowd,
      lead(created_at) over in_order - created_at <= interval '30 seconds' as is_fast
    from near
    window in_order as (partition by kind, key order by created_at, entry_id)
  ), starts as (
    select kind, key, entry_id, created_at, is_chosen, is_crowd,
      is_crowd and 2 * count(*) filter (where is_fast) over (
        partition by kind, key order by created_at, entry_id rows between current row and most - 1 following) > most as is_fast
    from spans
  ), crowds as (
    select kind, entry_id, is_chosen, bool_or(is_crowd) over around as is_crowd, bool_or(is_fast) over around as is_fast
    from starts
    window around as (
      partition by kind, key order by created_at, entry_id rows between most preceding and current row)
  )
  select c.entry_id, c.kind, coalesce(c.is_fast, false) from crowds as c where c.is_crowd and c.is_chosen;
end
$$;

-- Who is to be looked at, too, because of what some entries have in common with others: whose checks may find something else now.
create function oneshot.fraud_reach(marks oneshot.fraud_mark[], rules jsonb) returns bigint[]
language plpgsql stable
set jit = off set enable_seqscan = off set enable_bitmapscan = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  most constant integer := rules ->> 'velocity';
  within constant interval := (rules ->> 'velocity_within')::bigint * interval '1 second';
  per_network constant integer := rules ->> 'per_network';
begin
  if marks = '{}' then return '{}'; end if;
  return array(
    with crowd as materialized (
      select w.kind, f as fact, most as most, within as within
      from oneshot.fraud_crowds(marks, '{referrer}', most, within) as w
      join oneshot.fraud_facts as f on f.entry_id = w.entry_id
      union all
      select w.kind, f, per_network, interval '24 hours'
      from oneshot.fraud_crowds(marks, '{both,network}', per_network, interval '24 hours') as w
      join oneshot.fraud_facts as f on f.entry_id = w.entry_id
    )
    -- Whoever is in the same crowd, and who has referred them.
    select n.entry_id
    from crowd as w
    cross join lateral oneshot.fraud_neighbours(w.fact, w.kind, w.most, w.within) as n
    union
    select (w.fact).referred_by from crowd as w where w.kind = 'referrer'
    union
    -- Those whom they have referred.
    select f.entry_id
    from unnest(marks) as m
    cross join lateral (select f.entry_id from oneshot.fraud_facts as f where f.referred_by = m.entry_id offset 0) as f
    where 'referred' = any (m.kinds)
    union
    -- The others of a device, unless it was a common one before.
    select d.entry_id
    from (
      select f.campaign_id, f.device, count(*) as new
      from unnest(marks) as m
      join oneshot.fraud_facts as f on f.entry_id = m.entry_id
      where 'device' = any (m.kinds)
      group by f.campaign_id, f.device) as c
    cross join lateral (
      select array_agg(f.entry_id) as entries
      from (
        select f.entry_id from oneshot.fraud_facts as f
        where hashint8extended(f.campaign_id, hashtextextended(f.device, 0)) = hashint8extended(c.campaign_id, hashtextextended(c.device, 0))
          and f.campaign_id = c.campaign_id and f.device = c.device
        limit 51 + c.new) as f) as all_of_it
    cross join lateral unnest(all_of_it.entries) as d (entry_id)
    where cardinality(all_of_it.entries) between 2 and 50 + c.new);
end
$$;
