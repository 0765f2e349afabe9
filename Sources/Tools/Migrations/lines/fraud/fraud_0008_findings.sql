-- fraud-detection: the six checks, a function of the facts and so the same in any order and in pages of any size; what is found is kept.

drop function oneshot.fraud_check, oneshot.fraud_weigh;

-- What the checks find of some entries, by the facts.
--
-- marks: those of these entries.
create function oneshot.fraud_find(entries bigint[], marks oneshot.fraud_mark[], rules jsonb)
returns table (entry_id bigint, check_name text, points smallint, evidence jsonb)
language plpgsql stable
set jit = off set enable_seqscan = off set enable_bitmapscan = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  most constant integer := rules ->> 'velocity';
  within constant interval := (rules ->> 'velocity_within')::bigint * interval '1 second';
  per_network constant integer := rules ->> 'per_network';
  look_back constant interval := (rules ->> 'look_back')::bigint * interval '1 second';
  points constant jsonb := rules -> 'points';
begin
  return query
  with marked as materialized (
    select c.*, m.kinds, d.all_of_it, d.earlier, d.first, d.others
    from unnest(marks) as m
    join oneshot.fraud_facts as c on c.entry_id = m.entry_id
    -- A fingerprint with more than 50 entries is a common phone's.
    cross join lateral (
      select count(*) as all_of_it, count(*) filter (where d.is_earlier) as earlier,
        (array_agg(d.entry_id order by d.created_at, d.entry_id) filter (where d.is_earlier))[1] as first,
        count(*) filter (where d.is_earlier and d.mailbox <> c.mailbox and d.referred_by = c.referred_by) as others
      from (
        select f.entry_id, f.mailbox, f.referred_by, f.created_at,
          (f.created_at, f.entry_id) < (c.created_at, c.entry_id) and f.created_at >= c.created_at - look_back as is_earlier
        from oneshot.fraud_facts as f
        where 'device' = any (m.kinds)
          and hashint8extended(f.campaign_id, hashtextextended(f.device, 0))
            = hashint8extended(c.campaign_id, hashtextextended(c.device, 0))
          and f.campaign_id = c.campaign_id and f.device = c.device
        limit 51) as d
      offset 0) as d
  ), crowd as materialized (
    select w.entry_id, f.referred_by, w.kind, w.is_fast
    from (
      select * from oneshot.fraud_crowds(marks, '{referrer}', most, within)
      union all
      select * from oneshot.fraud_crowds(marks, '{both,network}', per_network, interval '24 hours')) as w
    join oneshot.fraud_facts as f on f.entry_id = w.entry_id
  ), found as (
    -- self_referral
    select c.entry_id, 'self_referral' as check_name, v.reason, 1 as divisor,
      jsonb_build_object('referrer', c.referred_by) as details
    from marked as c
    join oneshot.fraud_facts as r on r.entry_id = c.referred_by
    cross join lateral (values
      ('mailbox', c.entry_id = c.referred_by or c.mailbox <> '' and c.mailbox_exact = r.mailbox_exact),
      ('tag', c.mailbox <> '' and c.mailbox = r.mailbox and c.mailbox_exact <> r.mailbox_exact),
      ('device', c.entry_id <> c.referred_by and c.device = r.device and c.all_of_it <= 50),
      ('network', c.entry_id <> c.referred_by and c.network = r.network
        and c.created_at - r.created_at between - interval '1 hour' and interval '1 hour')
    ) as v (reason, holds)
    where 'self' = any (c.kinds) and v.holds
    union all
    -- velocity: of those who were referred, and of who has referred them
    select c.entry_id, 'velocity', v.reason, 1,
      jsonb_build_object('referrer', c.referred_by, 'more_than', most, 'within_seconds', rules -> 'velocity_within')
    from crowd as c
    cross join lateral (values ('burst', true), ('fast', c.is_fast)) as v (reason, holds)
    where c.kind = 'referrer' and v.holds
    union all
    select c.entry_id, 'velocity', v.reason, 1,
      jsonb_build_object('more_than', most, 'within_seconds', rules -> 'velocity_within')
    from marked as c
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
    where 'referred' = any (c.kinds) and v.holds
      and (select true from oneshot.fraud_facts as f where f.referred_by = c.entry_id offset most limit 1)
    union all
    -- disposable_email, bot: by the entry's own row
    select c.entry_id, case when o.reason in ('listed', 'reserved', 'malformed') then 'disposable_email' else 'bot' end,
      o.reason,
      case when c.is_verified and o.reason in ('listed', 'reserved', 'malformed') then 2 else 1 end,
      case when c.is_verified and o.reason in ('listed', 'reserved', 'malformed') then '{"verified": true}' else '{}' end::jsonb
    from oneshot.fraud_facts as c
    cross join lateral unnest(c.reasons) as o (reason)
    where c.entry_id = any (entries) and c.reasons <> '{}'
    union all
    -- duplicate_ip
    select c.entry_id, 'duplicate_ip', case c.kind when 'both' then 'referrer' else 'network' end, 1,
      jsonb_build_object('more_than', per_network)
        || case c.kind when 'both' then jsonb_build_object('referrer', c.referred_by) else '{}' end
    from crowd as c
    where c.kind in ('both', 'network')
    union all
    -- duplicate_device
    select c.entry_id, 'duplicate_device', v.reason, 1, v.details
    from marked as c
    cross join lateral (values
      ('device', c.earlier > 0, jsonb_build_object('first', c.first, 'earlier', c.earlier)),
      ('mailbox', c.others > 0, jsonb_build_object('referrer', c.referred_by, 'earlier', c.others))
    ) as v (reason, holds, details)
    where c.all_of_it <= 50 and v.holds
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

-- Whether what a signal rests on may be forgotten already: facts are kept for FRAUD_KEEP. Such a signal only grows.
create function oneshot.fraud_is_settled(entry bigint, check_name text, rules jsonb, moment timestamptz) returns boolean
language plpgsql stable as $$
declare
  fact oneshot.fraud_facts;
  forgotten constant timestamptz := moment - (rules ->> 'keep')::bigint * interval '1 second';
begin
  select * into fact from oneshot.fraud_facts as f where f.entry_id = entry;
  return coalesce(
    case check_name
      when 'self_referral' then fact.referred_by is not null
        and not exists (select from oneshot.fraud_facts as f where f.entry_id = fact.referred_by)
      when 'duplicate_device' then fact.created_at < forgotten + (rules ->> 'look_back')::bigint * interval '1 second'
      when 'duplicate_ip' then fact.created_at < forgotten + interval '24 hours'
      when 'velocity' then fact.created_at < forgotten + (rules ->> 'velocity_within')::bigint * interval '1 second'
    end, false);
end
$$;
