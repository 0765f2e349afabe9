-- waitlist-positions: a campaign is read and ranked, in one statement.
--
-- The tables of the application are those that the caller's search_path finds, read with the caller's privileges.

-- Entries whose referrals do not count because fraud-detection, or a person, says so. Where that job has no table yet,
-- there are none. Stable: it sees what the statement sees that calls it.
create function oneshot.waitlist_held() returns setof bigint language plpgsql stable as $$
begin
  if to_regclass('oneshot.fraud_reviews') is null then return; end if;
  return query select r.entry_id from oneshot.fraud_reviews as r where r.state in ('held', 'rejected');
end
$$;

-- The numbers of nodes that lie on a circle, where each node points to one other, or to none (0). Each node is visited
-- once.
create function oneshot.waitlist_circles(pointers integer[]) returns setof integer
language plpgsql immutable strict as $$
declare
  visited integer[] := array_fill(0, array[cardinality(pointers)]);
  node integer;
  place integer;
begin
  for start in 1..cardinality(pointers) loop
    node := start;
    while node <> 0 and visited[node] = 0 loop
      visited[node] := start;
      node := pointers[node];
    end loop;
    continue when node = 0 or visited[node] <> start;
    place := node;
    loop
      return next place;
      place := pointers[place];
      exit when place = node;
    end loop;
  end loop;
end
$$;

-- Entries of a campaign whose referred_by cannot count: their own, one that is not in the campaign, one that came later,
-- or a part of a circle. Whoever has left still is who has referred others.
create function oneshot.waitlist_odd(campaign bigint) returns bigint[]
language plpgsql stable
set jit = off set work_mem = '128MB' set plan_cache_mode = force_custom_plan as $$
begin
  return (
    with ordered as materialized (
      select e.id::bigint as id, e.referred_by::bigint as referrer, e.status::text is distinct from 'withdrawn' as is_here,
        row_number() over (order by e.original_position nulls last, e.id)::integer as number
      from waitlist_entries as e
      where e.campaign_id = campaign
    ), referred as materialized (
      select o.id, o.number, o.is_here, o.referrer, r.number as referrer_number
      from ordered as o
      left join ordered as r on r.id = o.referrer
      where o.referrer is not null
    ), on_circle as (
      select number
      from oneshot.waitlist_circles((
        select array_agg(coalesce(referrer_number, 0) order by number)
        from ordered
        left join referred using (number)
        -- A circle has somebody in it who was referred by a later one.
        where exists (select from referred where referrer_number > number))) as circle (number)
    )
    select coalesce(array_agg(id order by id), '{}')
    from referred
    where is_here and (referrer_number is null or referrer_number >= number or number in (select number from on_circle)));
end
$$;

-- What changes when anything does that places depend on, or a place itself.
create function oneshot.waitlist_digest(campaign bigint) returns bigint
language plpgsql stable
set jit = off set plan_cache_mode = force_custom_plan as $$
begin
  return (
    select coalesce(bit_xor(
      hashint8extended(e.id, hashint8extended(coalesce(e.referred_by, -1), hashint8extended(
        coalesce(e.original_position, -1), hashint8extended(coalesce(e.position, -1),
          (e.status::text is distinct from 'withdrawn')::integer
          + 2 * (e.verified_at is not null and e.id not in (select oneshot.waitlist_held()))::integer))))), 0)
    from waitlist_entries as e
    where e.campaign_id = campaign);
end
$$;

-- An entry that is not as it should be, or that a message is due for.
create type oneshot.waitlist_change as (
  entry_id bigint, is_here boolean, priority bigint, referrals integer, from_position bigint, to_position bigint,
  told bigint, is_due boolean, top bigint, notified_at timestamptz, moved_at timestamptz
);
comment on type oneshot.waitlist_change is
  'told: the place that the next message counts from. top: the threshold that was crossed. moved_at: null without a row of waitlist_placements.';

-- What is known of a campaign once it was read.
create type oneshot.waitlist_reading as (
  entries bigint, unplaced bigint, has_gone boolean, is_odd boolean, originals bigint, suppressed bigint,
  held_until timestamptz, changes oneshot.waitlist_change[]
);
comment on type oneshot.waitlist_reading is
  'unplaced: entries without an original position. has_gone: waitlist_placements has a row of an entry that is no more. is_odd: there may be a referred_by that cannot count besides those that were given.';

