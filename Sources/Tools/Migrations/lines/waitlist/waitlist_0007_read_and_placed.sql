-- waitlist-positions: reads, ranks and places with mere moves apart.

-- Reads and ranks a campaign, in one statement and so as of one moment, and returns what differs from what is stored.
-- Writes nothing.
--
-- rules: places (ranked or raw), target (entries or placements), most (referrals that count), climb and percent
-- (the smallest move that sends a message), top (thresholds in ascending order), down, every (seconds), history. odd:
-- entries whose referrals cannot count.
create or replace function oneshot.waitlist_read(
  campaign bigint, points bigint, rules jsonb, odd bigint[], is_first boolean, moment timestamptz
) returns oneshot.waitlist_reading
language plpgsql stable
set jit = off set work_mem = '128MB' set plan_cache_mode = force_custom_plan as $$
declare
  is_raw constant boolean := rules ->> 'places' = 'raw';
  is_stored_here constant boolean := rules ->> 'target' = 'placements';
  is_down constant boolean := (rules ->> 'down')::boolean;
  is_kept constant boolean := (rules ->> 'history')::boolean or is_stored_here;
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
      coalesce(notified_at > moment - wait or notified_at >= moment, false) as is_held_back,
      not is_kept and moved_at is null and is_here and referrals = 0 and told = place and old_place is distinct from place
        as is_mere_move
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
      filter (where is_mere_move is not true and (is_different or is_due and not is_held_back)) as changes,
      array_agg(id) filter (where is_mere_move) as movers,
      array_agg(old_place) filter (where is_mere_move) as moved_from,
      array_agg(place) filter (where is_mere_move) as moved_to
    from judged
  )
  select entries, unplaced, kept < (select count(*) from oneshot.waitlist_placements as w where w.campaign_id = campaign),
    coalesce(is_odd, false) or found.referred < total.referred, originals, suppressed, held_until, coalesce(changes, '{}'),
    coalesce(movers, '{}'), coalesce(moved_from, '{}'), coalesce(moved_to, '{}')
  into reading
  from total, found;
  return reading;
end
$$;
-- Reads and ranks a campaign, with the entries whose referrals cannot count. Stable, and so all of it is as of the
-- moment of the statement that calls it.
--
-- known: entries that were odd before. digest: only where nothing has to be written.
create or replace function oneshot.waitlist_look(
  campaign bigint, points bigint, rules jsonb, known bigint[], is_first boolean, moment timestamptz,
  out reading oneshot.waitlist_reading, out odd bigint[], out digest bigint
) language plpgsql stable
set jit = off set work_mem = '128MB' as $$
begin
  -- Nearly always there are none, and to see that there are some is quicker than to find them.
  odd := case when known = '{}' then '{}' else oneshot.waitlist_odd(campaign) end;
  reading := oneshot.waitlist_read(campaign, points, rules, odd, is_first, moment);
  if reading.is_odd and known = '{}' then
    odd := oneshot.waitlist_odd(campaign);
    -- Else it was nothing: entries that share an original position, or have none, look odd at first.
    if odd <> '{}' then
      reading := oneshot.waitlist_read(campaign, points, rules, odd, is_first, moment);
    end if;
  end if;
  if (reading.changes, reading.movers) = ('{}', '{}') and not reading.has_gone then
    digest := oneshot.waitlist_digest(campaign);
  end if;
end
$$;