-- Reads and ranks a campaign, in one statement and so as of one moment, and returns what differs from what is stored.
-- Writes nothing.
--
-- rules: places (ranked or raw), target (entries or placements), most (referrals that count), climb and percent
-- (the smallest move that sends a message), top (thresholds in ascending order), down, every (seconds). odd: entries whose
-- referrals cannot count.
create function oneshot.waitlist_read(
  campaign bigint, points bigint, rules jsonb, odd bigint[], is_first boolean, moment timestamptz
) returns oneshot.waitlist_reading
language plpgsql stable
set jit = off set work_mem = '128MB' set plan_cache_mode = force_custom_plan as $$
declare
  is_raw constant boolean := rules ->> 'places' = 'raw';
  is_stored_here constant boolean := rules ->> 'target' = 'placements';
  is_down constant boolean := (rules ->> 'down')::boolean;
  most constant bigint := rules ->> 'most';
  climb constant numeric := rules ->> 'climb';
  share constant numeric := (rules ->> 'percent')::numeric / 100;
  tops constant bigint[] := array(select jsonb_array_elements_text(rules -> 'top')::bigint);
  wait constant interval := make_interval(secs => (rules ->> 'every')::double precision);
  reading oneshot.waitlist_reading;
begin
  with ranked as (
    select e.id::bigint as id, e.original_position::bigint as original, e.position::bigint as position, h.is_here,
      t.referred, t.first_original, c.referrals,
      case
        when not h.is_here then null
        when is_raw then
          case when e.original_position is not null then greatest(1, e.original_position - c.referrals * points) end
        -- Those without an original position are last, and behind them whoever has left.
        else row_number() over (
          order by case when h.is_here then coalesce(e.original_position - c.referrals * points, 9223372036854775807) end,
            e.original_position, e.id)
      end as place
    from waitlist_entries as e
    cross join lateral (select e.status::text is distinct from 'withdrawn' as is_here) as h
    left join (
      select e.referred_by::bigint as id, count(*) as referred, min(e.original_position)::bigint as first_original,
        count(*) filter (where e.verified_at is not null and e.id not in (select oneshot.waitlist_held())) as counted
      from waitlist_entries as e
      where e.campaign_id = campaign and e.referred_by is not null and e.status::text is distinct from 'withdrawn'
        and e.id not in (select unnest(odd))
      group by e.referred_by
    ) as t on t.id = e.id
    cross join lateral (select least(coalesce(t.counted, 0), most)::integer as referrals) as c
    where e.campaign_id = campaign
  ), compared as (
    select r.id, r.original, r.is_here, r.referred, r.first_original, r.referrals, r.place, w.notified_at, w.moved_at,
      case when r.is_here then r.original - r.referrals * points end as priority,
      w.priority as kept_priority, w.referrals as kept_referrals,
      case when is_stored_here then w.position else r.position end as old_place,
      -- What an entry was told counts, not the last run: ten climbs of one place are one climb of ten.
      case when r.is_here then coalesce(
        w.notified_position, case when not is_first and not is_stored_here then r.position end, r.place) end as told
    from ranked as r
    left join oneshot.waitlist_placements as w on w.campaign_id = campaign and w.entry_id = r.id
    -- All others are as they should be.
    where r.referred is not null or w.entry_id is not null or is_stored_here or r.position is distinct from r.place
    offset 0
  ), judged as (
    select *,
      old_place is distinct from place
        or case when moved_at is null then is_here and (referrals > 0 or is_stored_here)
          else not is_here or (kept_priority, kept_referrals) is distinct from (priority, referrals) end as is_different,
      told <> place and (told > place or is_down)
        and (above <> width_bucket(told - 1, tops)
          or abs(told - place) >= least(climb, told * share)) as is_due,
      coalesce(notified_at > moment - wait or notified_at >= moment, false) as is_held_back
    from compared
    -- How many thresholds are ahead of a place.
    cross join lateral (select width_bucket(place - 1, tops) as above) as thresholds
    offset 0
  ), total as (
    select count(*) as entries, count(*) - count(e.original_position) as unplaced,
      count(*) filter (where e.referred_by is not null and e.id not in (select unnest(odd))) as referred,
      bit_xor(hashint8extended(e.original_position, 0)) as originals
    from waitlist_entries as e
    where e.campaign_id = campaign and e.status::text is distinct from 'withdrawn'
  ), found as (
    select count(moved_at) as kept, coalesce(sum(referred), 0) as referred,
      bool_or(referred > 0 and (original is null or first_original <= original)) as is_odd,
      count(*) filter (where is_due and is_held_back) as suppressed,
      min(notified_at + wait) filter (where is_due and is_held_back) as held_until,
      array_agg(
        row(id, is_here, priority, referrals, old_place, place, told, is_due and not is_held_back,
          case when above < width_bucket(told - 1, tops) then tops[above + 1] end, notified_at, moved_at
        )::oneshot.waitlist_change)
      filter (where is_different or is_due and not is_held_back) as changes
    from judged
  )
  select entries, unplaced, kept < (select count(*) from oneshot.waitlist_placements as w where w.campaign_id = campaign),
    coalesce(is_odd, false) or found.referred < total.referred, originals, suppressed, held_until, coalesce(changes, '{}')
  into reading
  from total, found;
  return reading;
end
$$;