-- Gives every entry of a live campaign its place, and writes an event for each that has to be notified. Null where
-- there is no such campaign.
--
-- rules: those of oneshot.waitlist_read, and points (for each referral, where the campaign's row has none). Without them
-- those that the campaign was placed by last, or else those of the campaign that was placed last. is_plan: write nothing,
-- and count what would be written.
create or replace function oneshot.waitlist_place(
  campaign bigint, rules jsonb default null, moment timestamptz default now(), run_id uuid default null,
  is_plan boolean default false
) returns oneshot.waitlist_outcome
language plpgsql
set jit = off set work_mem = '128MB' as $$
declare
  standing oneshot.waitlist_standings;
  worth bigint;
  here constant text := (
    select relnamespace::regnamespace::text from pg_class where oid = to_regclass('waitlist_entries'));
  look record;
  reading oneshot.waitlist_reading;
  written record;
  notices jsonb;
begin
  if is_plan then
    select * into standing from oneshot.waitlist_standings as s where s.campaign_id = campaign;
  else
    insert into oneshot.waitlist_standings (campaign_id)
    select c.id from waitlist_campaigns as c where c.id = campaign and c.status::text = 'live'
    on conflict do nothing;
    -- Whoever else places this campaign waits here, and then reads what was written.
    select * into standing from oneshot.waitlist_standings as s where s.campaign_id = campaign for no key update;
  end if;
  rules := '{"points": 1, "places": "ranked", "target": "entries", "most": null, "climb": 10, "percent": 5,
      "top": [1, 10, 100], "down": false, "every": 86400, "history": false}'::jsonb
    || coalesce(rules, standing.rules,
      (select s.rules from oneshot.waitlist_standings as s where s.rules is not null order by s.placed_at desc limit 1),
      '{}');
  select coalesce((to_jsonb(c) ->> 'points_per_referral')::bigint, (rules ->> 'points')::bigint) into worth
  from waitlist_campaigns as c where c.id = campaign and c.status::text = 'live';
  if not found then return null; end if;
  if worth not between 0 and 1000000 then
    raise exception 'campaign % has % points for each referral, which is not from 0 to 1000000', campaign, worth
      using errcode = 'invalid_parameter_value', hint = 'Correct waitlist_campaigns.points_per_referral.';
  end if;

  if standing.entries_schema <> here then
    raise exception 'campaign % is one of %.waitlist_entries, and this connection finds %.waitlist_entries',
      campaign, standing.entries_schema, here
      using errcode = 'object_not_in_prerequisite_state', hint = format(
        'A database keeps the places of one waitlist: let one installation place it. If the table was moved, run: '
        'update oneshot.waitlist_standings set entries_schema = null where campaign_id = %s', campaign);
  end if;

  -- A campaign in which nothing has happened is not ranked. Only a run that finds nothing to do keeps a digest: to
  -- calculate it for a campaign that changes all the time would be for nothing.
  if standing.digest is not null and (standing.rules, standing.points) = (rules, worth)
    and moment < coalesce(standing.held_until, 'infinity') and standing.digest = oneshot.waitlist_digest(campaign)
  then
    return row(true, standing.entries, 0, 0, 0, 0, 0, standing.twins, standing.unplaced, 0, standing.odd, null
      )::oneshot.waitlist_outcome;
  end if;

  select * into look
  from oneshot.waitlist_look(
    campaign, worth, rules, coalesce(standing.odd, '{}'), standing.placed_at is null, moment);
  reading := look.reading;

  if standing.originals is distinct from reading.originals or standing.entries <> reading.entries then
    standing.twins := oneshot.waitlist_twins(campaign);
  end if;

  if is_plan then
    select count(*) filter (where from_position is distinct from to_position) as moved,
      count(*) filter (where to_position < from_position) as up, count(*) filter (where to_position > from_position) as down,
      count(*) filter (where is_due) as notified, 0 as refused
    into written
    from (
      select from_position, to_position, is_due from unnest(reading.changes)
      union all
      select moved_from, moved_to, false from unnest(reading.moved_from, reading.moved_to) as mere (moved_from, moved_to)
    ) as planned;
    select jsonb_agg(
      jsonb_build_object('entry_id', entry_id, 'from', told, 'to', to_position) order by to_position, entry_id)
    into notices
    from (select * from unnest(reading.changes) where is_due order by to_position, entry_id limit 20) as first;
  else
    select * into written from oneshot.waitlist_write(campaign, reading, rules, moment, run_id);
    if reading.has_gone then
      delete from oneshot.waitlist_placements as w
      where w.campaign_id = campaign
        and not exists (select from waitlist_entries as e where e.id = w.entry_id and e.campaign_id = campaign);
    end if;
    update oneshot.waitlist_standings as s
    set rules = waitlist_place.rules, points = worth, placed_at = moment, entries = reading.entries,
      unplaced = reading.unplaced, originals = reading.originals, twins = coalesce(standing.twins, 0),
      odd = look.odd, held_until = reading.held_until, digest = look.digest, entries_schema = here
    where s.campaign_id = campaign;
  end if;
  return row(
    false, reading.entries, written.moved, written.up, written.down, written.notified, reading.suppressed,
    coalesce(standing.twins, 0), reading.unplaced, written.refused, look.odd, notices
    )::oneshot.waitlist_outcome;
end
$$;
